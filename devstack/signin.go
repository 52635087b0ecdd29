package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
)

// devUser is whom the admin token is for, and whom people sign in as.
const devUser = "dev"

// makeAdministrator makes devUser at the first start, before the API would offer a code to make somebody else with. The
// password is kept beside the data.
func (s *Stack) makeAdministrator(ctx context.Context) error {
	kept, err := os.ReadFile(s.path("password"))
	if err == nil {
		s.password = strings.TrimSpace(string(kept))
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read password: %w", err)
	}
	s.password = rand.Text()
	_, err = s.runWith(ctx, s.password+"\n", "user", "create", "--name", devUser, "--admin")
	if err != nil && !strings.Contains(err.Error(), "another user has this name") {
		return err
	}
	return writePrivate(s.path("password"), s.password+"\n")
}

// ensurePassword sees to it that the kept password signs people in. A database that does not know it, being another or a
// new one, is told.
func (s *Stack) ensurePassword(ctx context.Context) error {
	login := map[string]string{"user": devUser, "password": s.password}
	err := NewClient(s.API.URL(), "").Do(ctx, http.MethodPost, "/login", login, nil)
	var p *Problem
	if !errors.As(err, &p) {
		return err
	}
	switch p.Status {
	case http.StatusTooManyRequests: // people signed in often just now, which they do with the kept password
		return nil
	case http.StatusUnauthorized:
	default:
		return err
	}
	_, err = s.runWith(ctx, s.password+"\n", "user", "password", "--name", devUser)
	return err
}
