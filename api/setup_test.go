package api_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// newEmptySite is a site without anybody.
func newEmptySite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	_, err := storetest.Owner(t, s.pool).Exec(t.Context(), `truncate users cascade`)
	require.NoError(t, err)
	return s
}

func (s *site) setupCode() string {
	s.t.Helper()
	code, err := s.store.OfferSetup(context.Background(), fleet.Actor{Name: "test"})
	require.NoError(s.t, err)
	return code
}

func setupOf(code, user string) map[string]any {
	return map[string]any{"code": code, "user": user, "password": rightPassword}
}

func TestTheFirstAdministratorIsMadeByAOneTimeCode(t *testing.T) {
	t.Parallel()
	s := newEmptySite(t)
	code, other := s.setupCode(), s.setupCode()
	require.Len(t, code, 43, "256 bits in base64url")
	require.NotEqual(t, code, other, "each process has its own")
	require.Zero(t, s.count(`select count(*) from setup_codes c where c::text like '%' || $1 || '%'`, code))
	s.refuse(403, "wrong_setup_code", "", "POST", "/api/v1/setup", setupOf("x", "ada"))
	s.refuse(422, "invalid_field", "", "POST", "/api/v1/setup", map[string]any{"code": code, "user": "ada", "password": "short"})
	made := s.must(201, "", "POST", "/api/v1/setup", setupOf(code, "ada"))
	require.Equal(t, []any{"ada", true}, []any{made["name"], made["admin"]})
	_, _, _, detail := s.requireAudit(t, "setup")
	require.NotContains(t, detail, code)
	s.refuse(403, "wrong_setup_code", "", "POST", "/api/v1/setup", setupOf(other, "eve"))
	require.Empty(t, s.setupCode(), "no code is made while there is an administrator")
	s.signedIn("ada")
}

func TestASetupCodeExpiresAndEndsWithTheFirstAdministratorHoweverThatIsMade(t *testing.T) {
	t.Parallel()
	s := newEmptySite(t)
	code := s.setupCode()
	require.Equal(t, 1, s.count(`select count(*) from setup_codes where expires_at between now() + interval '23 h 59 min' and now() + interval '24 h'`))
	s.exec(`update setup_codes set expires_at = now() - interval '1 s'`)
	s.refuse(403, "wrong_setup_code", "", "POST", "/api/v1/setup", setupOf(code, "ada"))
	code = s.setupCode()
	s.token(fleet.TokenRequest{User: "root", Admin: true, Name: "command line"})
	s.refuse(403, "wrong_setup_code", "", "POST", "/api/v1/setup", setupOf(code, "ada"))
}

func TestOfParallelSetupsOneMakesTheAdministrator(t *testing.T) {
	t.Parallel()
	s := newEmptySite(t)
	var wg sync.WaitGroup
	var made, refused atomic.Int32
	var codes []string
	for range 20 {
		codes = append(codes, s.setupCode())
	}
	for i, code := range codes {
		wg.Go(func() {
			b := s.browser(fmt.Sprint("192.0.2.", i))
			switch b.call("POST", "/api/v1/setup", setupOf(code, fmt.Sprint("user", i))).status {
			case 201:
				made.Add(1)
			case 403:
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, made.Load())
	require.EqualValues(t, 19, refused.Load())
	require.Equal(t, 1, s.count(`select count(*) from users`))
}

func TestTriesOfSetupCodesAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	s := newEmptySite(t)
	for range 20 {
		s.refuse(403, "wrong_setup_code", "", "POST", "/api/v1/setup", setupOf("x", "ada"))
	}
	s.refuse(429, "too_many_requests", "", "POST", "/api/v1/setup", setupOf(s.setupCode(), "ada"))
}
