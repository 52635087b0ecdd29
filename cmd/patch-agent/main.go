// Command patch-agent is the agent on a patched host, and `patch-agent enroll` gets it its certificate. See package agent/host.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/patch-manager/patch-manager/agent/host"
)

// version is set by the linker.
var version = "0.0.0-dev"

type options struct{ listen, cert, key, ca, stateDir, runJob string }

func main() {
	if err := run(); err != nil {
		slog.Error("patch-agent ended", "error", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) > 1 && os.Args[1] == "enroll" {
		return enroll(os.Args[2:])
	}
	var o options
	flag.StringVar(&o.listen, "listen", ":12443", "address to serve on")
	flag.StringVar(&o.cert, "cert", "/etc/patch-agent/server.pem", "certificate of this host, PEM")
	flag.StringVar(&o.key, "key", "/etc/patch-agent/server-key.pem", "its private key, PEM")
	flag.StringVar(&o.ca, "ca", "/etc/patch-agent/ca.pem", "CA of the clients, PEM")
	flag.StringVar(&o.stateDir, "state-dir", "/var/lib/patch-agent", "folder for jobs")
	flag.StringVar(&o.runJob, "run-job", "", "carry out the job with this id and exit; for the agent's own use")
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unknown argument %q", flag.Arg(0))
	case *showVersion:
		fmt.Println(version)
		return nil
	case o.runJob != "":
		// No signal ends a job: the unit it runs in is told to stop when the host goes down, and then waits.
		return host.Run(context.Background(), host.RunConfig(o.stateDir), o.runJob)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serve(ctx, o)
}

func serve(ctx context.Context, o options) error {
	if os.Geteuid() != 0 {
		return errors.New("patch-agent must run as root: it installs packages")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	agent, err := host.New(ctx, host.Config{
		StateDir: o.stateDir, Version: version, Log: slog.Default(),
		Self: []string{self, "--state-dir", o.stateDir, "--run-job"},
	})
	if err != nil {
		return err
	}
	server, err := agent.Server(o.cert, o.key, o.ca)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	go agent.KeepFresh(ctx)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- shutdown(server)
	}()
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // nothing to tell where systemd did not start us
	slog.Info("patch-agent serves", "listen", listener.Addr().String(), "version", version)
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
