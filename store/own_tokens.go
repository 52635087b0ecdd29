package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// CreateOwnToken makes a token of the caller's own. Only its hash is stored.
func (s *Store) CreateOwnToken(ctx context.Context, by fleet.Caller, in fleet.TokenInput) (fleet.NewToken, error) {
	token := fleet.NewToken{ID: newID(), UserID: by.UserID, Secret: fleet.TokenPrefix + newSecret()}
	err := s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		err := q.InsertToken(ctx, sqlgen.InsertTokenParams{
			ID: token.ID, UserID: by.UserID, Name: in.Name, TokenHash: hashToken(token.Secret), TokenScopes: fleet.Scopes(in.ReadOnly),
			ExpiresAt: &in.ExpiresAt, MadeBy: maker(by.Credential),
		})
		if err != nil {
			return err
		}
		return writeAudit(ctx, q, by.Actor(), "token.create", "token", token.ID, map[string]any{
			"user_id": by.UserID, "user": by.Name, "name": in.Name, "scopes": fleet.Scopes(in.ReadOnly), "expires_at": in.ExpiresAt,
		})
	})
	return token, err
}

// maker is the token that makes another one; nil where a session does.
func maker(c fleet.Credential) *string {
	if c.Kind != fleet.CredentialToken {
		return nil
	}
	return &c.ID
}

// Tokens returns the caller's tokens that were not revoked, and everybody's for administrators, the latest first.
func (s *Store) Tokens(ctx context.Context, by fleet.Caller, f fleet.TokenFilter) ([]fleet.Token, error) {
	p := sqlgen.ListTokensParams{Every: by.Admin, Caller: by.UserID, MaxRows: maxRows(f.Limit)}
	if f.UserID != "" {
		p.UserID = &f.UserID
	}
	if f.Before != "" {
		p.Before = &f.Before
	}
	rows, err := s.q.ListTokens(ctx, p)
	if err != nil {
		return nil, translate(err)
	}
	tokens := make([]fleet.Token, len(rows))
	for i, row := range rows {
		tokens[i] = fleet.Token(row)
	}
	return tokens, nil
}

// Token returns one token that Tokens would.
func (s *Store) Token(ctx context.Context, by fleet.Caller, id string) (fleet.Token, error) {
	row, err := s.q.GetToken(ctx, id, by.Admin, by.UserID)
	return fleet.Token(row), found(err, "token")
}

// RevokeToken makes a token that Tokens would return void from its next use on, and with it those that it made.
func (s *Store) RevokeToken(ctx context.Context, by fleet.Caller, id string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		row, err := q.RevokeToken(ctx, id, by.Admin, by.UserID)
		if err != nil {
			return found(err, "token")
		}
		made, err := revokeMade(ctx, q, id)
		if err != nil {
			return err
		}
		return writeAudit(ctx, q, by.Actor(), "token.revoke", "token", id, map[string]any{
			"user_id": row.UserID, "name": row.Name, "made_by_it": made,
		})
	})
}

// revokeMade revokes what a revoked token made until nothing is left: one of these may be making another meanwhile, which
// shows once that was waited for.
func revokeMade(ctx context.Context, q *sqlgen.Queries, id string) (revoked int64, err error) {
	for {
		n, err := q.RevokeMadeTokens(ctx, id)
		if err != nil || n == 0 {
			return revoked, err
		}
		revoked += n
	}
}
