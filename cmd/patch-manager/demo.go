package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/devstack/demo"
)

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the main job over a simulated fleet and check how every host ends",
		Args:  cobra.NoArgs,
	}
	dir := cmd.Flags().String("dir", filepath.Join(".dev", "demo"), "scratch folder, emptied first")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), *dir) }
	return cmd
}

func runDemo(ctx context.Context, dir string) error {
	endWithMake()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	err = demo.Run(ctx, demo.Config{Dir: dir, Program: program, Environ: withoutSettings(os.Environ()), Out: os.Stdout, Say: say})
	if ctx.Err() != nil {
		return errors.New("stopped before the end")
	}
	return err
}

// withoutSettings leaves out what names servers and what sets the product: a demonstration has its own. How much is
// logged stays the caller's.
func withoutSettings(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		if strings.HasPrefix(variable, "PATCH_MANAGER_LOG__") {
			return false
		}
		return strings.HasPrefix(variable, "PATCH_MANAGER_") || strings.HasPrefix(variable, "TEMPORAL_")
	})
}
