return { add = function(n) return n * 10 end }
