local score = {}

function score.of(trip)
  return 1000 / (1 + (trip.price or 0))
end

function score.mean(numbers)
  local sum = 0
  for _, n in ipairs(numbers) do sum = sum + n end
  return sum / #numbers
end

return score
