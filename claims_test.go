package patchmanager_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	testDeclared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	testNamed    = regexp.MustCompile("`(?:([\\w/-]+)\\.)?((?:Test|Fuzz)\\w+)`")
	pageTest     = regexp.MustCompile("`(\\w+\\.spec\\.ts): ([^`]+)`")
	tableRule    = regexp.MustCompile(`^\|( *-+ *\|)+$`)
)

func TestEveryKnownFailureIsHeldByTestsThatExist(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(requireHeld(t, "docs/failures.md")), 40)
}

func TestEveryClaimOfSecurityIsHeldByTestsThatExist(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(requireHeld(t, "docs/security.md")), 80)
	text, err := os.ReadFile("docs/security.md")
	require.NoError(t, err)
	for part := range strings.SplitSeq(string(text), "\n## ") {
		heading, rest, _ := strings.Cut(part, "\n")
		require.True(t, strings.HasPrefix(heading, "# ") || strings.Count(rest, "\n| ") > 2, "%s has no claim", heading)
	}
}

// requireHeld returns the claims of a document, which are the rows of its tables, once each names tests that exist: as
// `TestName`, or with the folder or package that has it, as `api.TestName` or `agent/host.TestName`, and those in a browser by
// their file and title, as `live.spec.ts: a change is on the screen`.
func requireHeld(t *testing.T, document string) (claims []string) {
	t.Helper()
	declared := declaredTests(t)
	for _, claim := range tableRows(t, document) {
		named := testNamed.FindAllStringSubmatch(claim, -1)
		pages := pageTest.FindAllStringSubmatch(claim, -1)
		require.NotEmpty(t, append(pages, named...), "%s: no test holds: %s", document, claim)
		for _, name := range pages {
			require.True(t, hasPageTest(t, name[1], name[2]), "%s is not in the tree, which holds: %s", name[0], claim)
		}
		for _, name := range named {
			require.True(t, isIn(name[1], declared[name[2]]), "%s is not in the tree, which holds: %s", name[0], claim)
		}
		claims = append(claims, claim)
	}
	return claims
}

// hasPageTest tells whether a file of the tests in a browser has one of that title, which may be a template.
func hasPageTest(t *testing.T, file, title string) bool {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("web", "e2e", file))
	require.NoError(t, err)
	return strings.Contains(string(source), "test('"+title+"'") || strings.Contains(string(source), "test(`"+title+"`")
}

// isIn tells whether one of the folders is the named one, or is any where none is named.
func isIn(named string, folders []string) bool {
	for _, folder := range folders {
		if named == "" || strings.HasSuffix("/"+folder, "/"+named) || folder == "." && strings.HasSuffix(module, "/"+named) {
			return true
		}
	}
	return false
}

// tableRows returns the lines of the tables of a document that are neither a heading of columns nor the rule below it.
func tableRows(t *testing.T, document string) (rows []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
		case tableRule.MatchString(line):
			rows = rows[:len(rows)-1]
		default:
			rows = append(rows, line)
		}
	}
	return rows
}

// declaredTests returns the folders that declare each test.
func declaredTests(t *testing.T) map[string][]string {
	t.Helper()
	declared := map[string][]string{}
	for name, source := range goFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, match := range testDeclared.FindAllStringSubmatch(source, -1) {
			declared[match[1]] = append(declared[match[1]], path.Dir(name))
		}
	}
	return declared
}

// goFiles returns the Go code of the tree by the names of its files.
func goFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := os.ReadFile(name)
		files[filepath.ToSlash(name)] = string(source)
		return err
	}))
	return files
}
