package fleet

import (
	"errors"
	"time"
)

// TokenPrefix begins every API token, so that people and secret scanners recognise one.
const TokenPrefix = "pm_"

// TokenRequest asks for an API token of a user, who is made where the name is new.
type TokenRequest struct {
	User string
	// Admin makes the user an administrator; an existing administrator stays one without it.
	Admin bool
	// Roles are given to the user besides those held; a key is the id or the name of a group.
	Roles     map[string]Role
	Name      string // what the token is for
	ReadOnly  bool
	ExpiresAt *time.Time
}

// Scopes is what a token may be used for, as it is stored and shown.
func Scopes(readOnly bool) []string { return Credential{ReadOnly: readOnly}.Scopes() }

// TokenInput asks for an API token of the caller's own.
type TokenInput struct {
	Name      string
	ReadOnly  bool
	ExpiresAt time.Time
}

// Validate returns every broken rule of what is sent of a token by who made the request, joined. A token makes none that
// outlives it: who has got hold of one could otherwise keep what its revocation takes.
func (in TokenInput) Validate(by Credential, now time.Time, longest time.Duration) error {
	errs := []error{CheckName("name", in.Name, MaxTokenName)}
	lasts := in.ExpiresAt.Sub(now)
	switch {
	case lasts < ShortestToken || lasts > longest:
		errs = append(errs, Invalid("expires_in", "must be from %s to %s", ShortestToken, longest))
	case by.Kind == CredentialToken && by.ExpiresAt != nil && in.ExpiresAt.After(*by.ExpiresAt):
		errs = append(errs, Invalid("expires_in", "must not be later than the end of the token that makes it"))
	}
	if by.ReadOnly && !in.ReadOnly {
		errs = append(errs, Invalid("scopes", "must not be wider than those of the token that makes it"))
	}
	return errors.Join(errs...)
}

// The bounds of what is sent of a token.
const (
	MaxTokenName  = 100
	ShortestToken = time.Minute
)

// Token is an API token as its owner and administrators see it.
type Token struct {
	ID         string
	UserID     string
	Owner      string // the user's name
	Name       string
	Scopes     []string
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil is never
	LastUsedAt *time.Time
}

// TokenFilter narrows a list of tokens; zero fields do not.
type TokenFilter struct {
	UserID string
	Before string // id that the page follows, since the latest come first
	Limit  int
}

// NewToken is a token at the only moment at which it can be read.
type NewToken struct {
	ID     string
	UserID string
	Secret string
}
