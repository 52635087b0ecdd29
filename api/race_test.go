//go:build race

package api_test

import "flag"

// The race detector makes what is drawn at random ten times as slow; a quarter of the draws show what it is there to show.
func init() {
	_ = flag.Set("rapid.checks", "25")
}
