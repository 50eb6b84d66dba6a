const tax = { add: (n) => n * 10 }; tax
