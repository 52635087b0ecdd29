package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // Temporal's calendars, also on a machine without the zone files

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
)

// version is set by the linker.
var version = "0.0.0-dev"

// options are what the command line says.
type options struct {
	config    string
	ui        string
	retention time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "patch-manager-temporal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	if command == "version" {
		fmt.Println(version, "with Temporal", headers.ServerVersion)
		return nil
	}
	var o options
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.StringVar(&o.config, "config", "/etc/patch-manager-temporal/server.yaml", "file of the server's configuration")
	flags.StringVar(&o.ui, "ui", "127.0.0.1:8233", "host:port of the web UI; none where empty")
	flags.DurationVar(&o.retention, "retention", 7*24*time.Hour, "of finished runs, where the namespace is made")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	case command == "schema":
		return migrate(ctx, o)
	case command == "server":
		return serve(ctx, o)
	}
	return fmt.Errorf("unknown command %q: it is schema, server or version", command)
}

// load reads the file by Temporal's own rules, which are about a folder and a name.
func load(file string) (*config.Config, error) {
	name, ok := strings.CutSuffix(filepath.Base(file), ".yaml")
	if !ok {
		return nil, fmt.Errorf("read %s: its name must end in .yaml", file)
	}
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	c, err := config.LoadConfig(name, filepath.Dir(file), "")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return c, nil
}
