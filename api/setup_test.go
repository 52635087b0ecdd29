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

// A code is dead from the first administrator on, and stays so where there is none any more: one by single sign-on may
// be let go by the provider.
func TestASetupCodeIsDeadForGoodOnceThereIsAnAdministratorHoweverThatWasMade(t *testing.T) {
	t.Parallel()
	s := newEmptySite(t)
	code := ""
	ways := map[string]func(){
		"setup": func() { s.must(201, "", "POST", "/api/v1/setup", setupOf(code, "ada")) },
		"command line": func() {
			_, err := s.store.CreateUser(t.Context(), fleet.Caller{Principal: fleet.Principal{Admin: true}}, fleet.UserInput{Name: "ada", Admin: true})
			require.NoError(t, err)
		},
		"token on the command line": func() { s.token(fleet.TokenRequest{User: "ada", Admin: true, Name: "command line"}) },
		"single sign-on": func() {
			_, _, err := s.store.SignOn(t.Context(), fleet.Caller{}, fleet.Arrival{
				Identity: fleet.Identity{Issuer: "https://id.example.org", Subject: "1", Name: "ada", Groups: []string{"admins"}},
				Mappings: []fleet.RoleMapping{{Claim: "admins", Role: fleet.RoleAdmin}},
			})
			require.NoError(t, err)
		},
		"change of role": func() {
			id := s.user("ada", false)
			err := s.store.UpdateUser(t.Context(), fleet.Caller{Principal: fleet.Principal{Admin: true}}, id, fleet.UserInput{Name: "ada", Admin: true})
			require.NoError(t, err)
		},
		"enabling": func() {
			id := s.user("ada", false)
			s.exec(`update users set disabled_at = now(), is_admin = true where id = $1`, id)
			require.Equal(t, 2, s.count(`select count(*) from setup_codes`), "who is disabled administers nothing")
			err := s.store.UpdateUser(t.Context(), fleet.Caller{Principal: fleet.Principal{Admin: true}}, id, fleet.UserInput{Name: "ada", Admin: true})
			require.NoError(t, err)
		},
	}
	for way, makeAdministrator := range ways {
		code = s.setupCode()
		other := s.setupCode()
		makeAdministrator()
		require.Equal(t, 1, s.count(`select count(*) from users where is_admin and disabled_at is null`), way)
		require.Zero(t, s.count(`select count(*) from setup_codes`), way)
		_, err := storetest.Owner(t, s.pool).Exec(t.Context(), `truncate users cascade`)
		require.NoError(t, err)
		for _, dead := range []string{code, other} {
			s.refuse(403, "wrong_setup_code", "", "POST", "/api/v1/setup", setupOf(dead, "eve"))
		}
		s.exec(`delete from throttles`)
	}
}

// A process that starts while the first administrator is being made offers no code behind its back.
func TestNoSetupCodeIsOfferedWhileAnAdministratorIsBeingMade(t *testing.T) {
	t.Parallel()
	s := newEmptySite(t)
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }() // where this fails, the pool would wait for it
	_, err = tx.Exec(t.Context(), `insert into users (id, name, is_admin) values (gen_random_uuid(), 'ada', true)`)
	require.NoError(t, err)
	offered := make(chan string, 1)
	go func() {
		code, err := s.store.OfferSetup(context.Background(), fleet.Actor{Name: "test"})
		offered <- fmt.Sprint(code, err)
	}()
	s.waitForLocks(1)
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, "<nil>", <-offered, "no code and no error")
	require.Zero(t, s.count(`select count(*) from setup_codes`))
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
