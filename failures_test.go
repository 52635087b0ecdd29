package patchmanager_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	testDeclared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	testNamed    = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
)

func TestEveryKnownFailureIsHeldByTestsThatExist(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("docs/failures.md")
	require.NoError(t, err)
	declared, failures := declaredTests(t), 0
	for line := range strings.Lines(string(document)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| failure ") || strings.HasPrefix(line, "| ---") {
			continue
		}
		failures++
		named := testNamed.FindAllStringSubmatch(line, -1)
		require.NotEmpty(t, named, "no test holds: %s", line)
		for _, name := range named {
			require.True(t, declared[name[1]], "%s is not in the tree, which holds: %s", name[1], line)
		}
	}
	require.Greater(t, failures, 40)
}

func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	declared := map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(name)
		for _, match := range testDeclared.FindAllStringSubmatch(string(source), -1) {
			declared[match[1]] = true
		}
		return err
	}))
	return declared
}
