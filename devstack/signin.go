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

// ensurePassword sees to it that people can sign in with the password that is kept beside the data. A database that does
// not know it, being another or a new one, is told.
func (s *Stack) ensurePassword(ctx context.Context) error {
	kept, err := os.ReadFile(s.path("password"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read password: %w", err)
	}
	s.password = strings.TrimSpace(string(kept))
	if s.password == "" {
		s.password = rand.Text()
		if err := writePrivate(s.path("password"), s.password+"\n"); err != nil {
			return err
		}
	}
	login := map[string]string{"user": devUser, "password": s.password}
	err = NewClient(s.API.URL(), "").Do(ctx, http.MethodPost, "/login", login, nil)
	var p *Problem
	if !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		return err
	}
	_, err = s.runWith(ctx, s.password+"\n", "user", "password", "--name", devUser)
	return err
}
