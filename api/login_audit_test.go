package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
)

// failures are the entries of what failed for a reason, by what their details say besides it.
func (s *site) failures(t *testing.T, action, reason string) (details []map[string]any) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `select detail from audit_entries where action = $1 and detail->>'reason' = $2 order by seq`, action, reason)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var raw []byte
		require.NoError(t, rows.Scan(&raw))
		var detail map[string]any
		require.NoError(t, json.Unmarshal(raw, &detail))
		details = append(details, detail)
	}
	require.NoError(t, rows.Err())
	return details
}

// Refusals are entries, and a flood of them is one entry until a try passes again: an attacker writes no more of them than
// tries that pass, which are limited.
func TestARefusedSignInIsAnEntryAndAFloodOfThemOneUntilATryPasses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.browser("192.0.2.1")
	for range 10 {
		b.login("ada", "wrong")
	}
	refused := s.failures(t, "login.failed", "too_many_requests")
	require.Len(t, refused, 1)
	require.Equal(t, []any{"address and user", "password"}, []any{refused[0]["limit"], refused[0]["method"]})
	s.exec(`update throttles set taken = taken[2:]`) // the oldest try of each no longer counts
	for range 6 {
		b.login("ada", "wrong")
	}
	require.Len(t, s.failures(t, "login.failed", "too_many_requests"), 2)

	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() { s.browser("192.0.2.2").login(fmt.Sprint("user", i), "wrong") })
	}
	wg.Wait()
	refused = s.failures(t, "login.failed", "too_many_requests")
	require.Len(t, refused, 3, "of 40 at once, too")
	require.Equal(t, "address", refused[2]["limit"])
}

// Now and then somebody types their password as the name. What is no user's name is told apart in the audit by a keyed
// digest, which shows a spray over many names and is no way back to them.
func TestANameThatIsNobodysIsKeptAsAKeyedDigestAndThatOfAUserAsTheUser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, gone := s.user("Ada", false), s.user("gone", false)
	s.exec(`update users set disabled_at = now() where id = $1`, gone)
	const secret = "Mistyped horse battery"
	for i, name := range []string{secret, "mistyped HORSE battery", "nobody", "aDA", "GONE", "a\x01b", strings.Repeat("x", 5000)} {
		a := s.browser(fmt.Sprint("192.0.2.", i)).login(name, "wrong")
		require.Equal(t, 401, a.status, "%s", a.body)
	}
	for range 10 {
		s.browser("192.0.2.99").login(secret, "wrong")
	}
	entries := append(s.failures(t, "login.failed", "wrong_credentials"), s.failures(t, "login.failed", "too_many_requests")...)
	require.Len(t, entries, 7+5+1)
	for i, digest := range []any{entries[0]["unknown_user"], entries[2]["unknown_user"], entries[5]["unknown_user"], entries[6]["unknown_user"]} {
		require.Regexp(t, `^[0-9a-f]{8}$`, digest)
		require.Equal(t, i == 0, digest == entries[1]["unknown_user"], "regardless of case, as names are")
	}
	require.Equal(t, entries[0]["unknown_user"], entries[12]["unknown_user"], "refusals are told apart alike")
	require.Equal(t, []any{"Ada", nil, "gone", nil}, []any{entries[3]["name"], entries[3]["unknown_user"], entries[4]["name"], entries[4]["unknown_user"]})
	for subject, want := range map[string]int{ada: 1, gone: 1, "": 11} {
		require.Equal(t, want, s.count(`select count(*) from audit_entries where action = 'login.failed' and subject_id = $1`, subject))
	}
	kept := s.dump() + s.log.String()
	for _, name := range []string{secret, strings.ToLower(secret), "nobody"} {
		require.NotContains(t, kept, name)
		plain := sha256.Sum256([]byte(name))
		require.NotContains(t, kept, hex.EncodeToString(plain[:4]), "whoever has a copy could try names")
	}
}

func TestTheEntryOfARefusedSignInSaysWhichLimitItWas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	own := s.signedIn("ada")
	for range 6 {
		own.login("ada", "wrong")
	}
	for i := range 25 {
		s.browser(fmt.Sprint("198.51.100.", i)).login("ada", "wrong")
	}
	s.must(302, "", "GET", "/api/v1/auth/oidc/login", nil)
	for range 40 {
		s.call("", "GET", "/api/v1/auth/oidc/login", nil)
	}
	var limits []any
	for _, refused := range s.failures(t, "login.failed", "too_many_requests") {
		limits = append(limits, fmt.Sprint(refused["method"], " by ", refused["limit"]))
	}
	require.Equal(t, []any{"password by browser", "password by user", "oidc by address"}, limits)
}

func TestAWrongCurrentPasswordIsAnEntryAndSoIsTheFirstTryTooMany(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.user("ada", false)
	b := s.signedIn("ada")
	for range 30 {
		b.call("PUT", me+"/password", map[string]any{"current_password": "wrong horse battery", "new_password": "another horse battery"})
	}
	require.Len(t, s.failures(t, "user.password.change.failed", "wrong_password"), 5)
	require.Len(t, s.failures(t, "user.password.change.failed", "too_many_requests"), 1)
	actor, subject, remote, detail := s.requireAudit(t, "user.password.change.failed")
	require.Equal(t, []string{"ada", id, "192.0.2.1"}, []string{actor, subject, remote})
	require.NotContains(t, detail, "horse")
	b.must(200, "GET", me, nil)
}

func TestNobodyIsLetInWhereTheEntryOfARefusalCanNotBeWritten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.browser("192.0.2.1")
	for range 5 {
		b.login("ada", "wrong")
	}
	other, err := fleet.NewAuditKey(make([]byte, fleet.AuditHashSize))
	require.NoError(t, err)
	s.serve(func(c *apiConfig) { c.Store = store.New(s.pool, other) })
	require.Equal(t, 500, b.login("ada", rightPassword).status)
	require.Zero(t, s.count(`select count(*) from throttles where refused > 0`))
	s.serve(func(*apiConfig) {})
	require.Equal(t, 429, b.login("ada", rightPassword).status)
	require.Len(t, s.failures(t, "login.failed", "too_many_requests"), 1, "the refusal waited for its entry")
}
