package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/patch-manager/patch-manager/agent/host"
)

// enroll is `patch-agent enroll`: it gets this host a certificate and has systemd start the agent with it.
func enroll(args []string) error {
	e := host.Enrolment{Root: "/"}
	flags := flag.NewFlagSet("patch-agent enroll", flag.ContinueOnError)
	flags.StringVar(&e.Manager, "manager", "", "URL of the Patch Manager, such as https://patches.example.com")
	flags.StringVar(&e.CA, "ca", "", "certificates that the manager's own is verified with, PEM; those of this machine unless given")
	flags.StringVar(&e.FQDN, "fqdn", "", "name that the certificate is for; this machine's unless given")
	flags.StringVar(&e.Address, "address", "", "where the manager reaches this host; the address that reaches the manager unless given")
	flags.StringVar(&e.Dir, "dir", "/etc/patch-agent", "folder that certificate, key and authority are put into")
	wait := flags.Duration("wait", 24*time.Hour, "for an administrator's decision")
	start := flags.Bool("start", true, "have systemd start the agent, now and at each start of the machine")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if e.FQDN == "" {
		e.FQDN = fullName(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, *wait)
	defer cancel()
	err := e.Enrol(bounded, func() { fmt.Printf("%s asked %s; an administrator has to approve it there\n", e.FQDN, e.Manager) })
	switch {
	case errors.Is(err, context.DeadlineExceeded) && bounded.Err() != nil:
		return fmt.Errorf("nobody decided within %s; run this again", *wait)
	case err != nil:
		return err
	}
	fmt.Println("enrolled: the certificate is in", e.Dir)
	if !*start {
		return nil
	}
	return startAgent(ctx)
}

// fullName is what this machine calls itself.
func fullName(ctx context.Context) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	name, err := exec.CommandContext(ctx, "hostname", "--fqdn").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}

func startAgent(ctx context.Context) error {
	for _, cmd := range []*exec.Cmd{
		exec.CommandContext(ctx, "systemctl", "enable", "patch-agent.service"),
		exec.CommandContext(ctx, "systemctl", "restart", "patch-agent.service"),
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, out)
		}
	}
	return nil
}
