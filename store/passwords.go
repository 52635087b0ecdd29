package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// SetPassword gives a user a password, which only administrators may, and ends all sessions of the user.
func (s *Store) SetPassword(ctx context.Context, by fleet.Caller, id, hash string) error {
	if err := by.RequireAdmin(); err != nil {
		return err
	}
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		name, err := q.SetPassword(ctx, &hash, id)
		if err != nil {
			return found(err, "user")
		}
		ended, err := q.DeleteSessions(ctx, id, nil)
		if err != nil {
			return err
		}
		return writeAudit(ctx, q, by.Actor(), "user.password.set", "user", id, map[string]any{"name": name, "sessions_ended": ended})
	})
}

// PasswordOf returns the name and the hash of the password of a user; the hash is empty where there is none.
func (s *Store) PasswordOf(ctx context.Context, id string) (name, hash string, err error) {
	row, err := s.q.PasswordOfUser(ctx, id)
	return row.Name, row.PasswordHash, found(err, "user")
}

// ChangePassword replaces the caller's password, whose hash was was, ends the caller's other sessions, and returns the
// token that the session of the request goes on with.
func (s *Store) ChangePassword(ctx context.Context, by fleet.Caller, was, hash string) (string, error) {
	fresh := newSecret()
	return fresh, s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		changed, err := q.ChangePassword(ctx, &hash, by.UserID, &was)
		if err != nil {
			return err
		}
		if changed == 0 {
			return fleet.Conflict("password_changed", "the password was changed meanwhile")
		}
		ended, err := q.DeleteSessions(ctx, by.UserID, &by.Credential.ID)
		if err != nil {
			return err
		}
		renewed, err := q.RenewSessionNow(ctx, hashToken(fresh), fleet.SessionGrace.Seconds(), by.Credential.ID)
		if err != nil {
			return err
		}
		if renewed == 0 {
			return fleet.Conflict("session_ended", "the session ended meanwhile")
		}
		return writeAudit(ctx, q, by.Actor(), "user.password.change", "user", by.UserID, map[string]any{"sessions_ended": ended})
	})
}
