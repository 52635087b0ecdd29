package store

import "github.com/patch-manager/patch-manager/fleet"

// ByConstraint shows the table of constraints to the tests.
func ByConstraint() map[string]*fleet.Error { return byConstraint }

// Translate shows the translation of the driver's errors to the tests.
func Translate(err error) error { return translate(err) }
