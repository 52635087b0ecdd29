package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAFullRunFailsForWhatWasLateNotRunNotJudgedOrViolated(t *testing.T) {
	t.Parallel()
	late := map[string]recovery{"the API": {Longest: 11 * time.Second, Limit: 10 * time.Second}}
	inTime := map[string]recovery{"the API": {Longest: 10 * time.Second, Limit: 10 * time.Second}}
	for name, tt := range map[string]struct {
		of          outcome
		full, quick bool // fails
	}{
		"in time":    {outcome{Recoveries: inTime}, false, false},
		"late":       {outcome{Recoveries: late}, true, false},
		"not run":    {outcome{NotRun: "no root"}, true, true},
		"not judged": {outcome{Problem: "no answer"}, true, true},
		"violated":   {outcome{Violations: []string{"(a)"}}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for quick, fails := range map[bool]bool{false: tt.full, true: tt.quick} {
				h := harness{dir: t.TempDir(), quick: quick}
				require.Equal(t, fails, h.report([]outcome{{}, tt.of}) != nil)
			}
		})
	}
}
