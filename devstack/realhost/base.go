package realhost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	suite = "bookworm"
	// included is what the guest has beside the essential packages.
	included = "systemd,systemd-sysv,dbus,nginx,ca-certificates"
	// baseVersion changes with what prepare makes of the same packages, so that no older base is used.
	baseVersion = "1"
	keyring     = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

// Needs says why this machine can not run a guest; nil when it can.
func Needs() error {
	if os.Geteuid() != 0 {
		return errors.New("a real guest needs root: debootstrap and systemd-nspawn make file systems and namespaces")
	}
	for _, tool := range []string{"debootstrap", "systemd-nspawn", "nsenter", "apt-config"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("a real guest needs %s, of Debian or Ubuntu: %w", tool, err)
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return fmt.Errorf("a real guest needs the package debian-archive-keyring: %w", err)
	}
	return nil
}

// base returns the folder of the root that all guests start from, and makes it when there is none yet. It takes about
// 40 s and is kept.
func base(ctx context.Context, dir string, apt aptSetup, say func(string, ...any)) (string, error) {
	sum := sha256.Sum256([]byte(strings.Join([]string{baseVersion, suite, included, apt.mirror}, "\n")))
	root := filepath.Join(dir, "base-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the base: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", fmt.Errorf("make the base: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(root); err == nil {
		return root, nil // another process has made it meanwhile
	}
	say("debootstrap: Debian %s, about 40 s, once", suite)
	fresh := root + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", fmt.Errorf("make the base: %w", err)
	}
	if err := debootstrap(ctx, fresh, filepath.Join(dir, "debootstrap.log"), apt); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, root); err != nil {
		return "", fmt.Errorf("make the base: %w", err)
	}
	return root, nil
}

func debootstrap(ctx context.Context, root, logFile string, apt aptSetup) error {
	log, err := os.Create(logFile)
	if err != nil {
		return fmt.Errorf("make the base: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, "debootstrap", "--variant=minbase", "--keyring="+keyring, "--include="+included, suite, root, apt.mirror)
	cmd.Env = append(os.Environ(), apt.environment()...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("make the base: debootstrap: %w; see %s", err, logFile)
	}
	return nil
}

// lock takes an exclusive lock that ends with this process.
func lock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
