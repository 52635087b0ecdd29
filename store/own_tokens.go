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
			ExpiresAt: &in.ExpiresAt,
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

// RevokeToken makes a token that Tokens would return void from its next use on.
func (s *Store) RevokeToken(ctx context.Context, by fleet.Caller, id string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		row, err := q.RevokeToken(ctx, id, by.Admin, by.UserID)
		if err != nil {
			return found(err, "token")
		}
		return writeAudit(ctx, q, by.Actor(), "token.revoke", "token", id, map[string]any{"user_id": row.UserID, "name": row.Name})
	})
}
