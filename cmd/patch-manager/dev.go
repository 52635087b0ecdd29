package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/settings"
)

// How many hosts the simulated fleet has.
const demoHosts = 12

func newDev() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine with a simulated fleet, until Ctrl-C",
		Long: `Runs Postgres, Temporal, the API, a worker and a simulated fleet, and stops them all on Ctrl-C or SIGTERM.

State, keys and logs are in .dev/. PATCH_MANAGER_DATABASE__URL and TEMPORAL_ADDRESS name servers to use instead of own
ones; every other setting of the product in the environment reaches it. Ports: PATCH_MANAGER_API__LISTEN,
PATCH_MANAGER_DEV_POSTGRES_PORT, _TEMPORAL_PORT, _TEMPORAL_UI_PORT, _AGENT_PORT, _WEB_PORT and _CONTROL_PORT.`,
		Args: cobra.NoArgs,
	}
	dir := cmd.Flags().String("dir", ".dev", "folder of the state")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runDev(cmd.Context(), *dir) }
	return cmd
}

func runDev(ctx context.Context, dir string) error {
	endWithMake()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	if err := checkEnvironment(os.Environ()); err != nil {
		return err
	}
	ports, err := devstack.PortsFrom(os.Environ())
	if err != nil {
		return err
	}
	stack, err := devstack.StartStack(ctx, devstack.StackConfig{
		Dir: dir, Program: program, Environ: os.Environ(), Ports: ports, Say: say,
		Hosts: devstack.DevHosts(demoHosts), Register: devstack.Seed,
		// Patches and health are what people look at first; half an hour and five minutes are for fleets.
		Settings: map[string]string{"agent.inventory_interval": "1m", "health.poll_interval": "1m"},
	})
	if err != nil {
		return stopped(ctx, err)
	}
	err = stack.TestNewChecks(ctx)
	if err == nil {
		stack.PrintGuide(os.Stdout)
		select {
		case <-ctx.Done():
		case err = <-stack.Failed():
		}
	}
	say("stopping")
	return errors.Join(stopped(ctx, err), stack.Stop())
}

// checkEnvironment refuses settings that the product would refuse, before anything is started.
func checkEnvironment(environ []string) error {
	// Weaker than what is given: the database that the product gets is not known yet.
	unknown := []string{"PATCH_MANAGER_DATABASE__URL=postgres://unknown"}
	_, err := settings.Load(settings.Source{Environ: append(unknown, environ...)})
	return err
}

// stopped drops the error of whatever was cut short because we were told to stop.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "▸ "+format+"\n", args...) }

// endWithMake has the kernel tell us when the make that started us dies, which it does not itself when it is killed.
func endWithMake() {
	if os.Getenv("MAKELEVEL") != "" {
		// Without it we would only live on, as we do without make.
		_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0, 0, 0)
	}
}
