
throw new Error("out of paper");
