package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/patch-manager/patch-manager/fleet"
)

// Bounds of what the provider says of a person.
const (
	maxSubject = 255 // bytes, by OpenID Connect Core 2
	maxName    = 100 // characters, as of every user
)

// claims are what the provider says of a person, not yet read.
type claims map[string]json.RawMessage

// identify reads who signed in. Mail addresses are not looked at, verified or not: they are given to others in time.
func (p *Party) identify(ctx context.Context, found *provider, token *oidc.IDToken, tokens *oauth2.Token) (fleet.Identity, error) {
	if token.Subject == "" || len(token.Subject) > maxSubject {
		return fleet.Identity{}, errors.Join(errUnverified, errors.New("the ID token has no usable subject"))
	}
	said := claims{}
	if err := token.Claims(&said); err != nil {
		return fleet.Identity{}, errors.Join(errUnverified, err)
	}
	if err := p.complete(ctx, found, token.Subject, tokens, said); err != nil {
		return fleet.Identity{}, err
	}
	who := fleet.Identity{Issuer: p.Issuer, Subject: token.Subject}
	var err error
	if who.Name, err = said.name(p.NameClaim); err != nil {
		return fleet.Identity{}, err
	}
	who.Groups, err = said.groups(p.GroupsClaim)
	return who, err
}

// complete asks the userinfo endpoint for the claims that the ID token lacks; many providers put them only there.
func (p *Party) complete(ctx context.Context, found *provider, subject string, tokens *oauth2.Token, said claims) error {
	if said[p.GroupsClaim] != nil && said[p.NameClaim] != nil || found.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := found.UserInfo(oidc.ClientContext(ctx, p.http), oauth2.StaticTokenSource(tokens))
	var failed *url.Error
	if err != nil && !errors.As(err, &failed) {
		// The error quotes the answer, which could hold our access token.
		err = errors.New("the answer can not be used")
	}
	if err != nil {
		return errors.Join(errAway, fmt.Errorf("ask userinfo: %w", err))
	}
	// Core 5.3.2: it could be of somebody else.
	if info.Subject != subject {
		return errors.Join(errUnverified, errors.New("userinfo is of another subject"))
	}
	more := claims{}
	if err := info.Claims(&more); err != nil {
		return errors.Join(errUnverified, brief(err))
	}
	for _, name := range []string{p.GroupsClaim, p.NameClaim} {
		if said[name] == nil && more[name] != nil {
			said[name] = more[name]
		}
	}
	return nil
}

func (c claims) name(claim string) (string, error) {
	var name string
	if err := json.Unmarshal(c[claim], &name); err != nil || fleet.CheckName("name", name, maxName) != nil {
		return "", fleet.Forbidden("sign_on_no_name",
			"the identity provider gives no name of 1 to %d characters in the claim %s (oidc.name_claim)", maxName, claim)
	}
	return name, nil
}

// groups reads a list of names, or a single name, as some providers write a list of one. No claim is no group.
func (c claims) groups(claim string) ([]string, error) {
	raw, ok := c[claim]
	if !ok {
		return nil, nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err == nil {
		return list, nil
	}
	var single string
	if err := json.Unmarshal(raw, &single); err != nil {
		return nil, errors.Join(errUnverified, fmt.Errorf("the claim %s (oidc.groups_claim) is no list of names", claim))
	}
	return []string{single}, nil
}
