package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// authTimeout bounds how long it takes to say who a caller is.
const authTimeout = 10 * time.Second

type (
	callerKey struct{}
	againKey  struct{}
)

// callerOf is who sent the request; before authentication only the request id and the address are known.
func callerOf(ctx context.Context) fleet.Caller {
	c, _ := ctx.Value(callerKey{}).(fleet.Caller)
	return c
}

// principalAgain is how an answer that lasts looks at the caller's rights again; not found where they ended.
func principalAgain(ctx context.Context) func(context.Context) (fleet.Principal, error) {
	again, _ := ctx.Value(againKey{}).(func(context.Context) (fleet.Principal, error))
	return again
}

// authenticate resolves the token of a request to its principal, with the roles held at this moment, for every
// operation that is not open.
func (s *server) authenticate(ctx huma.Context, next func(huma.Context)) {
	if len(ctx.Operation().Security) == 0 {
		next(ctx)
		return
	}
	token := bearerToken(ctx.Header("Authorization"))
	again := func(ctx context.Context) (fleet.Principal, error) {
		ctx, cancel := context.WithTimeout(ctx, authTimeout)
		defer cancel()
		return s.Store.Authenticate(ctx, token)
	}
	principal, err := again(ctx.Context())
	if fleet.IsKind(err, fleet.KindNotFound) {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="patch-manager"`)
		_ = huma.WriteErr(s.api, ctx, http.StatusUnauthorized, "a valid API token is needed: Authorization: Bearer pm_...")
		return
	}
	if err != nil {
		s.writeError(ctx, err)
		return
	}
	caller := callerOf(ctx.Context())
	caller.Principal = principal
	next(huma.WithValue(huma.WithValue(ctx, callerKey{}, caller), againKey{}, again))
}

// bearerToken is the token of an Authorization header, or what is there instead, which no token equals.
func bearerToken(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// writeError answers with the problem of err outside of an operation.
func (s *server) writeError(ctx huma.Context, err error) {
	p := problemOf(ctx.Context(), s.Log, err)
	var withHeaders huma.HeadersError
	if errors.As(p, &withHeaders) {
		ctx.SetHeader("Retry-After", withHeaders.GetHeaders().Get("Retry-After"))
	}
	_ = huma.WriteErr(s.api, ctx, 0, "", p)
}

// remoteHost is the address of the peer without its port.
func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
