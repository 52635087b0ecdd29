// Command patch-manager is the server of Patch Manager: the API, the worker, and what an operator needs beside them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // windows are computed in any zone, also on a machine without the zone files

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "patch-manager:", err)
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "patch-manager",
		Short:         "Patches fleets of Linux hosts inside their maintenance windows, while all their health checks are healthy",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newAPI(), newWorker(), newMigrate(), newToken(), newUser(), newKeys(), newAudit(), newOpenAPI(), newDev(), newDemo(), newDemoReal())
	return root
}
