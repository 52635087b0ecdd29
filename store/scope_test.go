package store_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noCaller are the files whose queries serve no caller, so that there is no scope to take.
var noCaller = map[string]string{
	"audit.sql":     "written with each change",
	"enrolment.sql": "machines that are no hosts yet, and administrators, who decide on them",
	"event.sql":     "written with each change",
	"inventory.sql": "the polls",
	"key.sql":       "the processes themselves",
	"prune.sql":     "the housekeeping",
	"result.sql":    "the polls",
	"runs.sql":      "the runs of jobs",
	"sign_on.sql":   "finds out who somebody is who signs in",
	"setup.sql":     "nobody is known yet",
	"sweep.sql":     "the polls",
	"throttle.sql":  "counts how often somebody asks, whoever that is",
	"token.sql":     "finds out who the caller is",
	"wakeup.sql":    "written with each edit",
}

var queryName = regexp.MustCompile(`(?m)^-- name: (\w+) :`)

// The scope of the caller is part of every query that reads for one. What needs none says why in a comment that begins
// with "Unscoped:", so that leaving it out is never an oversight.
func TestEveryQueryThatReadsForACallerTakesTheScope(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("queries/*.sql")
	require.NoError(t, err)
	scoped := 0
	for _, path := range files {
		file := filepath.Base(path)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if _, exempt := noCaller[file]; exempt {
			require.NotContains(t, string(text), "@scope", "%s serves callers: take it out of noCaller", file)
			continue
		}
		names := queryName.FindAllSubmatch(text, -1)
		for i, query := range queryName.Split(string(text), -1)[1:] {
			if !reads(query) {
				continue
			}
			require.NotEqual(t, strings.Contains(query, "@scope"), strings.Contains(query, "-- Unscoped: "),
				"%s in %s reads without the scope of its caller: filter by @every and @scope, or say why not in a comment \"-- Unscoped: ...\"", names[i][1], file)
			scoped++
		}
	}
	require.Greater(t, scoped, 30)
}

// reads reports whether the statement of a query is a select, whatever comments stand before it.
func reads(query string) bool {
	_, statement, _ := strings.Cut(query, "\n")
	for strings.HasPrefix(statement, "--") {
		_, statement, _ = strings.Cut(statement, "\n")
	}
	return strings.HasPrefix(statement, "select") || strings.HasPrefix(statement, "with")
}
