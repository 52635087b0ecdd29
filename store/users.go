package store

import (
	"context"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// User returns one user. It judges no scope.
func (s *Store) User(ctx context.Context, id string) (fleet.User, error) {
	row, err := s.q.GetUser(ctx, id)
	return user(row), found(err, "user")
}

func user(row sqlgen.GetUserRow) fleet.User {
	return fleet.User{
		ID: row.ID, Name: row.Name, DisplayName: row.DisplayName, Admin: row.IsAdmin, DisabledAt: row.DisabledAt,
		HasPassword: row.HasPassword, CreatedAt: row.CreatedAt, LastLoginAt: row.LastLoginAt,
	}
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
