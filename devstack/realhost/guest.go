package realhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/patch-manager/patch-manager/devstack"
)

// rebootCode is what systemd-nspawn ends with where the guest asks for a reboot and its caller is to start it again.
const rebootCode = 133

// Guest is a Debian host in a container.
type Guest struct {
	root    string // its file system
	name    string
	console string // file that its console goes to

	mu      sync.Mutex
	process *devstack.Process
	boots   int
	stopped bool
	ended   chan struct{} // closed when it is down for good
	err     error         // why, unless it was stopped; read after ended is closed
}

// Root is the folder of the guest's file system.
func (g *Guest) Root() string { return g.root }

// Boots counts how often the guest was started.
func (g *Guest) Boots() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.boots
}

// Ended is closed when the guest is down for good.
func (g *Guest) Ended() <-chan struct{} { return g.ended }

// Start boots the guest, and boots it again whenever it reboots. It does not wait for the guest's services.
func (g *Guest) Start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.process != nil {
		return errors.New("start the guest: it was started before")
	}
	if err := g.boot(); err != nil {
		return err
	}
	go g.keepUp()
	return nil
}

func (g *Guest) boot() error {
	console, err := os.OpenFile(g.console, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("boot the guest: %w", err)
	}
	defer func() { _ = console.Close() }()
	path, err := exec.LookPath("systemd-nspawn")
	if err != nil {
		return fmt.Errorf("boot the guest: %w", err)
	}
	args := []string{
		"--quiet", "--boot", "--directory=" + g.root, "--machine=" + g.name, "--register=no", "--console=pipe",
		"--resolv-conf=replace-host", "--bind-ro=/etc/hosts", "--timezone=off",
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		// There is no systemd here that could make a scope for the guest.
		args = append(args, "--keep-unit")
	}
	process, err := devstack.Start(devstack.Command{Name: "systemd-nspawn", Path: path, Args: args, Output: console})
	if err != nil {
		return fmt.Errorf("boot the guest: %w", err)
	}
	g.process = process
	g.boots++
	return nil
}

// keepUp starts the guest again after each reboot, until it is stopped or powers itself off.
func (g *Guest) keepUp() {
	defer close(g.ended)
	for {
		code := g.current().ExitCode()
		g.mu.Lock()
		if g.stopped {
			g.mu.Unlock()
			return
		}
		if code != rebootCode {
			g.err = fmt.Errorf("the guest ended with code %d; its console is in %s", code, g.console)
			g.mu.Unlock()
			return
		}
		err := g.boot()
		g.mu.Unlock()
		if err != nil {
			g.err = err
			return
		}
	}
}

func (g *Guest) current() *devstack.Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.process
}

// Stop shuts the guest down and waits for that.
func (g *Guest) Stop() error {
	g.mu.Lock()
	g.stopped = true
	process := g.process
	g.mu.Unlock()
	if process == nil {
		return nil
	}
	err := process.Stop()
	<-g.ended
	return err
}

// Remove drops the file system of a guest that is down; the base that it was copied from stays.
func (g *Guest) Remove() error { return errors.Join(os.RemoveAll(g.root), os.RemoveAll(g.console)) }

// Wait asks done again and again until it answers nil, the guest is down or ctx ends.
func (g *Guest) Wait(ctx context.Context, what string, done func(context.Context) error) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		last := done(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w; last: %w", what, ctx.Err(), last)
		case <-g.ended:
			return fmt.Errorf("wait for %s: the guest is down: %w", what, errors.Join(g.err, last))
		case <-tick.C:
		}
	}
}

// leader is process 1 of the guest, once that is systemd.
func (g *Guest) leader() (int, error) {
	process := g.current()
	if process == nil {
		return 0, errors.New("the guest was not started")
	}
	pid := strconv.Itoa(process.PID())
	children, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	if err != nil {
		return 0, fmt.Errorf("find the guest's process 1: %w", err)
	}
	for child := range strings.FieldsSeq(string(children)) {
		name, err := os.ReadFile(filepath.Join("/proc", child, "comm"))
		if err == nil && strings.TrimSpace(string(name)) == "systemd" {
			return strconv.Atoi(child)
		}
	}
	return 0, errors.New("the guest's systemd does not run yet")
}

// Exec runs a program in the guest and returns its standard output.
func (g *Guest) Exec(ctx context.Context, argv ...string) (string, error) {
	leader, err := g.leader()
	if err != nil {
		return "", err
	}
	args := append([]string{"--target", strconv.Itoa(leader), "--mount", "--uts", "--ipc", "--pid", "--"}, argv...)
	cmd := exec.CommandContext(ctx, "nsenter", args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("run %s in the guest: %w: %s", argv[0], err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
