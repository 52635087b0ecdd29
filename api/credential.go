package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// The names of the cookies. Over https they get the prefix with which browsers take a cookie from nobody but this very
// host.
const (
	sessionCookie = "patch_manager_session"
	deviceCookie  = "patch_manager_device"
	hostPrefix    = "__Host-"
)

type browserKey struct{}

// browser is what a request carries by itself when it comes from a browser.
type browser struct {
	session, device string // tokens, empty where there is none
	signOn          string // binds an attempt at single sign-on
	agent           string
	shows           bool // asks for a page, as a browser does that was sent here, and not a script
}

func browserOf(ctx context.Context) browser {
	b, _ := ctx.Value(browserKey{}).(browser)
	return b
}

func (s *server) readBrowser(r *http.Request) browser {
	b := browser{agent: r.UserAgent(), shows: strings.Contains(r.Header.Get("Accept"), "text/html")}
	if c, err := r.Cookie(s.cookieName(sessionCookie)); err == nil {
		b.session = c.Value
	}
	if c, err := r.Cookie(s.cookieName(deviceCookie)); err == nil {
		b.device = c.Value
	}
	if c, err := r.Cookie(s.cookieName(signOnCookie)); err == nil {
		b.signOn = c.Value
	}
	return b
}

func (s *server) cookieName(name string) string {
	if s.Secure {
		return hostPrefix + name
	}
	return name
}

// cookie is a cookie that no script reads and no foreign page sends. Its lifetime is kept here: the browser forgets that of
// a session when it closes.
func (s *server) cookie(name, token string, lasts time.Duration) http.Cookie {
	return http.Cookie{ //nolint:gosec // without https, which settings allow on loopback alone, no cookie can be for https
		Name: s.cookieName(name), Value: token, Path: "/", MaxAge: int(lasts.Seconds()), Secure: s.Secure, HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	}
}

// signedIn is the cookies of a session that began.
func (s *server) signedIn(made fleet.NewSession) []http.Cookie {
	return []http.Cookie{s.cookie(sessionCookie, made.Token, 0), s.cookie(deviceCookie, made.Device, fleet.DeviceMemory)}
}

// signedOut takes the session's cookie from the browser.
func (s *server) signedOut() http.Cookie { return s.cookie(sessionCookie, "", -time.Second) }

// credential is one way to say who a caller is.
type credential struct {
	// open finds the principal for a request; renewed is the token that a session goes on with, mostly empty.
	open func(ctx context.Context) (who fleet.Principal, renewed string, err error)
	// again finds it for an answer that lasts.
	again func(ctx context.Context) (fleet.Principal, error)
}

// credentialOf is what a request is to be judged by: its Authorization header, whatever stands in it, and only without one
// its cookie.
func (s *server) credentialOf(ctx huma.Context) credential {
	header := ctx.Header("Authorization")
	session := browserOf(ctx.Context()).session
	if header == "" && session != "" {
		return credential{
			open: func(ctx context.Context) (fleet.Principal, string, error) {
				return s.Store.AuthenticateSession(ctx, session)
			},
			again: func(ctx context.Context) (fleet.Principal, error) { return s.Store.PrincipalBySession(ctx, session) },
		}
	}
	token := bearerToken(header)
	again := func(ctx context.Context) (fleet.Principal, error) { return s.Store.Authenticate(ctx, token) }
	return credential{again: again, open: func(ctx context.Context) (fleet.Principal, string, error) {
		who, err := again(ctx)
		return who, "", err
	}}
}

// bearerToken is the token of an Authorization header, or what is there instead, which no token equals.
func bearerToken(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
