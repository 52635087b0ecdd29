package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

func TestEachCommandHasAManualPage(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1764590000")
	dir := filepath.Join(t.TempDir(), "man1")
	_, err := run(t, "man", dir)
	require.NoError(t, err)
	pages := 0
	var look func(*cobra.Command)
	look = func(c *cobra.Command) {
		if !c.IsAvailableCommand() && c.HasParent() {
			return
		}
		pages++
		page, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"))
		require.NoError(t, err)
		require.Contains(t, string(page), c.Short)
		require.Contains(t, string(page), `"Dec 2025"`, "the time of the build is in no page")
		require.NotContains(t, string(page), `\fBURL`, "names of variables are as they are written")
		for _, child := range c.Commands() {
			look(child)
		}
	}
	look(newRoot())
	require.Greater(t, pages, 15)
}
