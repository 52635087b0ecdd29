package devstack

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// ensureData makes the server's data unless it is there, and reads the password.
func (s *postgresServer) ensureData(ctx context.Context) error {
	made, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	if err != nil {
		return s.makeData(ctx)
	}
	if err := s.checkVersion(ctx, strings.TrimSpace(string(made))); err != nil {
		return err
	}
	password, err := os.ReadFile(s.passwordPath())
	if err != nil {
		return fmt.Errorf("read password of postgres: %w", err)
	}
	s.password = string(password)
	return nil
}

func (s *postgresServer) passwordPath() string { return filepath.Join(s.dir, "password") }

// checkVersion refuses data of another major version, which the server itself would only say in its log.
func (s *postgresServer) checkVersion(ctx context.Context, made string) error {
	out, err := exec.CommandContext(ctx, filepath.Join(s.bin, "postgres"), "--version").Output()
	if err != nil {
		return fmt.Errorf("read version of postgres: %w", err)
	}
	fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.14 (Debian ...)
	if len(fields) >= 3 && strings.HasPrefix(fields[2]+".", made+".") {
		return nil
	}
	return fmt.Errorf("the data in %s was made by PostgreSQL %s and this is %s: remove the folder to start afresh",
		s.config.Dir, made, strings.TrimSpace(string(out)))
}

// makeData makes a cluster aside and renames it into place, so that one half made is never taken for a whole one.
func (s *postgresServer) makeData(ctx context.Context) error {
	s.password = rand.Text()
	if err := s.writeOwned(s.passwordPath(), s.password); err != nil {
		return err
	}
	fresh := s.data() + ".new"
	for _, dir := range []string{fresh, s.data()} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("make postgres data: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "-D", fresh, "--username="+postgresUser,
		"--pwfile="+s.passwordPath(), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir, cmd.Env = s.dir, s.env()
	if s.account != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account.credential()}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make postgres data: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(fresh, s.data()); err != nil {
		return fmt.Errorf("make postgres data: %w", err)
	}
	return nil
}

// writeOwned writes a file that only the server's account may read.
func (s *postgresServer) writeOwned(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return fmt.Errorf("make postgres data: %w", err)
	}
	if s.account == nil {
		return nil
	}
	if err := os.Chown(path, int(s.account.UID), int(s.account.GID)); err != nil {
		return fmt.Errorf("make postgres data: %w", err)
	}
	return nil
}

// tail is the end of a log, for the error of a server that did not start.
func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	const enough = 2000
	return strings.TrimSpace(string(content[max(0, len(content)-enough):]))
}
