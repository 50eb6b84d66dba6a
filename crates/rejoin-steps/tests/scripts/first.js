requireScript("second")
