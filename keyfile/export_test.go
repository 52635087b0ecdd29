package keyfile

// AfterStep has do called after each step of writing a file.
func AfterStep(do func()) { afterStep = do }
