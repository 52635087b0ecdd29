package patchmanager_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// silences are the ways of the linter's configuration to say less.
var silences = regexp.MustCompile(`^\s+(- \{ path|- G\d+|presets:|disable:|checks: .*-|.*\bexcludes?: \S)`)

func TestNothingSilencesALinterWithoutAReason(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(".golangci.yml")
	require.NoError(t, err)
	found, above := 0, ""
	for line := range strings.Lines(string(text)) {
		if silences.MatchString(line) {
			found++
			require.True(t, strings.Contains(line, " # ") || strings.HasPrefix(strings.TrimSpace(above), "# "),
				"say in a comment why: %s", line)
		}
		above = line
	}
	require.Greater(t, found, 8)
	for _, rule := range []string{"- gosec\n", "- nolintlint\n", "require-explanation: true\n", "require-specific: true\n"} {
		require.Contains(t, string(text), rule, "it holds the //nolint of the code to a reason")
	}
}

// nosec is how gosec is silenced past the linter that asks for a reason.
var nosec = regexp.MustCompile(`#nosec|//gosec:disable|//lint:(file-)?ignore`)

func TestNoCommentSilencesALinterPastTheOneThatAsksForAReason(t *testing.T) {
	t.Parallel()
	for name, source := range goFiles(t) {
		if name != "suppressions_test.go" {
			require.False(t, nosec.MatchString(source), "%s: use //nolint:name // reason", name)
		}
	}
}

func TestCheckRunsEverythingThatIsSaidOfIt(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	check := regexp.MustCompile(`(?m)^check: (.*) ##`).FindStringSubmatch(string(makefile))
	require.NotNil(t, check)
	for _, step := range []string{"fmt-check", "lint", "vulncheck", "generate-check", "openapi-check", "race", "fuzz-short"} {
		require.Contains(t, strings.Fields(check[1]), step)
	}
	ci, err := os.ReadFile(".ci/run")
	require.NoError(t, err)
	require.Contains(t, string(ci), "\nmake check\n")
}
