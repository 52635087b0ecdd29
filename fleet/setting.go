package fleet

// Setting is one setting as people may see it: nothing in it is secret.
type Setting struct {
	Key string
	// Value is what counts, as text; of a secret it says whether it is set, and of a database where it is.
	Value, Default string
	Source         SettingSource
	Help           string
}

// SettingSource is where the value of a setting comes from.
type SettingSource string

// The sources of settings, weakest first.
const (
	FromDefault     SettingSource = "default"
	FromFile        SettingSource = "file"
	FromEnvironment SettingSource = "environment"
	FromFlag        SettingSource = "flag"
)
