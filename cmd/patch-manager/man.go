package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan is for whoever builds packages.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages of all commands into a folder", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true
			escapeNames(root)
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // for everybody to read
				return fmt.Errorf("make folder: %w", err)
			}
			header := &doc.GenManHeader{Section: "1", Source: "patch-manager " + version(), Manual: "Patch Manager"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			return nil
		},
	}
}

// escapeNames keeps names of variables in texts from being taken for emphasis.
func escapeNames(cmd *cobra.Command) {
	cmd.Long = strings.ReplaceAll(cmd.Long, "__", `\_\_`)
	for _, child := range cmd.Commands() {
		escapeNames(child)
	}
}
