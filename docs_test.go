package patchmanager_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
	codeBlock    = regexp.MustCompile("(?ms)^```.*?^```$")
	reasonOf     = regexp.MustCompile(`(?m)^\t(Reason|Wait)\w+\s+Reason = "(\w+)"`)
)

func TestEveryLinkOfTheDocsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	decisions, err := filepath.Glob("docs/decisions/*.md")
	require.NoError(t, err)
	top, err := filepath.Glob("*.md")
	require.NoError(t, err)
	links := 0
	for _, page := range slices.Concat(pages, decisions, top) {
		for _, link := range markdownLink.FindAllStringSubmatch(codeBlock.ReplaceAllString(readFile(t, page), ""), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(link[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s links to %s", page, link[1])
			if anchor != "" {
				require.Contains(t, anchors(readFile(t, target)), anchor, "%s links to %s", page, link[1])
			}
		}
	}
	require.Greater(t, links, 40)
}

// anchors returns the names that forges give to the headings of a page.
func anchors(page string) (names []string) {
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
				return r
			}
			return -1
		}, strings.ToLower(h[1]))
		names = append(names, name)
	}
	return names
}

func TestEveryReasonOfAWaitAndAnEndIsExplained(t *testing.T) {
	t.Parallel()
	waits, ends, _ := strings.Cut(readFile(t, "docs/waiting.md"), "## How a host ends")
	explained := map[string][]string{"Wait": firstCells(waits), "Reason": firstCells(ends)}
	made := map[string][]string{}
	for _, m := range reasonOf.FindAllStringSubmatch(readFile(t, "fleet/job.go"), -1) {
		made[m[1]] = append(made[m[1]], m[2])
	}
	require.Greater(t, len(made["Wait"]), 5)
	require.ElementsMatch(t, made["Wait"], explained["Wait"])
	require.ElementsMatch(t, made["Reason"], explained["Reason"])
}

// firstCells returns what stands in code style in the first cells of a table's rows.
func firstCells(text string) (cells []string) {
	for line := range strings.Lines(text) {
		if cell, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(cell, "`")
			cells = append(cells, name)
		}
	}
	return cells
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
