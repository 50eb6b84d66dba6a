requireScript("first")
