// Package settings reads what an operator decides: defaults, then a YAML file, then the environment, then flags. Every
// setting is one entry of one table (keys.go), which the defaults, the flags, the checks and the documentation come
// from. A name that is not in the table refuses to start, because a misspelt limit would otherwise just not hold.
package settings
