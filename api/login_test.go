package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
)

const me = "/api/v1/me"

func TestSigningInGivesASessionThatIsStoredAsItsHashAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.user("Ada", true)
	b := s.browser("192.0.2.7")
	got := b.login("aDA", rightPassword)
	require.Equal(t, 200, got.status, "%s", got.body)
	require.Equal(t, []any{id, "Ada", true}, []any{got.json(t)["id"], got.json(t)["name"], got.json(t)["admin"]})
	token := b.cookies[sessionCookie]
	require.Len(t, token, 43, "256 bits in base64url")
	require.NotContains(t, string(got.body), token)
	require.Equal(t, 1, s.count(`select count(*) from sessions where token_hash = sha256($1::bytea)`, []byte(token)))
	for _, table := range []string{"sessions", "login_devices", "audit_entries"} {
		require.Zero(t, s.count(`select count(*) from `+table+` t where t::text like '%' || $1 || '%'`, token), table)
	}
	actor, subject, remote, detail := s.requireAudit(t, "login")
	require.Equal(t, []string{"Ada", id, "192.0.2.7"}, []string{actor, subject, remote})
	require.NotContains(t, detail, rightPassword)
	require.Equal(t, "session", b.must(200, "GET", me, nil)["signed_in"].(map[string]any)["kind"])
	require.Equal(t, 1, s.count(`select count(*) from users where last_login_at is not null`))
}

func TestCookiesAreForNoScriptNoOtherSiteAndOverHTTPSForNoOtherHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	for _, secure := range []bool{false, true} {
		s.serve(func(c *apiConfig) { c.Secure = secure })
		a := s.browser("192.0.2.1").login("ada", rightPassword)
		cookies := (&http.Response{Header: a.header}).Cookies()
		require.Len(t, cookies, 2)
		for _, c := range cookies {
			require.True(t, c.HttpOnly)
			require.Equal(t, http.SameSiteStrictMode, c.SameSite)
			require.Equal(t, []string{"/", ""}, []string{c.Path, c.Domain})
			require.Equal(t, secure, c.Secure)
			require.Equal(t, secure, strings.HasPrefix(c.Name, "__Host-"), c.Name)
		}
		require.Zero(t, cookies[0].MaxAge, "the browser forgets a session when it closes")
	}
}

// What fails to sign in fails alike: nothing tells who has an account, and every try costs one hashing.
func TestAFailedSignInTellsNothingOfTheAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", true)
	s.user("disabled", false)
	s.exec(`update users set disabled_at = now() where name = 'disabled'`)
	s.exec(`insert into users (id, name) values (gen_random_uuid(), 'without')`)
	bodies, headers := map[string]bool{}, map[string]bool{}
	tries := []struct{ user, password string }{
		{"ada", "wrong horse"},
		{"nobody", rightPassword},
		{"disabled", rightPassword},
		{"without", rightPassword},
		{"without", "$argon2id$"},
		{strings.Repeat("x", 5000), "wrong horse"},
		{"a\x01b", "wrong horse"},
	}
	for i, try := range tries {
		a := s.browser("192.0.2.1").login(try.user, try.password)
		require.Equal(t, 401, a.status, "%s: %s", try.user, a.body)
		require.Equal(t, "wrong_credentials", a.json(t)["code"])
		a.header.Del("X-Request-Id")
		bodies[string(a.body)], headers[fmt.Sprint(a.header)] = true, true
		require.Equal(t, i+1, s.passwords.count(), "every try costs one hashing: %s", try.user)
		_, subject, _, detail := s.requireAudit(t, "login.failed")
		require.LessOrEqual(t, len([]rune(subject)), 100)
		require.NotContains(t, subject+detail, try.password)
	}
	require.Len(t, bodies, 1)
	require.Len(t, headers, 1)
	require.Zero(t, s.count(`select count(*) from sessions`))
}

func TestAHundredParallelTriesAreAsFewAsTriesOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	var wg sync.WaitGroup
	var tried, refused atomic.Int32
	for range 100 {
		wg.Go(func() {
			switch a := s.browser("192.0.2.1").login("ada", "wrong"); a.status {
			case 401:
				tried.Add(1)
			case 429:
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 5, tried.Load())
	require.EqualValues(t, 95, refused.Load())
	require.Equal(t, 5, s.passwords.count(), "the password is not looked at before the try was counted")
	require.Len(t, s.failures(t, "login.failed", "wrong_credentials"), 5)
}

func TestTriesAreLimitedByAddressWhateverTheUserAndASuccessForgivesNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 20 {
		s.user(fmt.Sprint("user", i), false)
	}
	b := func() *browser { return s.browser("2001:db8::1") }
	for i := range 20 {
		require.Equal(t, 200, b().login(fmt.Sprint("user", i), rightPassword).status, i)
	}
	a := b().login("user0", rightPassword)
	require.Equal(t, 429, a.status)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Equal(t, 429, s.browser("2001:db8::ffff:1").login("user1", rightPassword).status, "the network counts as one address")
	require.Equal(t, 200, s.browser("2001:db8:0:1::1").login("user1", rightPassword).status)
}

// accountOfAda finds the account of ada whatever is typed, as a database may whose collation knows more names to be alike
// than we do.
type accountOfAda struct{ *store.Store }

func (s accountOfAda) Account(ctx context.Context, _, device string) (fleet.Account, error) {
	return s.Store.Account(ctx, "ada", device)
}

func TestTriesAreCountedByTheNameAsTheDatabaseTellsAccountsApart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	s.serve(func(c *apiConfig) { c.Store = accountOfAda{s.store} })
	for _, name := range []string{"ada", "ADA", "ıda", "İda", "aẞ"} {
		require.Equal(t, 401, s.browser("192.0.2.1").login(name, "wrong").status, name)
	}
	require.Equal(t, 429, s.browser("192.0.2.1").login("\u212Ada", "wrong").status, "another name is no other account")
}

// The limit of a user from everywhere is there for attackers of many addresses. They can reach it for as long as they like.
func TestStrangersCanNotKeepAUserFromSigningInWithTheirOwnBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	s.user("eve", false)
	own := s.signedIn("ada")
	foreign := s.signedIn("eve")
	for i := range 30 {
		s.browser(fmt.Sprint("198.51.100.", i)).login("ada", "wrong")
	}
	require.Equal(t, 429, s.browser("203.0.113.1").login("ADA", rightPassword).status, "from everywhere, for a browser nobody knows")
	require.Equal(t, 429, foreign.login("ada", rightPassword).status, "a browser of another user is a stranger's")
	require.Equal(t, 200, own.login("ada", rightPassword).status)
	for i := range 4 {
		require.Equal(t, 401, own.login("ada", "wrong").status, i)
	}
	require.Equal(t, 200, own.login("ada", rightPassword).status, "another device token, with tries of its own")
	for i := range 5 {
		require.Equal(t, 401, own.login("ada", "wrong").status, i)
	}
	require.Equal(t, 429, own.login("ada", "wrong").status, "a browser that is known has few tries too")
}

func TestASessionEndsByLogoutByHalfAnHourOfIdlenessAndAfterTwelveHours(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.signedIn("ada")
	stolen := b.copied()
	b.must(204, "POST", "/api/v1/logout", nil)
	require.Empty(t, b.cookies[sessionCookie])
	stolen.must(401, "GET", me, nil)
	s.requireAudit(t, "logout")

	for edge, status := range map[string]int{
		"last_seen_at = now() - interval '29 min 50 s'": 200, "last_seen_at = now() - interval '30 min 1 s'": 401,
		"expires_at = now() + interval '10 s'": 200, "expires_at = now() - interval '1 s'": 401,
	} {
		b := s.signedIn("ada")
		require.Equal(t, 1, s.count(`select count(*) from sessions where expires_at between now() + interval '12 h' - interval '1 min' and now() + interval '12 h'`))
		s.exec(`update sessions set ` + edge)
		b.must(status, "GET", me, nil)
		s.exec(`delete from sessions; delete from throttles`)
	}
}

func TestUseOfASessionIsWrittenAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.signedIn("ada")
	seen := `select count(*) from sessions where last_seen_at > now() - interval '30 s'`
	s.exec(`update sessions set last_seen_at = now() - interval '55 s'`)
	b.must(200, "GET", me, nil)
	require.Zero(t, s.count(seen))
	s.exec(`update sessions set last_seen_at = now() - interval '65 s'`)
	b.must(200, "GET", me, nil)
	require.Equal(t, 1, s.count(seen))
}

func TestSigningInAgainEndsTheSessionOfTheBrowserAndNoOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	first, other := s.signedIn("ada"), s.signedIn("ada")
	before := first.copied()
	require.Equal(t, 200, first.login("ada", rightPassword).status)
	require.NotEqual(t, before.cookies[sessionCookie], first.cookies[sessionCookie])
	before.must(401, "GET", me, nil)
	first.must(200, "GET", me, nil)
	other.must(200, "GET", me, nil)
}

func TestATokenOfNoSessionIsNeverTakenOver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.browser("192.0.2.1")
	b.cookies[sessionCookie] = strings.Repeat("x", 43)
	require.Equal(t, 200, b.login("ada", rightPassword).status)
	require.NotEqual(t, strings.Repeat("x", 43), b.cookies[sessionCookie])
}

// A change of rights renews the sessions: of requests that come at once one gets the new token, the others pass for some
// seconds, and then the old token is dead.
func TestAChangeOfRoleRenewsTheSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user, group := s.user("ada", false), s.group("g")
	member := "/api/v1/groups/" + group + "/users/" + user
	b, other := s.signedIn("ada"), s.signedIn("ada")
	for _, change := range []func(){
		func() { s.must(204, s.admin, "PUT", member, map[string]any{"role": "viewer"}) },
		func() { s.must(204, s.admin, "PUT", member, map[string]any{"role": "operator"}) },
		func() { s.must(204, s.admin, "DELETE", member, nil) },
		func() { s.exec(`update users set is_admin = true where id = $1`, user) },
		func() {
			s.must(204, s.admin, "PUT", member, map[string]any{"role": "operator"})
			s.must(204, s.admin, "DELETE", "/api/v1/groups/"+group, nil)
		},
	} {
		old := b.copied()
		change()
		var wg sync.WaitGroup
		var passed atomic.Int32
		for range 10 {
			wg.Go(func() {
				if b.copied().call("GET", me, nil).status == 200 {
					passed.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 10, passed.Load())
		// One of these has the new token, as the browser that they share would.
		require.Equal(t, 1, s.count(`select count(*) from sessions where previous_hash = sha256($1::bytea)`, []byte(old.cookies[sessionCookie])))
		s.exec(`update sessions set previous_until = now() - interval '1 ms' where previous_hash is not null`)
		old.must(401, "GET", me, nil)
		b = s.signedIn("ada")
		s.exec(`delete from throttles`)
	}
	was := other.cookies[sessionCookie]
	other.must(200, "GET", me, nil)
	require.NotEqual(t, was, other.cookies[sessionCookie], "the other browser is renewed as well")
	now := other.cookies[sessionCookie]
	s.must(404, s.admin, "PUT", member, map[string]any{"role": "operator"})
	other.must(200, "GET", me, nil)
	require.Equal(t, now, other.cookies[sessionCookie], "and once")
}

func TestADisabledUserIsOutAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.user("ada", false)
	b, token := s.signedIn("ada"), s.token(fleet.TokenRequest{User: "ada", Name: "test"})
	b.must(200, "GET", me, nil)
	s.must(200, token, "GET", me, nil)
	s.exec(`update users set disabled_at = now() where id = $1`, user)
	b.must(401, "GET", me, nil)
	s.must(401, token, "GET", me, nil)
}

func TestATokenCountsWhereASessionIsSentAsWell(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.signedIn("ada")
	require.Equal(t, "root", b.must(200, "GET", me, nil, "Authorization", "Bearer "+s.admin)["name"])
	for _, header := range []string{"Bearer pm_x", "Basic x", "x"} {
		b.must(401, "GET", me, nil, "Authorization", header)
	}
	require.Equal(t, "ada", b.must(200, "GET", me, nil)["name"])
}

func TestMeSaysWhoOneIsWithWhichRolesAndHowOneSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user, group := s.user("ada", false), s.group("Web")
	s.must(204, s.admin, "PUT", "/api/v1/groups/"+group+"/users/"+user, map[string]any{"role": "operator"})
	got := s.signedIn("ada").must(200, "GET", me, nil)
	require.Equal(t, []any{map[string]any{"id": group, "name": "Web", "role": "operator"}}, got["groups"])
	require.Equal(t, true, got["has_password"])
	in := got["signed_in"].(map[string]any)
	require.Equal(t, []any{"session", "password", []any{"read", "write"}}, []any{in["kind"], in["method"], in["scopes"]})
	token := s.token(fleet.TokenRequest{User: "ada", Name: "reader"})
	s.exec(`update api_tokens set scopes = '{read}' where name = 'reader'`)
	in = s.must(200, token, "GET", me, nil)["signed_in"].(map[string]any)
	require.Equal(t, []any{"token", nil, []any{"read"}}, []any{in["kind"], in["method"], in["scopes"]})
}

func TestSessionsAreListedAndEndedByTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	s.user("eve", true)
	b, second, eve := s.signedIn("ada"), s.signedIn("ada"), s.signedIn("eve")
	list := items(t, b.must(200, "GET", me+"/sessions", nil))
	require.Len(t, list, 2)
	require.Equal(t, []any{false, true}, []any{list[0]["current"], list[1]["current"]}, "the latest first")
	require.Equal(t, []any{"192.0.2.1", "browser of the tests"}, []any{list[0]["remote_addr"], list[0]["user_agent"]})
	page := b.must(200, "GET", me+"/sessions?limit=1", nil)
	page = b.must(200, "GET", me+"/sessions?limit=1&cursor="+page["next_cursor"].(string), nil)
	require.Equal(t, list[1]["id"], items(t, page)[0]["id"])
	require.Nil(t, page["next_cursor"])

	path := me + "/sessions/" + list[0]["id"].(string)
	eve.must(404, "DELETE", path, nil)
	second.must(200, "GET", me, nil)
	b.must(204, "DELETE", path, nil)
	second.must(401, "GET", me, nil)
	b.must(404, "DELETE", path, nil)
	s.requireAudit(t, "session.end")
}

func TestOnlyASessionSignsOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.refuse(403, "session_required", s.admin, "POST", "/api/v1/logout", nil)
	s.refuse(401, "unauthenticated", "", "POST", "/api/v1/logout", nil)
}

// The stream lasts, so it looks at the session again and again; only requests of somebody who is there keep one alive.
func TestAStreamEndsWithItsSessionAndDoesNotKeepItAlive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", true)
	url := s.serveStream(s.config(), fast).URL
	for name, end := range map[string]func(b *browser){
		"logout":   func(b *browser) { b.must(204, "POST", "/api/v1/logout", nil) },
		"idleness": func(*browser) { s.exec(`update sessions set last_seen_at = now() - interval '30 min 1 s'`) },
		"renewal":  func(*browser) { s.exec(`update sessions set token_hash = sha256('other')`) },
	} {
		b := s.signedIn("ada")
		s.exec(`update sessions set last_seen_at = now() - interval '29 min'`)
		ctx, cancel := context.WithTimeout(t.Context(), streamWithin)
		r, err := http.NewRequestWithContext(ctx, "GET", url+"/api/v1/events", nil)
		require.NoError(t, err)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookies[sessionCookie]})
		a, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.Equal(t, 200, a.StatusCode)
		s.exec(`update sessions set last_seen_at = now() - interval '28 min'`)
		lines := bufio.NewReader(a.Body)
		for range 10 { // heartbeats, and as many looks at the session
			_, err := lines.ReadString('\n')
			require.NoError(t, err)
		}
		require.Equal(t, 1, s.count(`select count(*) from sessions where last_seen_at < now() - interval '27 min'`), name)
		end(b)
		_, err = io.Copy(io.Discard, lines)
		require.NoError(t, ctx.Err(), "the stream goes on after %s", name)
		require.NoError(t, err)
		require.NoError(t, a.Body.Close())
		cancel()
		s.exec(`delete from sessions; delete from throttles`)
	}
}
