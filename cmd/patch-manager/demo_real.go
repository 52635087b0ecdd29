package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/devstack/demo"
)

func newDemoReal() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo-real",
		Short: "Patch a real Debian guest behind the gate and check what its dpkg did; needs root",
		Args:  cobra.NoArgs,
	}
	dir := cmd.Flags().String("dir", filepath.Join(".dev", "demo-real"), "scratch folder, emptied first")
	guestDir := cmd.Flags().String("guest-dir", filepath.Join(".dev", "real"), "folder of the guest and of the base it is copied from")
	agent := cmd.Flags().String("agent", filepath.Join(".dev", "real", "patch-agent"), "the patch-agent to install in the guest, built without cgo")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return runDemoReal(cmd.Context(), *dir, *guestDir, *agent)
	}
	return cmd
}

func runDemoReal(ctx context.Context, dir, guestDir, agent string) error {
	endWithMake()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	err = demo.RunReal(ctx, demo.RealConfig{
		Config:   demo.Config{Dir: dir, Program: program, Environ: withoutSettings(os.Environ()), Out: os.Stdout, Say: say},
		GuestDir: guestDir, AgentProgram: agent,
	})
	if ctx.Err() != nil {
		return errors.New("stopped before the end")
	}
	return err
}
