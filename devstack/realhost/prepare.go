package realhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/patch-manager/patch-manager/packaging"
)

// Config says what guest to make.
type Config struct {
	Dir  string // for the cached base, and for the guest's file system while it runs
	FQDN string
	// AgentListen and WebListen are the addresses, on loopback, of the guest's agent and of its nginx.
	AgentListen, WebListen string
	// AgentProgram is the patch-agent to install, statically linked or for this system.
	AgentProgram string
	// CA is the certificate that the agent takes clients of; ServerCert and ServerKey are its own. Paths of PEM files.
	CA, ServerCert, ServerKey string
	Say                       func(format string, args ...any)
}

// Page is what the guest's nginx serves at /.
const Page = "served by the real host"

// Prepare makes a guest that was never started: a fresh copy of the base with nginx and the agent set up in it.
func Prepare(ctx context.Context, c Config) (*Guest, error) {
	if err := Needs(); err != nil {
		return nil, err
	}
	apt, err := readAptSetup(ctx)
	if err != nil {
		return nil, fmt.Errorf("read this machine's apt setup: %w", err)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	from, err := base(ctx, dir, apt, c.Say)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(c.FQDN, ".")
	g := &Guest{
		root: filepath.Join(dir, "guest-"+name), name: name, console: filepath.Join(dir, "guest-"+name+".console"),
		ended: make(chan struct{}),
	}
	if err := g.copyBase(ctx, from); err != nil {
		return nil, err
	}
	if err := errors.Join(g.configure(c), apt.write(g.root)); err != nil {
		return nil, fmt.Errorf("set up the guest: %w", err)
	}
	return g, nil
}

func (g *Guest) copyBase(ctx context.Context, from string) error {
	if err := errors.Join(os.RemoveAll(g.root), os.RemoveAll(g.console)); err != nil {
		return fmt.Errorf("remove the last guest: %w", err)
	}
	out, err := exec.CommandContext(ctx, "cp", "--archive", "--reflink=auto", "--", from, g.root).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy the base: %w: %s", err, out)
	}
	// The lists that debootstrap left know only the base suite, and would pass for fresh ones.
	lists := filepath.Join(g.root, "var/lib/apt/lists")
	return errors.Join(os.RemoveAll(lists), os.Mkdir(lists, 0o755))
}

// configure writes the guest's own configuration. The changed nginx site is also there to be kept: its package brings a
// new version of that file when it is upgraded.
func (g *Guest) configure(c Config) error {
	dropIn := "[Service]\nExecStart=\nExecStart=/usr/bin/patch-agent --listen=" + c.AgentListen +
		" --cert=/etc/patch-agent/server.pem --key=/etc/patch-agent/server-key.pem --ca=/etc/patch-agent/ca.pem --state-dir=/var/lib/patch-agent\n"
	site := "server {\n\tlisten " + c.WebListen + " default_server;\n\troot /var/www/html;\n\tindex index.html;\n}\n"
	files := []struct{ path, content string }{
		{"etc/hostname", g.name + "\n"},
		{"etc/machine-id", ""}, // made anew at the first boot
		{"etc/nginx/sites-available/default", site},
		{"var/www/html/index.html", Page + "\n"},
		{"etc/systemd/system/patch-agent.service", packaging.AgentUnit},
		{"etc/systemd/system/patch-agent.service.d/listen.conf", dropIn},
		{"var/log/dpkg.log", ""}, // of debootstrap
		// The guest is thrown away: on a busy disk most of an upgrade's time would go into syncing each file.
		{"etc/dpkg/dpkg.cfg.d/guest", "force-unsafe-io\n"},
	}
	for _, f := range files {
		if err := g.write(f.path, f.content); err != nil {
			return err
		}
	}
	// Nothing but our agent fetches or installs packages.
	for _, timer := range []string{"apt-daily.timer", "apt-daily-upgrade.timer"} {
		if err := os.Symlink("/dev/null", filepath.Join(g.root, "etc/systemd/system", timer)); err != nil {
			return err
		}
	}
	wants := filepath.Join(g.root, "etc/systemd/system/multi-user.target.wants/patch-agent.service")
	return errors.Join(
		os.Symlink("/etc/systemd/system/patch-agent.service", wants),
		install(c.AgentProgram, filepath.Join(g.root, "usr/bin/patch-agent"), 0o755),
		os.MkdirAll(filepath.Join(g.root, "etc/patch-agent"), 0o700),
		install(c.CA, filepath.Join(g.root, "etc/patch-agent/ca.pem"), 0o644),
		install(c.ServerCert, filepath.Join(g.root, "etc/patch-agent/server.pem"), 0o644),
		install(c.ServerKey, filepath.Join(g.root, "etc/patch-agent/server-key.pem"), 0o600),
	)
}

func (g *Guest) write(path, content string) error {
	path = filepath.Join(g.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

func install(from, to string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
