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

	"github.com/patch-manager/patch-manager/cli"
)

// The two kinds of commands: of people and scripts anywhere, and on the machines of an installation.
const (
	clientGroup = "client"
	serverGroup = "server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "patch-manager:", err)
		os.Exit(cli.ExitCode(err))
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
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Usage(err) })
	root.AddGroup(&cobra.Group{ID: clientGroup, Title: "To work with a Patch Manager:"}, &cobra.Group{ID: serverGroup, Title: "To run one:"})
	for _, cmd := range cli.Commands() {
		cmd.GroupID = clientGroup
		root.AddCommand(cmd)
	}
	root.AddCommand(newAPI(), newWorker(), newMigrate(), newToken(), newUser(), newKeys(), newAudit(), newOpenAPI(), newDev(), newDemo(), newDemoReal(), newMan(), newProbe())
	for _, cmd := range root.Commands() {
		if cmd.GroupID == "" {
			cmd.GroupID = serverGroup
		}
	}
	return root
}
