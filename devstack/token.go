package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// connect makes the client of the API with an admin's token. The token is made at the first start and kept beside the
// data, where only its hash is; a database that does not know it, being another or a new one, gets a new one.
func (s *Stack) connect(ctx context.Context, url string) error {
	kept, err := os.ReadFile(s.path("token"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read admin token: %w", err)
	}
	s.token = strings.TrimSpace(string(kept))
	if s.token != "" {
		s.API = NewClient(url, s.token)
		err := s.API.Do(ctx, http.MethodGet, "/groups?limit=1", nil, nil)
		var p *Problem
		if !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
			return err
		}
	}
	if s.token, err = s.Command(ctx, "token", "create", "--user", devUser, "--role", "admin"); err != nil {
		return err
	}
	s.API = NewClient(url, s.token)
	return writePrivate(s.path("token"), s.token+"\n")
}

// writeEnv writes what other clients and agents need to take part.
func (s *Stack) writeEnv() error {
	var file strings.Builder
	for _, v := range [][2]string{
		{"PATCH_MANAGER_URL", s.API.URL()},
		{"PATCH_MANAGER_TOKEN", s.token},
		{"TEMPORAL_ADDRESS", s.temporalAddress},
		{"DATABASE_URL", s.databaseURL},
	} {
		fmt.Fprintf(&file, "%s=%s\n", v[0], quote(v[1]))
	}
	return writePrivate(s.path("env"), file.String())
}

// quote quotes a value for a shell where that makes a difference; programs that read such files take the rest literally.
func quote(value string) string {
	if !strings.ContainsAny(value, " \t&;|<>()$`\"'\\*~#!{}[]") {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// writePrivate replaces a file that only we may read, never leaving half of it.
func writePrivate(path, content string) error {
	fresh, err := os.CreateTemp(filepath.Dir(path), ".new-") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = fresh.WriteString(content)
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(fresh.Name())))
	}
	return nil
}
