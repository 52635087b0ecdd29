package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/cli"
)

func TestTheDocsHaveEachCommandOfTheClient(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)
	var rows []string
	var add func(*cobra.Command)
	add = func(c *cobra.Command) {
		if c.Runnable() {
			rows = append(rows, "| `"+c.CommandPath()+"` | "+c.Short+" |")
		}
		for _, child := range c.Commands() {
			add(child)
		}
	}
	root := newRoot()
	tail, _, err := root.Find([]string{"audit", "tail"})
	require.NoError(t, err)
	for _, c := range append(root.Commands(), tail) {
		if c.GroupID == clientGroup || c == tail {
			add(c)
		}
	}
	slices.Sort(rows)
	require.Len(t, rows, 18)
	require.Contains(t, string(text), "| --- | --- |\n"+strings.Join(rows, "\n")+"\n\n")
}

// TestEveryCommandInTheDocsIsOneThatExists parses each command line of the pages for operators.
func TestEveryCommandInTheDocsIsOneThatExists(t *testing.T) {
	t.Parallel()
	pages, err := os.ReadDir("../../docs")
	require.NoError(t, err)
	found := 0
	for _, page := range pages {
		if page.IsDir() || !strings.HasSuffix(page.Name(), ".md") {
			continue
		}
		text, err := os.ReadFile("../../docs/" + page.Name())
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			command, ok := strings.CutPrefix(line, "    patch-manager ")
			if !ok {
				continue
			}
			found++
			command, _, _ = strings.Cut(command, "     #")
			args := words(command)
			cmd, rest, err := newRoot().Find(args)
			require.NoError(t, err, "%s: %s", page.Name(), line)
			require.NoError(t, cmd.ParseFlags(rest), "%s: %s", page.Name(), line)
			if cmd.Args != nil {
				require.NoError(t, cmd.Args(cmd, cmd.Flags().Args()), "%s: %s", page.Name(), line)
			}
			require.True(t, cmd.Runnable(), "%s: %s", page.Name(), line)
		}
	}
	require.Greater(t, found, 8)
}

// words splits a command line as a shell does, for what the docs have: words, and words in single quotes.
func words(line string) (all []string) {
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			all = append(all, part)
			continue
		}
		all = append(all, strings.Fields(part)...)
	}
	return all
}

func TestExitCodesAreThoseOfTheDocs(t *testing.T) {
	t.Parallel()
	require.Zero(t, cli.ExitCode(nil))
	require.Equal(t, 1, cli.ExitCode(os.ErrClosed))
	require.Equal(t, 2, cli.ExitCode(cli.Usage(os.ErrInvalid)))
}
