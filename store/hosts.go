package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// CreateHost registers a host. Who is no administrator must put it into at least one group, and operate all of them.
func (s *Store) CreateHost(ctx context.Context, by fleet.Caller, in fleet.HostInput) (id string, err error) {
	err = s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		id, err = createHost(ctx, q, by, in)
		return err
	})
	return id, err
}

func createHost(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, in fleet.HostInput) (string, error) {
	id, groups := newID(), []string{}
	if in.GroupIDs != nil {
		groups = *in.GroupIDs
	}
	if err := mayEnterGroups(ctx, q, by, groups, groups); err != nil {
		return "", err
	}
	err := q.InsertHost(ctx, sqlgen.InsertHostParams{
		ID: id, FQDN: in.FQDN, Address: in.Address, AgentPort: maxRows(in.AgentPort), DisplayName: in.DisplayName,
		Labels: labelsJSON(in.Labels), Zone: in.Zone, InheritWindows: in.InheritWindows,
	})
	if err != nil {
		return "", err
	}
	if err := q.AddHostToGroups(ctx, id, groups); err != nil {
		return "", err
	}
	return id, recordHost(ctx, q, by, "host.create", hostChange{id: id, in: in, groups: groups})
}

// UpdateHost replaces a host. Changing its groups takes the operator role in all that it is in and in all it enters. Another
// name revokes its certificates, which are for the one before: that may be another host's from now on.
func (s *Store) UpdateHost(ctx context.Context, by fleet.Caller, id string, in fleet.HostInput) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		host, err := lockHost(ctx, q, by, id)
		if err != nil {
			return err
		}
		groups, err := moveHost(ctx, q, by, host, in.GroupIDs)
		if err != nil {
			return err
		}
		err = q.UpdateHost(ctx, sqlgen.UpdateHostParams{
			ID: id, FQDN: in.FQDN, Address: in.Address, AgentPort: maxRows(in.AgentPort), DisplayName: in.DisplayName,
			Labels: labelsJSON(in.Labels), Zone: in.Zone, InheritWindows: in.InheritWindows,
		})
		if err != nil {
			return err
		}
		if err := writeWakeup(ctx, q, &id, nil, nil, "host edited"); err != nil {
			return err
		}
		revoked, err := revokeFormer(ctx, q, by, host, in.FQDN)
		if err != nil {
			return fmt.Errorf("revoke certificates of renamed host: %w", err)
		}
		return recordHost(ctx, q, by, "host.update", hostChange{id: id, in: in, groups: union(host.groups, groups), revoked: revoked})
	})
}

// revokeFormer revokes what was issued for a name that the host has no more.
func revokeFormer(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, fqdn string) ([]string, error) {
	if strings.EqualFold(host.fqdn, fqdn) {
		return nil, nil
	}
	return revokeIssued(ctx, q, by, host, "", "the host was renamed")
}

// DeleteHost forgets a host with its checks and windows, and revokes its certificates, so that the machine can not pass
// for a host that gets the name later; rows of jobs outlive it. It is refused while an attempt to patch
// the host has no end, since nobody could settle it afterwards.
func (s *Store) DeleteHost(ctx context.Context, by fleet.Caller, id string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		host, err := lockHost(ctx, q, by, id)
		if err != nil {
			return err
		}
		if err := operatesEveryGroup(by, host.groups); err != nil {
			return err
		}
		if _, err := q.LockHostForDelete(ctx, id); err != nil {
			return err
		}
		unfinished, err := q.HostHasUnfinishedAttempt(ctx, id)
		if err != nil {
			return err
		}
		if unfinished {
			return fleet.Conflict("attempt_unfinished", "the host has a patch that is not finished; wait for its end or settle it")
		}
		if err := q.DeleteHost(ctx, id); err != nil {
			return err
		}
		if err := q.KeepGroupsOfDeletedHost(ctx, host.groups, id); err != nil {
			return fmt.Errorf("keep groups of deleted host: %w", err)
		}
		revoked, err := revokeIssued(ctx, q, by, host, "", "the host was deleted")
		if err != nil {
			return fmt.Errorf("revoke certificates of deleted host: %w", err)
		}
		return recordHostDeletion(ctx, q, by, host, revoked)
	})
}

func recordHostDeletion(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, revoked []string) error {
	if err := writeWakeup(ctx, q, &host.id, nil, nil, "host deleted"); err != nil {
		return err
	}
	if err := writeEvent(ctx, q, eventHostDeleted, host.id, host.groups, false, hostPayload{host.id}); err != nil {
		return err
	}
	return writeAudit(ctx, q, by.Actor(), "host.delete", "host", host.id, map[string]any{
		"fqdn": host.fqdn, "revoked_certificates": revoked,
	})
}

// lockedHost is a host that this transaction alone may change.
type lockedHost struct {
	id, fqdn string
	groups   []string
}

// lockHost locks a host that by operates. It is not found where by does not see it.
func lockHost(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, id string) (lockedHost, error) {
	sees := by.Sees()
	fqdn, err := q.LockHost(ctx, id, sees.All, sees.Groups)
	if err != nil {
		return lockedHost{}, found(err, "host")
	}
	groups, err := q.GroupsOfHost(ctx, id)
	if err != nil {
		return lockedHost{}, err
	}
	if !sees.Holds(groups) {
		return lockedHost{}, fleet.NotFound("host")
	}
	if !by.Operates().Holds(groups) {
		return lockedHost{}, errNotOperator
	}
	return lockedHost{id: id, fqdn: fqdn, groups: groups}, nil
}

// errNotOperator is for callers who see a thing and may not change it.
var errNotOperator = fleet.Forbidden("operator_required", "this takes the operator role in a group of the host")

// moveHost puts a host into exactly the groups wanted, nil leaving all as it is, and returns those it is in then.
func moveHost(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, wanted *[]string) ([]string, error) {
	if wanted == nil {
		return host.groups, nil
	}
	added, removed := missing(*wanted, host.groups), missing(host.groups, *wanted)
	sees := by.Sees()
	visible := slices.DeleteFunc(slices.Clone(removed), func(g string) bool { return !sees.HoldsGroup(g) })
	if len(added) == 0 && len(visible) == 0 {
		return host.groups, nil
	}
	if err := operatesEveryGroup(by, host.groups); err != nil {
		return nil, err
	}
	if err := mayEnterGroups(ctx, q, by, *wanted, added); err != nil {
		return nil, err
	}
	if err := q.AddHostToGroups(ctx, host.id, added); err != nil {
		return nil, err
	}
	_, err := q.RemoveHostFromGroups(ctx, host.id, removed)
	return *wanted, err
}

func operatesEveryGroup(by fleet.Caller, groups []string) error {
	operates := by.Operates()
	for _, g := range groups {
		if !operates.HoldsGroup(g) {
			return fleet.Forbidden("out_of_scope", "this takes the operator role in every group of the host")
		}
	}
	return nil
}

// mayEnterGroups checks that a host may be in exactly groups, of which added are new to it.
func mayEnterGroups(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, groups, added []string) error {
	if len(groups) == 0 && !by.Admin {
		return fleet.Invalid("group_ids", "must name at least one of your groups: a host in no group belongs to administrators")
	}
	existing, err := q.ExistingGroups(ctx, added)
	if err != nil {
		return err
	}
	sees, operates := by.Sees(), by.Operates()
	for _, g := range added {
		if !slices.Contains(existing, g) || !sees.HoldsGroup(g) {
			return fleet.Invalid(fmt.Sprintf("group_ids[%d]", slices.Index(groups, g)), "unknown group %s", g)
		}
		if !operates.HoldsGroup(g) {
			return fleet.Forbidden("operator_required", "this takes the operator role in group %s", g)
		}
	}
	return nil
}
