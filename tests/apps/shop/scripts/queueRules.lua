local rules = {}
function rules.rank(lane) return lane == "x" and 1 or 2 end
return rules
