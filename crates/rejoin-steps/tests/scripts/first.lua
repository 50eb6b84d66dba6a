return requireScript("second")
