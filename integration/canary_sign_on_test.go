//go:build integration

package integration_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/sso/ssotest"
)

func TestMain(m *testing.M) { ssotest.Main(m) }

const callback = "/api/v1/auth/oidc/callback"

// signOnSettings has the site sign people in through a provider.
func signOnSettings(settings map[string]string, p *ssotest.Provider) {
	settings["oidc.issuer"], settings["oidc.client_id"], settings["oidc.client_secret"] = p.Issuer, ssotest.ClientID, ssotest.ClientSecret
	settings["oidc.role_mappings"] = "admins=admin"
}

// signOn has somebody sign in through the provider, come back twice, with a wrong answer, and after a refusal.
func (g *guarded) signOn(p *ssotest.Provider) {
	g.t.Helper()
	g.plant(given("the secret of the provider's client", ssotest.ClientSecret))
	p.Put(g.t, ssotest.User{Subject: "s1", Name: "grace", Email: "grace@example.test", Groups: []string{"admins"}})
	browser, address := g.beginSignOn()
	back, err := url.Parse(p.SignIn(g.t, address, "grace"))
	require.NoError(g.t, err)
	g.plant(given("the code of a sign-on", back.Query().Get("code")))
	response, answer := g.request("GET", callback+"?"+back.RawQuery, "", browser)
	require.Equal(g.t, http.StatusFound, response.StatusCode, "%s", answer)
	g.keep("the answers to the callback", answer)
	session := cookieHeader(response)
	g.plant(given("the cookie of a session by single sign-on", session[strings.IndexByte(session, '=')+1:strings.IndexByte(session, ';')]))
	status, _ := g.call("GET", "/me", nil, map[string]string{"Authorization": "", "Cookie": session})
	require.Equal(g.t, 200, status)

	g.comesBack(browser, back.RawQuery)
	for _, query := range []string{"code=" + g.plant(newCanary("a code of nobody", "%s")).text, "error=access_denied&error_description=" + g.plant(newCanary("what a provider says", "%s")).text} {
		begun, address := g.beginSignOn()
		to, err := url.Parse(address)
		require.NoError(g.t, err)
		g.comesBack(begun, query+"&state="+to.Query().Get("state"))
	}
}

// beginSignOn returns the header of a browser that is sent to the provider, and where to.
func (g *guarded) beginSignOn() (map[string]string, string) {
	g.t.Helper()
	response, answer := g.request("GET", "/api/v1/auth/oidc/login", "", map[string]string{"Authorization": ""})
	require.Equal(g.t, http.StatusFound, response.StatusCode, "%s", answer)
	cookies := cookieHeader(response)
	g.plant(given("the cookie of a sign-on", cookies[strings.IndexByte(cookies, '=')+1:strings.IndexByte(cookies, ';')]))
	return map[string]string{"Authorization": "", "Cookie": cookies}, response.Header.Get("Location")
}

func (g *guarded) comesBack(browser map[string]string, query string) {
	g.t.Helper()
	response, answer := g.request("GET", callback+"?"+query, "", browser)
	require.GreaterOrEqual(g.t, response.StatusCode, 400, "%s", answer)
	g.keep("the answers to the callback", answer)
}

func cookieHeader(r *http.Response) string {
	var header strings.Builder
	for _, c := range r.Cookies() {
		header.WriteString(c.Name + "=" + c.Value + "; ")
	}
	return header.String()
}
