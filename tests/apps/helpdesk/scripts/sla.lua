-- How long a ticket may wait.
local hours = { 4, 8, 24, 72 }

return {
  hours = function(priority) return hours[priority] or 72 end,
  age = function(created) if created == nil then return nil end return string.sub(created, 1, 10) end,
}
