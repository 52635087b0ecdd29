package api_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/sso"
	"github.com/patch-manager/patch-manager/sso/ssotest"
)

const (
	signOnPath   = "/api/v1/auth/oidc/login"
	callbackPath = "/api/v1/auth/oidc/callback"
)

// signOnSite is the API at an address of its own, with a real identity provider that knows ada and eve.
type signOnSite struct {
	*site
	url      string
	provider *ssotest.Provider
	web      string // a group
}

func newSignOnSite(t *testing.T) *signOnSite {
	t.Helper()
	s := &signOnSite{site: newSite(t)}
	server := httptest.NewUnstartedServer(nil)
	s.url = "http://" + server.Listener.Addr().String()
	s.provider = ssotest.Start(t, ssotest.Client{RedirectURL: s.url + callbackPath, InToken: true})
	s.put("ada", "web-ops")
	s.put("eve", "web-see")
	s.web = s.group("Web servers")
	cfg := s.config()
	cfg.SignOn = sso.New(partyConfig(s.provider.Issuer, s.url))
	cfg.RoleMappings = roleMappings(t)
	s.handler = api.New(cfg)
	server.Config.Handler = s.handler
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func partyConfig(issuer, url string) sso.Config {
	return sso.Config{
		Issuer: issuer, ClientID: ssotest.ClientID, ClientSecret: fleet.NewSecret(ssotest.ClientSecret),
		Scopes: []string{"openid", "profile", "email", "groups"}, GroupsClaim: "groups", NameClaim: "preferred_username",
		RedirectURL: url + api.SignOnCallback, Now: time.Now,
	}
}

func roleMappings(t *testing.T) []fleet.RoleMapping {
	t.Helper()
	var all []fleet.RoleMapping
	for _, text := range []string{"site-admins=admin", "web-ops=operator:Web servers", "web-see=viewer:Web servers", "db=viewer:no such group"} {
		m, err := fleet.ParseRoleMapping(text)
		require.NoError(t, err)
		all = append(all, m)
	}
	return all
}

// put makes or changes somebody at the provider, whose subject is the name with which they began.
func (s *signOnSite) put(subject string, groups ...string) {
	s.t.Helper()
	s.provider.Put(s.t, ssotest.User{Subject: "subject of " + subject, Name: subject, Email: "root@example.org", Groups: groups})
}

// tab is a browser that keeps cookies and follows nothing by itself.
type tab struct {
	*signOnSite
	client *http.Client
}

func (s *signOnSite) open() *tab {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &tab{s, &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// get asks for a path of the API, or for an address.
func (b *tab) get(target string) answer {
	b.t.Helper()
	if target[0] == '/' {
		target = b.url + target
	}
	response, err := b.client.Get(target)
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return answer{status: response.StatusCode, header: response.Header, body: body}
}

// show opens target as a browser does for a person, and returns where it is sent.
func (b *tab) show(target string) string {
	b.t.Helper()
	if target[0] == '/' {
		target = b.url + target
	}
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, target, nil)
	require.NoError(b.t, err)
	request.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	response, err := b.client.Do(request)
	require.NoError(b.t, err)
	require.NoError(b.t, response.Body.Close())
	require.Equal(b.t, http.StatusFound, response.StatusCode)
	return response.Header.Get("Location")
}

// leave goes to the provider, types the name, and returns the way back.
func (b *tab) leave(name string) string {
	b.t.Helper()
	a := b.get(signOnPath)
	require.Equal(b.t, http.StatusFound, a.status, "%s", a.body)
	return b.provider.SignIn(b.t, a.header.Get("Location"), name)
}

// signIn signs in as somebody, from beginning to end.
func (b *tab) signIn(name string) {
	b.t.Helper()
	a := b.get(b.leave(name))
	require.Equal(b.t, http.StatusFound, a.status, "%s", a.body)
}

// cookie is the value of one of ours, empty where there is none.
func (b *tab) cookie(name string) string {
	u, err := url.Parse(b.url)
	require.NoError(b.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *tab) requireProblem(status int, code string, a answer) {
	b.t.Helper()
	require.Equal(b.t, status, a.status, "%s", a.body)
	require.Equal(b.t, "application/problem+json", a.header.Get("Content-Type"))
	require.Equal(b.t, code, a.json(b.t)["code"])
	require.Empty(b.t, a.header.Values("Set-Cookie"))
}

// requireOut says that the browser is signed in as nobody.
func (b *tab) requireOut() {
	b.t.Helper()
	require.Equal(b.t, http.StatusUnauthorized, b.get("/api/v1/me").status)
}

// requireMe says who the browser is signed in as, and returns the id.
func (b *tab) requireMe(name string, admin bool, roles ...string) string {
	b.t.Helper()
	a := b.get("/api/v1/me")
	require.Equal(b.t, http.StatusOK, a.status, "%s", a.body)
	me, held := a.json(b.t), []string{}
	for _, g := range me["groups"].([]any) {
		group := g.(map[string]any)
		held = append(held, group["role"].(string)+" of "+group["name"].(string))
	}
	require.Equal(b.t, []any{name, admin, roles}, []any{me["name"], me["admin"], held})
	return me["id"].(string)
}

// text is the one value of a query.
func (s *site) text(sql string) string {
	s.t.Helper()
	var v string
	require.NoError(s.t, s.pool.QueryRow(s.t.Context(), sql).Scan(&v))
	return v
}

// dump is everything that the database holds, as text.
func (s *site) dump() string {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), `select oid::regclass::text from pg_class
		where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`)
	require.NoError(s.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	var all strings.Builder
	for _, table := range tables {
		all.WriteString(s.text(`select coalesce(string_agg(t::text, E'\n'), '') from ` + table + ` t`))
	}
	return all.String()
}

// fakeSignOn is single sign-on without a provider.
type fakeSignOn struct{}

func (fakeSignOn) Begin(context.Context) (string, fleet.SignOn, error) {
	return "https://id.example.org/auth", fleet.SignOn{State: uuid.NewString(), Browser: "browser", Nonce: "nonce", Verifier: "verifier"}, nil
}

func (fakeSignOn) Finish(context.Context, fleet.SignOn, fleet.SignOnAnswer) (fleet.Identity, error) {
	return fleet.Identity{}, fleet.Forbidden("sign_on_refused", "nobody")
}
