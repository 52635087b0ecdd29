package sso

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// retryAfter is how long a failed look for the provider stands, so that many who want in do not become as many requests.
const retryAfter = 5 * time.Second

// algorithms are those that an ID token may be signed with. None of them is `none` or symmetric: whoever knows the
// client's secret, or a public key taken for one, could sign with those.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// provider is an identity provider that was found, with its keys, which the library reads again when one is new.
type provider struct {
	*oidc.Provider
	endpoint    oauth2.Endpoint
	verifier    *oidc.IDTokenVerifier
	namesIssuer bool // its answers name the issuer (RFC 9207)
}

// metadata is what we read of the provider's document beside what the library reads.
type metadata struct {
	Keys        string   `json:"jwks_uri"`
	TokenAuth   []string `json:"token_endpoint_auth_methods_supported"`
	NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
}

// discover returns the provider, which is looked for until it was found once. Many callers share one look, and none
// waits longer than its context.
func (p *Party) discover(ctx context.Context) (*provider, error) {
	if found, err := p.known(); found != nil || err != nil {
		return found, err
	}
	look := p.flight.DoChan("", func() (any, error) { return p.look() })
	select {
	case <-ctx.Done():
		return nil, errors.Join(errAway, ctx.Err())
	case r := <-look:
		found, _ := r.Val.(*provider)
		return found, r.Err
	}
}

func (p *Party) known() (*provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil && p.failure != nil && p.Now().Sub(p.failedAt) < retryAfter {
		return nil, p.failure
	}
	return p.found, nil
}

// look asks the provider for its document, apart from any caller, who could go away while others wait.
func (p *Party) look() (*provider, error) {
	found, err := p.ask(oidc.ClientContext(context.Background(), p.http))
	if err != nil {
		err = errors.Join(errAway, fmt.Errorf("discover %s: %w", p.Issuer, brief(err)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.found = found
	}
	p.failure, p.failedAt = err, p.Now()
	return found, err
}

func (p *Party) ask(ctx context.Context) (*provider, error) {
	// A document that names another issuer than it was asked for is refused by the library.
	document, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, err
	}
	var m metadata
	if err := document.Claims(&m); err != nil {
		return nil, err
	}
	found := &provider{Provider: document, endpoint: document.Endpoint(), namesIssuer: m.NamesIssuer}
	if err := checkEndpoints(p.Issuer, found.endpoint.AuthURL, found.endpoint.TokenURL, m.Keys, document.UserInfoEndpoint()); err != nil {
		return nil, err
	}
	found.endpoint.AuthStyle = authStyle(m.TokenAuth)
	found.verifier = document.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID, SupportedSigningAlgs: algorithms, Now: p.Now})
	return found, nil
}

// authStyle is how the secret is sent. It is not tried out: a code that is sent twice is taken for stolen.
func authStyle(supported []string) oauth2.AuthStyle {
	if !slices.Contains(supported, "client_secret_basic") && slices.Contains(supported, "client_secret_post") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// checkEndpoints holds each address of the provider to the transport of its issuer; the last one may be absent.
func checkEndpoints(issuer string, endpoints ...string) error {
	for i, e := range endpoints {
		if e == "" && i == len(endpoints)-1 {
			continue
		}
		u, err := url.Parse(e)
		if err != nil || u.Host == "" || !(u.Scheme == "https" || u.Scheme == "http" && isLoopback(issuer) && isLoopback(e)) {
			return fmt.Errorf("the provider's document has no https address at place %d of authorization, token, keys, userinfo", i+1)
		}
	}
	return nil
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
