package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
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

// authenticate resolves the token or session of a request to its principal, with the roles held at this moment, for every
// operation that is not open.
func (s *server) authenticate(ctx huma.Context, next func(huma.Context)) {
	if len(ctx.Operation().Security) == 0 {
		next(ctx)
		return
	}
	who := s.credentialOf(ctx)
	principal, renewed, err := open(ctx.Context(), who)
	if fleet.IsKind(err, fleet.KindNotFound) {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="patch-manager"`)
		_ = huma.WriteErr(s.api, ctx, http.StatusUnauthorized, "sign in, or send a valid API token: Authorization: Bearer pm_...")
		return
	}
	if err == nil {
		err = principal.Credential.Refuse(changes(ctx.Operation()), ctx.Operation().Metadata[takesSession] == true)
	}
	if err != nil {
		s.writeError(ctx, err)
		return
	}
	if renewed != "" {
		cookie := s.cookie(sessionCookie, renewed, 0)
		ctx.AppendHeader("Set-Cookie", cookie.String())
	}
	caller := callerOf(ctx.Context())
	caller.Principal = principal
	next(huma.WithValue(huma.WithValue(ctx, callerKey{}, caller), againKey{}, again(who)))
}

func open(ctx context.Context, who credential) (fleet.Principal, string, error) {
	ctx, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	return who.open(ctx)
}

func again(who credential) func(context.Context) (fleet.Principal, error) {
	return func(ctx context.Context) (fleet.Principal, error) {
		ctx, cancel := context.WithTimeout(ctx, authTimeout)
		defer cancel()
		return who.again(ctx)
	}
}

// What the metadata of an operation may say.
const (
	readsOnly    = "reads only"    // it changes nothing although it is no GET
	takesSession = "takes session" // it is for who signed in, and for no token
)

// changes reports whether an operation may change something, as every one does that does not say otherwise.
func changes(op *huma.Operation) bool {
	return op.Method != http.MethodGet && op.Metadata[readsOnly] != true
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

// remoteHost is where a request comes from: the peer, or where trusted proxies say that it came to them from. Each appends
// to X-Forwarded-For whom it got the request from, so what stands left of the first stranger is that one's own word.
func (s *server) remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !s.trusts(host) {
			return host
		}
		address, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			return host
		}
		host = address.Unmap().WithZone("").String()
	}
	return host
}

// parseHop reads an address of X-Forwarded-For, which some proxies send with a port, or in the brackets of one.
func parseHop(hop string) (netip.Addr, error) {
	if address, err := netip.ParseAddr(hop); err == nil {
		return address, nil
	}
	if strings.HasSuffix(hop, "]") {
		hop += ":0"
	}
	withPort, err := netip.ParseAddrPort(hop)
	return withPort.Addr(), err
}

func (s *server) trusts(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) })
}
