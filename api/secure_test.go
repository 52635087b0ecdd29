package api_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryAnswerHasTheStrictHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	broken := s.config()
	broken.Store = brokenStore{s.store, func() error { panic("x") }}
	answers := map[string]func() answer{
		"probe":        func() answer { return s.call("", "GET", "/healthz", nil) },
		"docs":         func() answer { return s.call("", "GET", "/docs", nil) },
		"script":       func() answer { return s.call("", "GET", "/docs/docs.js", nil) },
		"document":     func() answer { return s.call("", "GET", "/openapi.json", nil) },
		"no route":     func() answer { return s.call("", "GET", "/nothing", nil) },
		"no method":    func() answer { return s.call("", "PATCH", "/api/v1/hosts", nil) },
		"no token":     func() answer { return s.call("", "GET", "/api/v1/hosts", nil) },
		"operation":    func() answer { return s.call(s.admin, "GET", "/api/v1/hosts", nil) },
		"malformed":    func() answer { return s.call(s.admin, "POST", "/api/v1/hosts", "{") },
		"cross-origin": func() answer { return s.call("", "POST", "/api/v1/login", "{}", "Sec-Fetch-Site", "cross-site") },
		"panic": func() answer {
			s := *s
			s.serve(func(c *apiConfig) { c.Store = broken.Store })
			return s.call(s.admin, "GET", "/api/v1/groups", nil)
		},
	}
	for name, answered := range answers {
		h := answered().header
		require.Regexp(t, `^default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`, h.Get("Content-Security-Policy"), name)
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", name)
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
			"Strict-Transport-Security": "",
		} {
			require.Equal(t, want, h.Get(header), "%s of %s", header, name)
		}
		require.Contains(t, h.Get("Permissions-Policy"), "camera=()", name)
	}
	s.serve(func(c *apiConfig) { c.Secure = true })
	require.Equal(t, "max-age=31536000", s.call("", "GET", "/nothing", nil).header.Get("Strict-Transport-Security"))
}

// Every operation of the document that is no GET, as the page of another site would have a browser send it. What a GET may
// change is held below.
func TestEveryOperationButReadingRefusesOtherSites(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", true)
	b := s.signedIn("ada")
	tried := 0
	for id, op := range operations(t) {
		if op.method == "GET" {
			continue
		}
		tried++
		for header, value := range map[string]string{
			"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example",
		} {
			a := b.call(op.method, op.pathWith(noIDs), nil, header, value)
			require.Equal(t, 403, a.status, "%s with %s: %s", id, header, a.body)
			require.Equal(t, "cross_origin", a.json(t)["code"], id)
		}
		require.Equal(t, 403, b.call(op.method, op.pathWith(noIDs), nil, "Sec-Fetch-Site", "same-site").status, "another host of the site is another origin: %s", id)
		a := b.call(op.method, op.pathWith(noIDs), nil, "Sec-Fetch-Site", "same-origin", "Origin", "http://example.com")
		require.NotContains(t, string(a.body), "cross_origin", id)
		b = s.signedIn("ada") // this may have been the logout
		s.exec(`delete from throttles`)
	}
	require.Greater(t, tried, 30)
}

var noIDs = []string{"x", "x", "x"}

// changingGets are the operations that are GETs and yet change something. None is judged by a session, so that a page of
// another site gains nothing by sending a browser there.
var changingGets = map[string]string{
	"beginSignOn":   "keeps the attempt, and gives its cookie to the browser",
	"finishSignOn":  "signs in the browser that has the attempt's cookie: TestAnAnswerCountsOnceInTheBrowserThatAsked",
	"pollEnrolment": "delivers a bundle once, to who knows its token: TestOfFiftyPollsAtOnceExactlyOneGetsTheBundle",
}

func TestAGetThatIsJudgedByASessionChangesNothingButTheAuditOfReading(t *testing.T) {
	t.Parallel()
	w, ops := newWorld(t, row{}), operations(t)
	for id, why := range changingGets {
		require.Equal(t, "GET", ops[id].method, "%s %s", id, why)
		require.Empty(t, ops[id].Security, "%s takes no session: %s", id, why)
	}
	begun := func() int { return w.count(`select count(*) from sign_ons`) }
	tried := 0
	for id, op := range ops {
		if op.method != "GET" || changingGets[id] != "" {
			continue
		}
		tried++
		before, attempts := w.state(), begun()
		require.Equal(t, 200, w.send("administrator with a session", op, w.inside, matrix[id]).status, id)
		after := w.state()
		if matrix[id].recorded {
			require.NotEqual(t, before["audit_entries"], after["audit_entries"], id)
			before["audit_entries"] = after["audit_entries"]
		}
		require.Equal(t, before, after, id)
		require.Equal(t, attempts, begun(), id)
	}
	require.Greater(t, tried, 25)
}

func TestTheWordOfAProxyCountsIfItIsTrustedFromTheRightToTheFirstStranger(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	s.serve(func(c *apiConfig) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	})
	for _, c := range []struct{ peer, forwarded, from string }{
		{"192.0.2.1", "203.0.113.9", "192.0.2.1"},
		{"10.0.0.1", "", "10.0.0.1"},
		{"10.0.0.1", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"},
		{"10.0.0.1", "6.6.6.6, 203.0.113.9, 10.9.9.9", "203.0.113.9"},
		{"10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"},
		{"10.0.0.1", "10.0.0.2,10.0.0.3", "10.0.0.2"},
		{"[2001:db8::1]", "::ffff:203.0.113.9", "203.0.113.9"},
		// Some proxies send ports along.
		{"10.0.0.1", "203.0.113.7:4711", "203.0.113.7"},
		{"10.0.0.1", "6.6.6.6:1, 203.0.113.7:4711, 10.9.9.9:443", "203.0.113.7"},
		{"10.0.0.1", "[2001:db9::1]:443", "2001:db9::1"},
		{"10.0.0.1", "6.6.6.6,[2001:db8::2]:443", "6.6.6.6"},
		{"10.0.0.1", "[2001:db9::1]", "2001:db9::1"},
		{"10.0.0.1", "[fe80::1%eth0]:443", "fe80::1"},
		{"10.0.0.1", "[::ffff:203.0.113.7]:443", "203.0.113.7"},
		// What is no address is nobody's: the proxy that passed it on stands for whoever sent it.
		{"10.0.0.1", "6.6.6.6, 203.0.113.7:", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, 203.0.113.7:65536", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, 203.0.113.7:port", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, [203.0.113.7]", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, [203.0.113.7]:1", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, [2001:db9::1", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, [[2001:db9::1]]", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, unknown", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6,", "10.0.0.1"},
	} {
		b := s.browser(c.peer)
		require.Equal(t, 401, b.call("POST", "/api/v1/login", map[string]any{"user": "ada", "password": "x"}, "X-Forwarded-For", c.forwarded).status)
		_, _, remote, _ := s.requireAudit(t, "login.failed")
		require.Equal(t, c.from, remote, "%v", c)
		s.exec(`delete from throttles`)
	}
}
