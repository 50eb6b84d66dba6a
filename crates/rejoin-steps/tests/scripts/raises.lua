
error("out of paper")
