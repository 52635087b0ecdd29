package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
)

// lateSealer names a key that is gone for so many times.
type lateSealer struct{ times int }

func (l *lateSealer) Seal(ctx context.Context, plain string, c fleet.Check) (fleet.SealedPassword, error) {
	sealed, err := fakeSealer{}.Seal(ctx, plain, c)
	if l.times > 0 {
		l.times--
		sealed.KeyID = 99
	}
	return sealed, err
}

func TestAPasswordWhoseKeyWasRotatedAwayMeanwhileIsEncryptedAgain(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	sealer := &lateSealer{}
	config := s.config()
	config.Sealer = sealer
	s.handler = api.New(config)

	sealer.times = 1
	created := s.must(201, s.admin, "POST", path, httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": "one"}))
	check := created["id"].(string)
	require.Equal(t, "one", s.password(check))
	sealer.times = 1
	s.must(200, s.admin, "PUT", path+"/"+check, httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": "two"}))
	require.Equal(t, "two", s.password(check))

	sealer.times = 2
	problem := s.must(503, s.admin, "PUT", path+"/"+check, httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": "three"}))
	require.Equal(t, "key_changed", problem["code"])
	require.Equal(t, "two", s.password(check))
}

// panickingSealer panics with a password in its hands.
type panickingSealer struct{ with func(plain string) any }

func (p panickingSealer) Seal(_ context.Context, plain string, _ fleet.Check) (fleet.SealedPassword, error) {
	panic(p.with(plain))
}

func TestAPanicInAHandlerThatHoldsASecretTellsNothingOfIt(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	for name, with := range map[string]func(string) any{
		"by the runtime":  func(plain string) any { return any([]byte(plain)[len(plain)]) },
		"with the secret": func(plain string) any { return plain },
		"with an error":   func(plain string) any { return fmt.Errorf("parse %q", plain) },
	} {
		s.serve(func(c *apiConfig) { c.Sealer = panickingSealer{with} })
		body := httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": "hunter2"})
		a := s.call(s.admin, "POST", path, body)
		require.Equal(t, 500, a.status, name)
		require.NotContains(t, string(a.body), "hunter2", name)
	}
	log := s.log.String()
	require.Equal(t, 3, strings.Count(log, "msg=panic"))
	require.Equal(t, 3, strings.Count(log, "(*server).createCheck"), "the stack says where")
	require.Contains(t, log, "index out of range [7] with length 7")
	require.NotContains(t, log, "hunter2")
}
