package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Windows returns the windows of an owner that scope covers; those of the site are everybody's to see.
func (s *Store) Windows(ctx context.Context, scope fleet.Scope, o fleet.WindowOwner, f fleet.WindowFilter) ([]fleet.Window, error) {
	if err := s.ownerSeen(ctx, scope, o); err != nil {
		return nil, err
	}
	hostID, groupID := ownerIDs(o)
	return s.listWindows(ctx, sqlgen.ListWindowsParams{
		OwnerScope: string(o.Scope), HostID: hostID, GroupID: groupID, After: orNull(f.After),
		Every: scope.All, Scope: scope.Groups, MaxRows: int32(f.Limit), //nolint:gosec // a page
	})
}

// Window returns one window of an owner that scope covers.
func (s *Store) Window(ctx context.Context, scope fleet.Scope, o fleet.WindowOwner, id string) (fleet.Window, error) {
	if err := s.ownerSeen(ctx, scope, o); err != nil {
		return fleet.Window{}, err
	}
	hostID, groupID := ownerIDs(o)
	windows, err := s.listWindows(ctx, sqlgen.ListWindowsParams{
		OwnerScope: string(o.Scope), HostID: hostID, GroupID: groupID, ID: &id, Every: scope.All, Scope: scope.Groups, MaxRows: 1,
	})
	if err != nil {
		return fleet.Window{}, err
	}
	if len(windows) == 0 {
		return fleet.Window{}, errNoWindow
	}
	return windows[0], nil
}

var errNoWindow = fleet.NotFound("maintenance window")

func (s *Store) listWindows(ctx context.Context, p sqlgen.ListWindowsParams) ([]fleet.Window, error) {
	rows, err := s.q.ListWindows(ctx, p)
	if err != nil {
		return nil, translate(err)
	}
	windows := make([]fleet.Window, len(rows))
	for i, row := range rows {
		if windows[i], err = toWindow(row); err != nil {
			return nil, err
		}
	}
	return windows, nil
}

func (s *Store) ownerSeen(ctx context.Context, scope fleet.Scope, o fleet.WindowOwner) error {
	switch o.Scope {
	case fleet.ScopeHost:
		seen, err := s.q.HostSeen(ctx, o.ID, scope.All, scope.Groups)
		if err != nil {
			return translate(err)
		}
		if !seen {
			return fleet.NotFound("host")
		}
	case fleet.ScopeGroup:
		_, err := s.q.GetGroup(ctx, o.ID, scope.All, scope.Groups)
		return found(err, "group")
	case fleet.ScopeSite:
	}
	return nil
}

// CreateWindow adds a window to its owner, which the caller operates; the site's are the administrators'.
func (s *Store) CreateWindow(ctx context.Context, by fleet.Caller, w fleet.Window) (string, error) {
	w.ID = newID()
	return w.ID, s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		groups, err := lockOwner(ctx, q, by, w.Owner())
		if err != nil {
			return err
		}
		hostID, groupID := ownerIDs(w.Owner())
		n, err := q.CountWindows(ctx, string(w.Scope), hostID, groupID)
		if err != nil {
			return err
		}
		if n >= fleet.MaxWindowsPerOwner {
			return fleet.Conflict("limit_exceeded", "there are %d windows already, at most %d may be", n, fleet.MaxWindowsPerOwner)
		}
		if err := q.InsertWindow(ctx, windowRow(w)); err != nil {
			return err
		}
		return recordWindow(ctx, q, by, "maintenance_window.create", w, groups)
	})
}

// UpdateWindow replaces a window of an owner that the caller operates.
func (s *Store) UpdateWindow(ctx context.Context, by fleet.Caller, w fleet.Window) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		groups, err := lockOwner(ctx, q, by, w.Owner())
		if err != nil {
			return err
		}
		n, err := q.UpdateWindow(ctx, windowUpdateRow(w))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoWindow
		}
		return recordWindow(ctx, q, by, "maintenance_window.update", w, groups)
	})
}

// DeleteWindow removes a window of an owner that the caller operates.
func (s *Store) DeleteWindow(ctx context.Context, by fleet.Caller, o fleet.WindowOwner, id string) error {
	w := fleet.Window{ID: id}
	w.Own(o)
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		groups, err := lockOwner(ctx, q, by, o)
		if err != nil {
			return err
		}
		hostID, groupID := ownerIDs(o)
		n, err := q.DeleteWindow(ctx, id, string(o.Scope), hostID, groupID)
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoWindow
		}
		return recordWindow(ctx, q, by, "maintenance_window.delete", w, groups)
	})
}

// lockOwner locks the owner of windows for somebody who operates it, and returns the groups that hear of a change.
func lockOwner(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, o fleet.WindowOwner) ([]string, error) {
	switch o.Scope {
	case fleet.ScopeHost:
		host, err := lockHost(ctx, q, by, o.ID)
		return host.groups, err
	case fleet.ScopeGroup:
		sees := by.Sees()
		if _, err := q.LockGroup(ctx, o.ID, sees.All, sees.Groups); err != nil {
			return nil, found(err, "group")
		}
		if !by.Operates().HoldsGroup(o.ID) {
			return nil, fleet.Forbidden("operator_required", "this takes the operator role in the group")
		}
		return []string{o.ID}, q.LockCommonWindows(ctx)
	case fleet.ScopeSite:
	}
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	return nil, q.LockCommonWindows(ctx)
}
