package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// touchInterval is how exact the last use of a token or session is, so that reading does not write every time.
const touchInterval = time.Minute

// keptDevices bounds how many browsers of a user are remembered, for those that never send back what they were given.
const keptDevices = 20

// Account returns what the sign-in of a user is judged by; nobody's but for the key, without an error, where there is no
// such user. Device is what the browser was given at an earlier sign-in, and may be empty.
func (s *Store) Account(ctx context.Context, name, device string) (fleet.Account, error) {
	row, err := s.q.AccountByName(ctx, hashToken(device), fleet.DeviceMemory.Seconds(), name)
	return fleet.Account{
		UserID: row.ID, Name: row.Name, NameKey: row.NameKey, PasswordHash: row.PasswordHash, KnownDevice: row.KnownDevice,
	}, translate(err)
}

// SignIn begins a session. The one that it replaces ends, and so do none of the others.
func (s *Store) SignIn(ctx context.Context, by fleet.Caller, in fleet.SignIn) (fleet.NewSession, error) {
	made := fleet.NewSession{ID: newID(), Token: newSecret(), Device: newSecret()}
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := beginSession(ctx, q, by, in, made); err != nil {
			return err
		}
		return rememberDevice(ctx, q, in, made)
	})
	return made, err
}

// beginSession begins a session with its entry, of a user who may sign in.
func beginSession(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, in fleet.SignIn, made fleet.NewSession) error {
	name, err := q.SignInUser(ctx, in.UserID, in.PasswordHash)
	if errors.Is(err, pgx.ErrNoRows) {
		return fleet.WrongCredentials()
	}
	if err != nil {
		return err
	}
	if err := insertSession(ctx, q, by, in, made); err != nil {
		return err
	}
	by.UserID, by.Name = in.UserID, name
	return writeAudit(ctx, q, by.Actor(), "login", "user", in.UserID, map[string]any{"method": in.Method, "session_id": made.ID})
}

func insertSession(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, in fleet.SignIn, made fleet.NewSession) error {
	if in.Replaces != "" {
		if err := q.DeleteSessionByToken(ctx, hashToken(in.Replaces)); err != nil {
			return err
		}
	}
	return q.InsertSession(ctx, sqlgen.InsertSessionParams{
		ID: made.ID, UserID: in.UserID, TokenHash: hashToken(made.Token), Method: in.Method,
		LifetimeSeconds: fleet.SessionLifetime.Seconds(), RemoteAddr: by.RemoteAddr,
		UserAgent: fleet.CutText(in.UserAgent, fleet.MaxUserAgent),
	})
}

func rememberDevice(ctx context.Context, q *sqlgen.Queries, in fleet.SignIn, made fleet.NewSession) error {
	if err := q.DeleteDevice(ctx, hashToken(in.Device), in.UserID); err != nil {
		return err
	}
	if err := q.InsertDevice(ctx, hashToken(made.Device), in.UserID); err != nil {
		return err
	}
	return q.ForgetDevices(ctx, in.UserID, keptDevices)
}

// RecordFailure writes that somebody failed to get in.
func (s *Store) RecordFailure(ctx context.Context, by fleet.Caller, f fleet.Failure) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error { return s.writeFailure(ctx, q, by, f) })
}

func (s *Store) writeFailure(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, f fleet.Failure) error {
	return writeAudit(ctx, q, by.Actor(), f.Action, "user", f.UserID, f.Detail(s.auditKey))
}

// AuthenticateSession returns the principal of a session with the roles held now, and notes that it was used; not found
// where the session is unknown or over. Where the rights changed since the last use, renewed is the token from now on.
func (s *Store) AuthenticateSession(ctx context.Context, token string) (who fleet.Principal, renewed string, err error) {
	row, who, err := s.principalBySession(ctx, token)
	if err != nil {
		return who, "", err
	}
	if row.Renew {
		return s.renewSession(ctx, who, token)
	}
	if time.Since(row.LastSeenAt) > touchInterval {
		err = s.q.TouchSession(ctx, row.SessionID)
	}
	return who, "", translate(err)
}

// PrincipalBySession is AuthenticateSession for an answer that lasts: it leaves the session as it is, so that a page left
// open is not taken for somebody who is there.
func (s *Store) PrincipalBySession(ctx context.Context, token string) (fleet.Principal, error) {
	_, who, err := s.principalBySession(ctx, token)
	return who, err
}

func (s *Store) principalBySession(ctx context.Context, token string) (sqlgen.PrincipalBySessionRow, fleet.Principal, error) {
	row, err := s.q.PrincipalBySession(ctx, hashToken(token), fleet.SessionIdle.Seconds())
	if err != nil {
		return row, fleet.Principal{}, found(err, "session")
	}
	who := fleet.Principal{UserID: row.UserID, Name: row.Name, Admin: row.IsAdmin, Credential: fleet.Credential{
		Kind: fleet.CredentialSession, ID: row.SessionID, Method: row.Method, ExpiresAt: &row.ExpiresAt,
	}}
	who.Groups, err = readRoles(row.Roles)
	return row, who, err
}

// renewSession gives a session another token. Of requests that come at once the first one gets it.
func (s *Store) renewSession(ctx context.Context, who fleet.Principal, token string) (fleet.Principal, string, error) {
	fresh := newSecret()
	renewed, err := s.q.RenewSession(ctx, hashToken(fresh), fleet.SessionGrace.Seconds(), who.Credential.ID, hashToken(token))
	if err != nil {
		return fleet.Principal{}, "", fmt.Errorf("renew session: %w", translate(err))
	}
	if renewed == 0 {
		return who, "", nil
	}
	return who, fresh, nil
}

// EndSession ends a session of the caller; not found where it is none of theirs.
func (s *Store) EndSession(ctx context.Context, by fleet.Caller, id, action string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		ended, err := q.DeleteSession(ctx, id, by.UserID)
		if err != nil {
			return err
		}
		if ended == 0 {
			return fleet.NotFound("session")
		}
		return writeAudit(ctx, q, by.Actor(), action, "session", id, nil)
	})
}

// EndSessions ends all sessions of a user, which only administrators may.
func (s *Store) EndSessions(ctx context.Context, by fleet.Caller, userID string) error {
	if err := by.RequireAdmin(); err != nil {
		return err
	}
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if _, err := q.GetUser(ctx, userID); err != nil {
			return found(err, "user")
		}
		ended, err := q.DeleteSessions(ctx, userID, nil)
		if err != nil {
			return err
		}
		return writeAudit(ctx, q, by.Actor(), "user.sessions.end", "user", userID, map[string]any{"sessions_ended": ended})
	})
}

// Sessions returns the sessions of a user that are not over, the latest first.
func (s *Store) Sessions(ctx context.Context, userID string, f fleet.SessionFilter) ([]fleet.Session, error) {
	var before *string
	if f.Before != "" {
		before = &f.Before
	}
	rows, err := s.q.ListSessions(ctx, userID, before, fleet.SessionIdle.Seconds(), maxRows(f.Limit))
	if err != nil {
		return nil, translate(err)
	}
	sessions := make([]fleet.Session, len(rows))
	for i, row := range rows {
		sessions[i] = fleet.Session(row)
	}
	return sessions, nil
}

// hashToken is what is stored of a token; at 256 random bits a plain hash protects it as well as a slow one.
func hashToken(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}
