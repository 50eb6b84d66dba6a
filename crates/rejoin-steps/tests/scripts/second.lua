return requireScript("first")
