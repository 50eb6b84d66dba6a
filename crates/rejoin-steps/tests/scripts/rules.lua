-- What the lanes of a queue are worth.
local ranks = { x = 1, y = 2 }
local rules = { seen = 0 }

function rules.rank(lane)
  rules.seen = rules.seen + 1
  return tax.add(ranks[lane] or 9)
end

return rules
