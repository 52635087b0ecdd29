package sso

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/patch-manager/patch-manager/fleet"
)

// Config is what the operator decides.
type Config struct {
	Issuer       string // as the provider writes it, the slash at its end included
	ClientID     string
	ClientSecret fleet.Secret
	Scopes       []string
	GroupsClaim  string
	NameClaim    string
	// RedirectURL is where the provider sends browsers back to; it has to be registered there.
	RedirectURL string
	Now         func() time.Time
}

// Party is Patch Manager in the eyes of an identity provider: its relying party. It is safe for concurrent use.
type Party struct {
	Config
	http   *http.Client
	flight singleflight.Group

	mu       sync.Mutex
	found    *provider // nil until it was found
	failure  error     // of the last look for it
	failedAt time.Time
}

// New returns a party that looks for its provider when somebody signs in, so that it may be away now.
func New(cfg Config) *Party {
	return &Party{Config: cfg, http: newHTTPClient()}
}

// What a person is told; the cause is joined to it, for the log.
var (
	errAway       = fleet.Unavailable("sign_on_unavailable", "the identity provider does not answer; try again later")
	errUnverified = fleet.Forbidden("sign_on_unverified", "the answer of the identity provider could not be verified")
)

// Begin returns the address at the provider to send a browser to, and what has to be known when it comes back. ReturnTo
// is the caller's to fill.
func (p *Party) Begin(ctx context.Context) (string, fleet.SignOn, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", fleet.SignOn{}, err
	}
	s := fleet.SignOn{State: random(), Browser: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier()}
	return p.client(found).AuthCodeURL(s.State, oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier)), s, nil
}

// Finish turns the answer of the provider to the attempt s into who signed in. Errors are of KindForbidden where the
// answer proves nobody and of KindUnavailable where the provider is away.
func (p *Party) Finish(ctx context.Context, s fleet.SignOn, a fleet.SignOnAnswer) (fleet.Identity, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return fleet.Identity{}, err
	}
	if err := p.checkIssuer(found, a); err != nil {
		return fleet.Identity{}, err
	}
	if a.Error != "" {
		return fleet.Identity{}, refused(a.Error)
	}
	tokens, err := p.exchange(ctx, found, a.Code, s.Verifier)
	if err != nil {
		return fleet.Identity{}, err
	}
	token, err := p.verify(ctx, found, tokens, s.Nonce)
	if err != nil {
		return fleet.Identity{}, errors.Join(errUnverified, brief(err))
	}
	return p.identify(ctx, found, token, tokens)
}

// client is rebuilt for each use, so that the secret lies nowhere in the clear.
func (p *Party) client(found *provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret.Reveal(), Endpoint: found.endpoint, Scopes: p.Scopes,
		RedirectURL: p.RedirectURL,
	}
}

// checkIssuer keeps the answer of one provider from being taken for that of another (RFC 9207).
func (p *Party) checkIssuer(found *provider, a fleet.SignOnAnswer) error {
	if a.Issuer == p.Issuer || a.Issuer == "" && !found.namesIssuer {
		return nil
	}
	return errors.Join(errUnverified, errors.New("the answer names another issuer than oidc.issuer"))
}

func (p *Party) exchange(ctx context.Context, found *provider, code, verifier string) (*oauth2.Token, error) {
	tokens, err := p.client(found).Exchange(oidc.ClientContext(ctx, p.http), code, oauth2.VerifierOption(verifier))
	// What else the provider says is not repeated, not even in the log: it could be our own request.
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response.StatusCode >= http.StatusInternalServerError {
		return nil, errors.Join(errAway, fmt.Errorf("the token endpoint answers %d", said.Response.StatusCode))
	}
	if errors.As(err, &said) {
		return nil, refused(said.ErrorCode)
	}
	if err != nil {
		return nil, errors.Join(errAway, brief(err))
	}
	return tokens, nil
}

// verify checks the ID token as OpenID Connect Core 3.1.3.7 asks; the library does issuer, audience, expiry, algorithm
// and signature.
func (p *Party) verify(ctx context.Context, found *provider, tokens *oauth2.Token, nonce string) (*oidc.IDToken, error) {
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the provider gave no ID token")
	}
	token, err := found.verifier.Verify(oidc.ClientContext(ctx, p.http), raw)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 {
		return nil, errors.New("the ID token has another nonce")
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(tokens.AccessToken); err != nil {
			return nil, err
		}
	}
	return token, p.checkParties(token)
}

// checkParties refuses a token that was issued to somebody else and only names us among its audience.
func (p *Party) checkParties(token *oidc.IDToken) error {
	var claims struct {
		AuthorizedParty *string `json:"azp"`
	}
	if err := token.Claims(&claims); err != nil {
		return err
	}
	if claims.AuthorizedParty != nil && *claims.AuthorizedParty != p.ClientID {
		return errors.New("the ID token was issued to another party")
	}
	if claims.AuthorizedParty == nil && slices.ContainsFunc(token.Audience, func(a string) bool { return a != p.ClientID }) {
		return errors.New("the ID token has several audiences and names no party that it was issued to")
	}
	return nil
}

// random is a text that nobody guesses: 256 bits.
func random() string {
	b := make([]byte, 32)
	// Read never fails: since Go 1.24 a machine without randomness ends the process.
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
