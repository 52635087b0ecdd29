package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/sso"
	"github.com/patch-manager/patch-manager/sso/ssotest"
)

func TestSigningOnAtARealProviderGivesASessionWithTheMappedRolesAndLeadsBack(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b := s.open()
	a := b.get(signOnPath + "?return_to=" + url.QueryEscape("/hosts?health=unhealthy"))
	require.Equal(t, http.StatusFound, a.status, "%s", a.body)
	back := b.get(s.provider.SignIn(t, a.header.Get("Location"), "ada"))
	require.Equal(t, http.StatusFound, back.status, "%s", back.body)
	require.Equal(t, "/hosts?health=unhealthy", back.header.Get("Location"))
	id := b.requireMe("ada", false, "operator of Web servers")
	require.Equal(t, 3, s.count(`select count(*) from audit_entries where actor_id = $1 and action in ('user.create', 'group.user.put', 'login')`, id))
	require.Equal(t, 1, s.count(`select count(*) from sessions where user_id = $1 and method = 'oidc'`, id))
}

func TestTheSessionIsNewAtEachSignOnAndEndsTheOneBefore(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b := s.open()
	u, err := url.Parse(s.url)
	require.NoError(t, err)
	const planted = "a-token-that-somebody-else-planted-in-the-browser"
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "patch_manager_session", Value: planted, Path: "/"}})
	b.signIn("ada")
	first := b.cookie("patch_manager_session")
	require.NotEqual(t, planted, first)
	id := b.requireMe("ada", false, "operator of Web servers")
	b.signIn("ada")
	require.NotEqual(t, first, b.cookie("patch_manager_session"))
	require.Equal(t, id, b.requireMe("ada", false, "operator of Web servers"), "the same user")
	require.Equal(t, 1, s.count(`select count(*) from sessions`))
}

func TestGroupsAddedAndRemovedAndANewNameAtTheProviderCountFromTheNextSignOn(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b := s.open()
	b.signIn("eve")
	id := b.requireMe("eve", false, "viewer of Web servers")
	s.put("eve", "web-ops", "site-admins", "of no interest")
	b.requireMe("eve", false, "viewer of Web servers")
	b.signIn("eve")
	b.requireMe("eve", true, "operator of Web servers")
	s.provider.Put(t, ssotest.User{Subject: "subject of eve", Name: "eve smith", Groups: []string{"web-see"}})
	b.signIn("eve smith")
	require.Equal(t, id, b.requireMe("eve smith", false, "viewer of Web servers"))
	s.provider.Put(t, ssotest.User{Subject: "subject of eve", Name: "eve smith", Groups: []string{"db"}})
	other := s.open()
	other.requireProblem(http.StatusForbidden, "sign_on_no_role", other.get(other.leave("eve smith")))
	b.requireOut()
	require.Contains(t, s.log.String(), `setting=oidc.role_mappings group="no such group"`)
}

func TestAdministratorsSeeWhatCameBySigningOnAndTheirHandCounts(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	s.put("eve", "web-see", "site-admins")
	b := s.open()
	b.signIn("eve")
	id := b.requireMe("eve", true, "viewer of Web servers")
	path := "/api/v1/users/" + id
	got := s.must(200, s.admin, "GET", path, nil)
	require.Equal(t, []any{s.provider.Issuer, "subject of eve", true}, []any{got["issuer"], got["subject"], got["admin_by_sign_on"]})
	members := s.must(200, s.admin, "GET", "/api/v1/groups/"+s.web+"/users", nil)
	require.Equal(t, true, items(t, members)[0]["by_sign_on"])

	change := func(admin bool) map[string]any {
		return s.must(200, s.admin, "PUT", path, map[string]any{"name": "eve", "admin": admin, "disabled": false})
	}
	require.Equal(t, true, change(true)["admin_by_sign_on"], "what stays as it was is not by hand")
	require.Equal(t, []any{false, false}, []any{change(false)["admin"], change(false)["admin_by_sign_on"]})
	require.Equal(t, []any{true, false}, []any{change(true)["admin"], change(true)["admin_by_sign_on"]})
	s.must(204, s.admin, "PUT", "/api/v1/groups/"+s.web+"/users/"+id, map[string]any{"role": "operator"})
	require.Equal(t, false, items(t, s.must(200, s.admin, "GET", "/api/v1/groups/"+s.web+"/users", nil))[0]["by_sign_on"])
	s.put("eve", "web-see")
	b.signIn("eve")
	b.requireMe("eve", true, "operator of Web servers")
}

func TestSomebodyWithoutAMappedGroupIsRefusedAndNoUserIsMade(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	s.put("mallory", "web", "WEB-OPS", "admin")
	b := s.open()
	users := s.count(`select count(*) from users`)
	b.requireProblem(http.StatusForbidden, "sign_on_no_role", b.get(b.leave("mallory")))
	b.requireOut()
	require.Equal(t, users, s.count(`select count(*) from users`))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'login.failed' and detail->>'reason' = 'sign_on_no_role'`))
}

func TestAUserOfTheSameNameOrMailIsNotTakenOver(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	s.put("root", "web-see") // the administrator of the site is called root, and so is its mail address
	b := s.open()
	b.requireProblem(http.StatusConflict, "name_taken", b.get(b.leave("root")))
	b.requireOut()
}

func TestADisabledUserIsKeptOutOfSigningOn(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b := s.open()
	b.signIn("ada")
	s.exec(`update users set disabled_at = now() where name = 'ada'`)
	b.requireProblem(http.StatusForbidden, "user_disabled", b.get(b.leave("ada")))
	b.requireOut()
}

func TestAnAnswerCountsOnceInTheBrowserThatAsked(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b, victim, nobody := s.open(), s.open(), s.open()
	victim.leave("eve")
	nobody.requireProblem(http.StatusForbidden, "sign_on_expired", nobody.get(callbackPath))
	back := b.leave("ada")
	// Somebody is sent the link that would sign them in as somebody else.
	victim.requireProblem(http.StatusForbidden, "sign_on_expired", victim.get(back))
	nobody.requireProblem(http.StatusForbidden, "sign_on_expired", nobody.get(back))
	for _, state := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("s", 5000)} {
		b.requireProblem(http.StatusForbidden, "sign_on_expired", b.get(changed(t, back, "state", state)))
	}
	victim.requireOut()
	require.Equal(t, http.StatusFound, b.get(back).status)
	b.requireProblem(http.StatusForbidden, "sign_on_expired", b.get(back))
	b.requireMe("ada", false, "operator of Web servers")
}

func TestAnAnswerAfterTenMinutesIsTooLate(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b := s.open()
	back := b.leave("ada")
	s.exec(`update sign_ons set expires_at = expires_at - interval '10 minutes'`)
	b.requireProblem(http.StatusForbidden, "sign_on_expired", b.get(back))
	b.requireOut()
}

func TestARefusalOfTheProviderAWrongCodeAndAMixUpSignNobodyIn(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	for name, c := range map[string]struct{ parameter, value, code string }{
		"denied":      {"error", "access_denied", "sign_on_refused"},
		"wrong code":  {"code", "guessed", "sign_on_refused"},
		"no code":     {"code", "", "sign_on_refused"},
		"mixed up":    {"iss", "https://another.example", "sign_on_unverified"},
		"with a page": {"error", "<script>alert(1)</script>", "sign_on_refused"},
	} {
		b := s.open()
		a := b.get(changed(t, b.leave("ada"), c.parameter, c.value))
		b.requireProblem(http.StatusForbidden, c.code, a)
		require.NotContains(t, string(a.body), "script", name)
		b.requireOut()
	}
	require.Equal(t, 5, s.count(`select count(*) from audit_entries where action = 'login.failed' and detail->>'method' = 'oidc'`))
	require.Zero(t, s.count(`select count(*) from users where name = 'ada'`))
}

// The provider adds parameters that nobody here knows.
func TestParametersThatTheProviderAddsAreNoFault(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b := s.open()
	require.Equal(t, http.StatusFound, b.get(changed(t, b.leave("ada"), "session_state", "x")).status)
}

func TestOnlyAPageHereIsReturnedTo(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	for _, to := range []string{"//evil.example", "/\\evil.example", "https://evil.example", "/%2fevil.example", "/\t/evil.example", "/api/v1/auth/oidc/login", strings.Repeat("/a", 600)} {
		require.Equal(t, []string{"return_to"}, s.refuse(http.StatusUnprocessableEntity, "invalid_field", "", "GET", signOnPath+"?return_to="+url.QueryEscape(to), nil), to)
	}
	require.Zero(t, s.count(`select count(*) from sign_ons`))
	b := s.open()
	require.Equal(t, "/", b.get(b.leave("ada")).header.Get("Location"), "where nothing is asked for")
}

func TestAPersonWhoIsRefusedIsSentToThePageForSigningIn(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	s.put("mallory", "of no interest")
	b := s.open()
	require.Equal(t, "/login?sign_on=sign_on_no_role", b.show(b.leave("mallory")))
	b.requireOut()
	require.Equal(t, "/login?sign_on=invalid_field", b.show(signOnPath+"?return_to=//evil.example"))
	require.Equal(t, "/login?sign_on=sign_on_expired", b.show("/api/v1/auth/oidc/callback?state=x&code=y"))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'login.failed' and detail->>'reason' = 'sign_on_no_role'`))
}

func TestOneAddressGoesToTheProviderThirtyTimesAMinute(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	for range 30 {
		require.Equal(t, http.StatusFound, s.call("", "GET", signOnPath, nil).status)
	}
	s.refuse(http.StatusTooManyRequests, "too_many_requests", "", "GET", signOnPath, nil)
	require.Equal(t, 30, s.count(`select count(*) from sign_ons`))
}

func TestTheApiServesWhileTheProviderIsAwayAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	cfg := s.config()
	cfg.SignOn = sso.New(partyConfig(gone.URL, "http://127.0.0.1:1"))
	s.handler = api.New(cfg)
	a := s.call("", "GET", signOnPath, nil)
	require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	require.Equal(t, "sign_on_unavailable", a.json(t)["code"])
	require.Equal(t, "5", a.header.Get("Retry-After"))
	require.NotContains(t, string(a.body), gone.URL)
	require.Contains(t, s.log.String(), gone.URL)
	require.Equal(t, 200, s.call(s.admin, "GET", hosts, nil).status)
}

func TestTheWaysToSignInAreToldToEverybody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	cfg.SignOn = nil
	s.handler = api.New(cfg)
	require.Equal(t, []string{"password"}, pluck(t, s.must(200, "", "GET", "/api/v1/auth/methods", nil), "name"))
	s.refuse(http.StatusNotFound, "not_found", "", "GET", signOnPath, nil)
	s.refuse(http.StatusNotFound, "not_found", "", "GET", callbackPath, nil)
	cfg.SignOn = sso.New(partyConfig("https://id.example.org", ""))
	s.handler = api.New(cfg)
	got := s.must(200, "", "GET", "/api/v1/auth/methods", nil)
	require.Equal(t, []string{"password", "oidc"}, pluck(t, got, "name"))
	require.Equal(t, []string{"/api/v1/login", signOnPath}, pluck(t, got, "url"))
}

func TestTheCookieOfAnAttemptIsForThisHostAndItsWayBackAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for secure, want := range map[bool]string{
		false: "patch_manager_sign_on=X; Path=/; Max-Age=600; HttpOnly; SameSite=Lax",
		true:  "__Host-patch_manager_sign_on=X; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
	} {
		cfg := s.config()
		cfg.SignOn, cfg.Secure = fakeSignOn{}, secure
		s.handler = api.New(cfg)
		a := s.call("", "GET", signOnPath, nil)
		require.Equal(t, http.StatusFound, a.status, "%s", a.body)
		require.Equal(t, []string{strings.Replace(want, "X", "browser", 1)}, a.header.Values("Set-Cookie"))
		require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	}
}

// The database keeps nonce and verifier of an attempt until it is used, and nothing else of it in the clear.
func TestNoSecretOfSigningOnIsInLogsAuditAnswersOrDatabase(t *testing.T) {
	t.Parallel()
	s := newSignOnSite(t)
	b := s.open()
	begun := b.get(signOnPath)
	back := s.provider.SignIn(t, begun.header.Get("Location"), "ada")
	u, err := url.Parse(back)
	require.NoError(t, err)
	browser := b.cookie("patch_manager_sign_on")
	require.NotEmpty(t, browser)
	kept := s.dump()
	for name, secret := range map[string]string{"state": u.Query().Get("state"), "code": u.Query().Get("code"), "browser": browser, "client": ssotest.ClientSecret} {
		require.NotContains(t, kept, secret, name)
	}
	verifier := s.text(`select verifier from sign_ons`)
	done := b.get(back)
	require.Equal(t, http.StatusFound, done.status)
	b.get(changed(t, b.leave("ada"), "code", "guessed"))
	all := s.dump() + s.log.String() + string(begun.body) + string(done.body) + string(api.Document("1"))
	for name, secret := range map[string]string{
		"state": u.Query().Get("state"), "code": u.Query().Get("code"), "browser": browser, "client": ssotest.ClientSecret,
		"verifier": verifier, "session": b.cookie("patch_manager_session"),
	} {
		require.NotContains(t, all, secret, name)
	}
}

// changed is an address with another value of a parameter.
func changed(t *testing.T, address, parameter, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	q := u.Query()
	q.Set(parameter, value)
	u.RawQuery = q.Encode()
	return u.String()
}
