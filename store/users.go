package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// User returns one user. It judges no scope.
func (s *Store) User(ctx context.Context, id string) (fleet.User, error) {
	row, err := s.q.GetUser(ctx, id)
	return user(row), found(err, "user")
}

// UserByName returns one user by the name, regardless of case. It judges no scope.
func (s *Store) UserByName(ctx context.Context, name string) (fleet.User, error) {
	row, err := s.q.UserByName(ctx, name)
	return user(sqlgen.GetUserRow(row)), found(err, "user")
}

// Users returns the users that pass the filter, in order of their names, which only administrators may see.
func (s *Store) Users(ctx context.Context, by fleet.Caller, f fleet.UserFilter) ([]fleet.User, error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	rows, err := s.q.ListUsers(ctx, f.Text, f.After, maxRows(f.Limit))
	if err != nil {
		return nil, translate(err)
	}
	users := make([]fleet.User, len(rows))
	for i, row := range rows {
		users[i] = user(sqlgen.GetUserRow(row))
	}
	return users, nil
}

func user(row sqlgen.GetUserRow) fleet.User {
	u := fleet.User{
		ID: row.ID, Name: row.Name, DisplayName: row.DisplayName, Admin: row.IsAdmin, DisabledAt: row.DisabledAt,
		HasPassword: row.HasPassword, CreatedAt: row.CreatedAt, LastLoginAt: row.LastLoginAt,
	}
	if row.Issuer != nil && row.Subject != nil {
		u.SignOn = &fleet.UserSignOn{Issuer: *row.Issuer, Subject: *row.Subject, Admin: row.AdminBySignOn}
	}
	return u
}

// Memberships returns the roles of a user by groups, in order of their names. It judges no scope.
func (s *Store) Memberships(ctx context.Context, userID string) ([]fleet.Membership, error) {
	rows, err := s.q.ListMemberships(ctx, userID)
	if err != nil {
		return nil, translate(err)
	}
	memberships := make([]fleet.Membership, len(rows))
	for i, row := range rows {
		memberships[i] = fleet.Membership{GroupID: row.GroupID, Group: row.Name, Role: fleet.Role(row.Role)}
	}
	return memberships, nil
}

// CreateUser makes a user, which only administrators may.
func (s *Store) CreateUser(ctx context.Context, by fleet.Caller, in fleet.UserInput) (string, error) {
	if err := by.RequireAdmin(); err != nil {
		return "", err
	}
	id := newID()
	return id, s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := insertUser(ctx, q, id, in); err != nil {
			return err
		}
		return writeAudit(ctx, q, by.Actor(), "user.create", "user", id, userDetail(in))
	})
}

func insertUser(ctx context.Context, q *sqlgen.Queries, id string, in fleet.UserInput) error {
	p := sqlgen.InsertUserParams{ID: id, Name: in.Name, DisplayName: in.DisplayName, IsAdmin: in.Admin}
	if in.PasswordHash != "" {
		p.PasswordHash = &in.PasswordHash
	}
	return q.InsertUser(ctx, p)
}

// UpdateUser replaces what is known of a user but the password, which only administrators may. A user who is disabled is
// out at once. The last enabled administrator stays one.
func (s *Store) UpdateUser(ctx context.Context, by fleet.Caller, id string, in fleet.UserInput) error {
	if err := by.RequireAdmin(); err != nil {
		return err
	}
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		administers, err := q.LockUser(ctx, id)
		if err != nil {
			return found(err, "user")
		}
		err = q.UpdateUser(ctx, sqlgen.UpdateUserParams{
			Name: in.Name, DisplayName: in.DisplayName, IsAdmin: in.Admin, Disabled: in.Disabled, ID: id,
		})
		if err != nil {
			return err
		}
		if administers && (!in.Admin || in.Disabled) {
			if err := keepAnAdministrator(ctx, q); err != nil {
				return err
			}
		}
		if in.Disabled {
			if _, err := q.DeleteSessions(ctx, id, nil); err != nil {
				return err
			}
		}
		return writeAudit(ctx, q, by.Actor(), "user.update", "user", id, userDetail(in))
	})
}

// keepAnAdministrator is what the trigger of that name does, and for administrators by signing on, too. It can not tell
// whether one of them is let go by the provider, to which nobody is the last one, or by hand.
func keepAnAdministrator(ctx context.Context, q *sqlgen.Queries) error {
	if err := q.LockAdministrators(ctx); err != nil {
		return err
	}
	left, err := q.AdministratorExists(ctx)
	if err == nil && !left {
		err = byConstraint["users_last_administrator"]
	}
	return err
}

func userDetail(in fleet.UserInput) map[string]any {
	return map[string]any{"name": in.Name, "display_name": in.DisplayName, "admin": in.Admin, "disabled": in.Disabled}
}

// DeleteUser deletes a user with sessions, tokens and memberships, which only administrators may. The last enabled
// administrator stays.
func (s *Store) DeleteUser(ctx context.Context, by fleet.Caller, id string) error {
	if err := by.RequireAdmin(); err != nil {
		return err
	}
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		name, err := q.DeleteUser(ctx, id)
		if err != nil {
			return found(err, "user")
		}
		return writeAudit(ctx, q, by.Actor(), "user.delete", "user", id, map[string]any{"name": name})
	})
}
