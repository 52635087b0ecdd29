package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// groupPayload is what events tell of a group.
type groupPayload struct {
	GroupID string `json:"group_id"`
}

// Groups returns the groups of scope that pass the filter, in order of their names.
func (s *Store) Groups(ctx context.Context, scope fleet.Scope, f fleet.GroupFilter) ([]fleet.Group, error) {
	rows, err := s.q.ListGroups(ctx, sqlgen.ListGroupsParams{
		Every: scope.All, Scope: scope.Groups, Text: f.Text, After: f.After, MaxRows: maxRows(f.Limit),
	})
	if err != nil {
		return nil, translate(err)
	}
	groups := make([]fleet.Group, len(rows))
	for i, row := range rows {
		groups[i] = group(sqlgen.GetGroupRow(row))
	}
	return groups, nil
}

// Group returns one group of scope.
func (s *Store) Group(ctx context.Context, scope fleet.Scope, id string) (fleet.Group, error) {
	row, err := s.q.GetGroup(ctx, id, scope.All, scope.Groups)
	return group(row), found(err, "group")
}

func group(row sqlgen.GetGroupRow) fleet.Group {
	return fleet.Group{
		ID: row.ID, Name: row.Name, Description: row.Description, HostCount: int(row.HostCount),
		UserCount: int(row.UserCount), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// CreateGroup makes a group, which only administrators may.
func (s *Store) CreateGroup(ctx context.Context, by fleet.Caller, g fleet.Group) (string, error) {
	if err := by.RequireAdmin(); err != nil {
		return "", err
	}
	id := newID()
	return id, s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := q.InsertGroup(ctx, id, g.Name, g.Description); err != nil {
			return err
		}
		return recordGroup(ctx, q, by, "group.create", id, groupDetail(g))
	})
}

// UpdateGroup replaces the name and description of a group, which only administrators may.
func (s *Store) UpdateGroup(ctx context.Context, by fleet.Caller, id string, g fleet.Group) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := administerGroup(ctx, q, by, id); err != nil {
			return err
		}
		if _, err := q.UpdateGroup(ctx, g.Name, g.Description, id); err != nil {
			return err
		}
		return recordGroup(ctx, q, by, "group.update", id, groupDetail(g))
	})
}

// DeleteGroup deletes a group with its windows and memberships, which only administrators may. Hosts that were in no
// other group belong to administrators then.
func (s *Store) DeleteGroup(ctx context.Context, by fleet.Caller, id string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := administerGroup(ctx, q, by, id); err != nil {
			return err
		}
		if err := q.LockCommonWindows(ctx); err != nil {
			return err
		}
		// While the memberships still say which hosts these are.
		if err := q.WakeHostsOfGroup(ctx, "group deleted", id); err != nil {
			return err
		}
		if _, err := q.DeleteGroup(ctx, id); err != nil {
			return err
		}
		return recordGroup(ctx, q, by, "group.delete", id, nil)
	})
}

// administerGroup locks a group for an administrator. Who sees the group is told that it takes one, others that there is
// no such group.
func administerGroup(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, id string) error {
	sees := by.Sees()
	if _, err := q.LockGroup(ctx, id, sees.All, sees.Groups); err != nil {
		return found(err, "group")
	}
	return by.RequireAdmin()
}

func groupDetail(g fleet.Group) map[string]any {
	return map[string]any{"name": g.Name, "description": g.Description}
}

func recordGroup(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, action, id string, detail map[string]any) error {
	if err := writeEvent(ctx, q, eventGroupChanged, id, []string{id}, false, groupPayload{id}); err != nil {
		return err
	}
	return writeAudit(ctx, q, by.Actor(), action, "group", id, detail)
}
