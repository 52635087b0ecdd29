package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// tokenBytes is the randomness of a token.
const tokenBytes = 32

// Authenticate returns the principal of a token with the roles held now; not found where the token is unknown, expired
// or revoked, or its user disabled. Every token, well-formed or not, costs one hash and one look-up.
func (s *Store) Authenticate(ctx context.Context, token string) (fleet.Principal, error) {
	row, err := s.q.PrincipalByToken(ctx, hashToken(token))
	if err != nil {
		return fleet.Principal{}, found(err, "token")
	}
	p := fleet.Principal{UserID: row.UserID, Name: row.Name, Admin: row.IsAdmin, Credential: fleet.Credential{
		Kind: fleet.CredentialToken, ID: row.TokenID, ReadOnly: row.ReadOnly, ExpiresAt: row.ExpiresAt,
	}}
	if p.Groups, err = readRoles(row.Roles); err != nil {
		return fleet.Principal{}, err
	}
	if row.LastUsedAt == nil || time.Since(*row.LastUsedAt) > touchInterval {
		if err := s.q.TouchToken(ctx, row.TokenID); err != nil {
			return fleet.Principal{}, translate(err)
		}
	}
	return p, nil
}

// readRoles reads the roles by group as the queries give them.
func readRoles(raw json.RawMessage) (map[string]fleet.Role, error) {
	var roles map[string]fleet.Role
	if err := json.Unmarshal(raw, &roles); err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	return roles, nil
}

// newSecret makes 256 random bits in a form that goes into headers and cookies as it is.
func newSecret() string {
	secret := make([]byte, tokenBytes)
	// Read never fails: since Go 1.24 a machine without randomness ends the process.
	_, _ = rand.Read(secret)
	return base64.RawURLEncoding.EncodeToString(secret)
}

// CreateToken makes a token, and where needed the user it is for. Only its hash is stored.
func (s *Store) CreateToken(ctx context.Context, by fleet.Actor, r fleet.TokenRequest) (fleet.NewToken, error) {
	if err := errors.Join(fleet.CheckName("user", r.User, 100), fleet.CheckName("name", r.Name, 100)); err != nil {
		return fleet.NewToken{}, err
	}
	token := fleet.NewToken{ID: newID(), Secret: fleet.TokenPrefix + newSecret()}
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		user, err := q.UpsertUser(ctx, newID(), r.User, r.Admin)
		if err != nil {
			return err
		}
		token.UserID = user.ID
		if err := giveRoles(ctx, q, user.ID, r.Roles); err != nil {
			return err
		}
		err = q.InsertToken(ctx, sqlgen.InsertTokenParams{
			ID: token.ID, UserID: user.ID, Name: r.Name, TokenHash: hashToken(token.Secret), TokenScopes: fleet.Scopes(r.ReadOnly),
			ExpiresAt: r.ExpiresAt,
		})
		if err != nil {
			return err
		}
		return writeAudit(ctx, q, by, "token.create", "token", token.ID, map[string]any{
			"user_id": user.ID, "user": r.User, "admin": user.IsAdmin, "roles": r.Roles, "name": r.Name,
			"scopes": fleet.Scopes(r.ReadOnly), "expires_at": r.ExpiresAt,
		})
	})
	return token, err
}

func giveRoles(ctx context.Context, q *sqlgen.Queries, userID string, roles map[string]fleet.Role) error {
	for key, role := range roles {
		if role != fleet.RoleOperator && role != fleet.RoleViewer {
			return fleet.Invalid("roles", "must be operator or viewer, not %s", role)
		}
		group, err := q.GroupByIDOrName(ctx, key)
		if err != nil {
			return found(err, "group "+key)
		}
		if err := q.PutGroupUser(ctx, group, userID, string(role)); err != nil {
			return err
		}
	}
	return nil
}
