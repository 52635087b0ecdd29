package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// usualToken is how long a token lasts that does not say, unless the longest is shorter.
const usualToken = 90 * 24 * time.Hour

// TokenInput is what is sent of a new token.
type TokenInput struct {
	Name      string   `json:"name" minLength:"1" maxLength:"100" doc:"What the token is for"`
	Scopes    []string `json:"scopes,omitempty" enum:"read,write" doc:"[\"read\"] or [\"read\", \"write\"]; default: both. Never more than the owner's roles allow at the moment of use"`
	ExpiresIn *string  `json:"expires_in,omitempty" doc:"A duration of at most tokens.max_lifetime of the settings; default: 2160h" example:"720h"`
}

// Token is an API token of a user.
type Token struct {
	ID         string     `json:"id" format:"uuid"`
	UserID     string     `json:"user_id" format:"uuid"`
	Owner      string     `json:"owner" doc:"The name of the user"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes" doc:"read, and write unless the token only reads; new values may appear"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at" nullable:"true" doc:"Null is never"`
	LastUsedAt *time.Time `json:"last_used_at" nullable:"true" doc:"To the minute"`
}

// CreatedToken is a token at the only moment at which it can be read.
type CreatedToken struct {
	Token
	Secret string `json:"secret" doc:"What to send: Authorization: Bearer pm_... It is shown this once"`
}

func tokenBody(v fleet.Token) Token {
	return Token{
		ID: v.ID, UserID: v.UserID, Owner: v.Owner, Name: v.Name, Scopes: v.Scopes, CreatedAt: v.CreatedAt.UTC(),
		ExpiresAt: utc(v.ExpiresAt), LastUsedAt: utc(v.LastUsedAt),
	}
}

// TokenPath names a token in the path of an operation. The framework only fills embedded types that are exported.
type TokenPath struct {
	TokenID string `path:"token_id" doc:"The token"`
}

type tokenList struct {
	Items      []Token `json:"items"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type (
	listTokensInput struct {
		PageQuery
		UserID string `query:"user_id" doc:"Only those of this user"`
	}
	listTokensAnswer   struct{ Body tokenList }
	tokenAnswer        struct{ Body Token }
	createTokenInput   struct{ Body TokenInput }
	createdTokenAnswer struct {
		Location string `header:"Location"`
		Body     CreatedToken
	}
)

func (s *server) registerTokens() {
	tags := []string{"Tokens"}
	handle(s, huma.Operation{
		OperationID: "listTokens", Method: http.MethodGet, Path: "/tokens", Tags: tags, Summary: "List API tokens, the latest first",
		Description: "The caller's own; administrators see those of everybody. Revoked ones are not listed.",
	}, s.listTokens)
	handle(s, huma.Operation{
		OperationID: "createToken", Method: http.MethodPost, Path: "/tokens", Tags: tags, Summary: "Make an API token for the caller",
		Description:   "The secret is in this answer and nowhere else. A token makes no token that outlives it.",
		DefaultStatus: http.StatusCreated,
	}, s.createToken)
	handle(s, huma.Operation{
		OperationID: "getToken", Method: http.MethodGet, Path: "/tokens/{token_id}", Tags: tags, Summary: "Read an API token, without its secret",
		Errors: readErrors,
	}, s.getToken)
	handle(s, huma.Operation{
		OperationID: "deleteToken", Method: http.MethodDelete, Path: "/tokens/{token_id}", Tags: tags, Summary: "Revoke an API token, and those that it made",
		DefaultStatus: http.StatusNoContent, Errors: readErrors,
	}, s.deleteToken)
}

func (s *server) listTokens(ctx context.Context, by fleet.Caller, in *listTokensInput) (*listTokensAnswer, error) {
	f := fleet.TokenFilter{Limit: in.Limit + 1}
	if in.UserID != "" {
		f.UserID = pathID(in.UserID)
	}
	if err := readIDCursor("tokens", in.Cursor, &f.Before); err != nil {
		return nil, err
	}
	tokens, err := s.Store.Tokens(ctx, by, f)
	if err != nil {
		return nil, err
	}
	page, next := cut("tokens", tokens, in.Limit, func(v fleet.Token) string { return v.ID })
	return &listTokensAnswer{Body: tokenList{Items: convert(page, tokenBody), NextCursor: next}}, nil
}

// token reads what is asked for; Validate holds it to the rules.
func (in TokenInput) token(now time.Time, longest time.Duration) (fleet.TokenInput, error) {
	t := fleet.TokenInput{Name: in.Name, ReadOnly: !slices.Contains(in.Scopes, fleet.ScopeWrite)}
	switch {
	case in.Scopes == nil:
		t.ReadOnly = false
	case !slices.Contains(in.Scopes, fleet.ScopeRead) || len(in.Scopes) > 2:
		return t, fleet.Invalid("scopes", `must be ["read"] or ["read", "write"]`)
	}
	lasts := min(usualToken, longest)
	if in.ExpiresIn != nil {
		var err error
		if lasts, err = time.ParseDuration(*in.ExpiresIn); err != nil {
			return t, fleet.Invalid("expires_in", "must be a duration such as 720h")
		}
	}
	t.ExpiresAt = now.Add(lasts)
	return t, nil
}

func (s *server) createToken(ctx context.Context, by fleet.Caller, in *createTokenInput) (*createdTokenAnswer, error) {
	now := s.Now()
	request, err := in.Body.token(now, s.Policy.TokenLifetime)
	if err != nil {
		return nil, err
	}
	if in.Body.ExpiresIn == nil && by.Credential.Kind == fleet.CredentialToken && by.Credential.ExpiresAt != nil {
		request.ExpiresAt = earlier(request.ExpiresAt, *by.Credential.ExpiresAt)
	}
	if err := request.Validate(by.Credential, now, s.Policy.TokenLifetime); err != nil {
		return nil, err
	}
	made, err := s.Store.CreateOwnToken(ctx, by, request)
	if err != nil {
		return nil, err
	}
	created, err := s.Store.Token(ctx, by, made.ID)
	if err != nil {
		return nil, fmt.Errorf("read created token: %w", err)
	}
	return &createdTokenAnswer{
		Location: Base + "/tokens/" + made.ID, Body: CreatedToken{Token: tokenBody(created), Secret: made.Secret},
	}, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (s *server) getToken(ctx context.Context, by fleet.Caller, in *TokenPath) (*tokenAnswer, error) {
	t, err := s.Store.Token(ctx, by, pathID(in.TokenID))
	if err != nil {
		return nil, err
	}
	return &tokenAnswer{Body: tokenBody(t)}, nil
}

func (s *server) deleteToken(ctx context.Context, by fleet.Caller, in *TokenPath) (*empty, error) {
	return nil, s.Store.RevokeToken(ctx, by, pathID(in.TokenID))
}
