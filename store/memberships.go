package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// GroupUsers returns the members of a group in order of their names, which only administrators may see.
func (s *Store) GroupUsers(ctx context.Context, by fleet.Caller, groupID string, f fleet.UserFilter) ([]fleet.Member, error) {
	sees := by.Sees()
	if _, err := s.q.GetGroup(ctx, groupID, sees.All, sees.Groups); err != nil {
		return nil, found(err, "group")
	}
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	rows, err := s.q.ListGroupUsers(ctx, groupID, f.After, maxRows(f.Limit))
	if err != nil {
		return nil, translate(err)
	}
	members := make([]fleet.Member, len(rows))
	for i, row := range rows {
		members[i] = fleet.Member{UserID: row.ID, Name: row.Name, DisplayName: row.DisplayName, Role: fleet.Role(row.Role), BySignOn: row.BySignOn}
	}
	return members, nil
}

// PutGroupUser gives a user a role in a group, which only administrators may.
func (s *Store) PutGroupUser(ctx context.Context, by fleet.Caller, groupID, userID string, role fleet.Role) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := administerGroup(ctx, q, by, groupID); err != nil {
			return err
		}
		if err := q.PutGroupUser(ctx, groupID, userID, string(role)); err != nil {
			return err
		}
		return recordGroup(ctx, q, by, "group.user.put", groupID, map[string]any{"user_id": userID, "role": role})
	})
}

// DeleteGroupUser takes a user out of a group, which only administrators may.
func (s *Store) DeleteGroupUser(ctx context.Context, by fleet.Caller, groupID, userID string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := administerGroup(ctx, q, by, groupID); err != nil {
			return err
		}
		removed, err := q.DeleteGroupUser(ctx, groupID, userID)
		if err != nil {
			return err
		}
		if removed == 0 {
			return fleet.NotFound("membership")
		}
		return recordGroup(ctx, q, by, "group.user.delete", groupID, map[string]any{"user_id": userID})
	})
}

// PutGroupHost puts a host into a group: the caller operates every group of the host and the one it enters.
func (s *Store) PutGroupHost(ctx context.Context, by fleet.Caller, groupID, hostID string) error {
	return s.changeGroupHost(ctx, by, groupID, hostID, func(groups []string) ([]string, error) {
		return union(groups, []string{groupID}), nil
	})
}

// DeleteGroupHost takes a host out of a group: the caller operates every group of the host, and who is no administrator
// leaves it in one.
func (s *Store) DeleteGroupHost(ctx context.Context, by fleet.Caller, groupID, hostID string) error {
	return s.changeGroupHost(ctx, by, groupID, hostID, func(groups []string) ([]string, error) {
		if !slices.Contains(groups, groupID) {
			return nil, fleet.NotFound("membership")
		}
		return missing(groups, []string{groupID}), nil
	})
}

func (s *Store) changeGroupHost(
	ctx context.Context, by fleet.Caller, groupID, hostID string, change func(groups []string) ([]string, error),
) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		sees := by.Sees()
		if _, err := q.GetGroup(ctx, groupID, sees.All, sees.Groups); err != nil {
			return found(err, "group")
		}
		host, err := lockHost(ctx, q, by, hostID)
		if err != nil {
			return err
		}
		wanted, err := change(host.groups)
		if err != nil {
			return err
		}
		groups, err := moveHost(ctx, q, by, host, &wanted)
		if err != nil {
			return err
		}
		return recordMembership(ctx, q, by, host, groups)
	})
}

func recordMembership(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, groups []string) error {
	if err := writeWakeup(ctx, q, &host.id, nil, nil, "groups of the host changed"); err != nil {
		return err
	}
	if err := writeEvent(ctx, q, eventHostChanged, host.id, union(host.groups, groups), false, hostPayload{host.id}); err != nil {
		return err
	}
	return writeAudit(ctx, q, by.Actor(), "host.groups", "host", host.id, map[string]any{"group_ids": groups})
}
