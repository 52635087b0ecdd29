package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// maxNamedErrors bounds how many unknown ids one answer names.
const maxNamedErrors = 20

// JobCandidates returns the hosts that CreateJob would take for the same request, in order of their fqdn, as things are
// now, or refuses it as CreateJob would. Ages says which results count. Their health is that of the last results, as the gate
// would find it.
func (s *Store) JobCandidates(
	ctx context.Context, by fleet.Caller, r fleet.JobRequest, ages fleet.ResultAges,
) ([]fleet.JobCandidate, error) {
	var ids []string
	err := s.tx(ctx, func(tx pgx.Tx, q *sqlgen.Queries) (err error) {
		ids, err = resolveHosts(ctx, tx, q, by, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	sees := by.Sees()
	args := viewArgs(sees, ages)
	args["ids"] = ids
	hosts, err := s.queryHosts(ctx, hostSelect(byResult)+" and h.id = any(@ids::uuid[]) order by lower(h.fqdn)", args)
	if err != nil {
		return nil, err
	}
	attempts, err := s.q.UnfinishedAttempts(ctx, ids)
	if err != nil {
		return nil, translate(err)
	}
	return candidates(hosts, attempts), nil
}

func candidates(hosts []fleet.HostView, attempts []sqlgen.UnfinishedAttemptsRow) []fleet.JobCandidate {
	unsettled := make(map[string]bool, len(attempts))
	for _, a := range attempts {
		unsettled[a.HostID] = a.Unsettled
	}
	out := make([]fleet.JobCandidate, len(hosts))
	for i, h := range hosts {
		open, busy := unsettled[h.ID]
		out[i] = fleet.JobCandidate{HostView: h, Busy: busy, Unsettled: open}
	}
	return out
}

// resolveHosts returns the hosts that a request means, each once. Every one is operated by the caller; one that is not
// seen refuses the whole request, which names it as unknown.
func resolveHosts(ctx context.Context, tx pgx.Tx, q *sqlgen.Queries, by fleet.Caller, r fleet.JobRequest) ([]string, error) {
	if err := operatesGroups(ctx, q, by, r.GroupIDs); err != nil {
		return nil, err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(r.HostIDs)))
	if err := operatesHosts(ctx, q, by, r.HostIDs, ids); err != nil {
		return nil, err
	}
	ofGroups, err := q.HostsOfGroups(ctx, append([]string{}, r.GroupIDs...))
	if err != nil {
		return nil, fmt.Errorf("read hosts of groups: %w", err)
	}
	matching, err := matchingHosts(ctx, tx, by, r.Matching)
	if err != nil {
		return nil, err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(slices.Concat(ids, ofGroups, matching))))
	return ids, boundHosts(len(ids), r.Matching != nil)
}

// matchingHosts returns the hosts that match, as a list shows them to the caller, and that the caller operates.
func matchingHosts(ctx context.Context, tx pgx.Tx, by fleet.Caller, m *fleet.HostMatch) ([]string, error) {
	if m == nil {
		return nil, nil
	}
	q, operates := matchHostsNow(by.Sees(), *m), by.Operates()
	q.when(!operates.All, "h.id in (select gh.host_id from group_hosts gh where gh.group_id = any(@operates::uuid[]))",
		pgx.NamedArgs{"operates": operates.Groups})
	return hostIDs(ctx, tx, "select h.id"+q.from(), q.args)
}

// boundHosts refuses what no job may have, naming what made it so many or so few.
func boundHosts(n int, matching bool) error {
	switch {
	case n == 0 && matching:
		return fleet.Invalid("matching", "no host that you operate matches; a job needs at least one")
	case n == 0:
		return fleet.Invalid("group_ids", "these groups have no hosts; a job needs at least one")
	case n > fleet.MaxJobHosts && matching:
		return fleet.Invalid("matching", "these are %d hosts, a job has at most %d", n, fleet.MaxJobHosts)
	case n > fleet.MaxJobHosts:
		return fleet.Invalid("group_ids", "these are %d hosts, a job has at most %d", n, fleet.MaxJobHosts)
	}
	return nil
}

func operatesGroups(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, groups []string) error {
	existing, err := q.ExistingGroups(ctx, append([]string{}, groups...))
	if err != nil {
		return fmt.Errorf("read groups: %w", err)
	}
	sees, operates := by.Sees(), by.Operates()
	for i, g := range groups {
		if !slices.Contains(existing, g) || !sees.HoldsGroup(g) {
			return fleet.Invalid(fmt.Sprintf("group_ids[%d]", i), "unknown group %s", g)
		}
		if !operates.HoldsGroup(g) {
			return fleet.Forbidden("operator_required", "this takes the operator role in group %s", g)
		}
	}
	return nil
}

func operatesHosts(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, asked, ids []string) error {
	sees, operates := by.Sees(), by.Operates()
	rows, err := q.SeenHosts(ctx, sqlgen.SeenHostsParams{
		OperatesEvery: operates.All, Operates: operates.Groups, IDs: ids, Every: sees.All, Scope: sees.Groups,
	})
	if err != nil {
		return fmt.Errorf("read hosts: %w", err)
	}
	operated := make(map[string]bool, len(rows))
	for _, row := range rows {
		operated[row.ID] = row.Operated
	}
	if err := unknownHosts(asked, operated); err != nil {
		return err
	}
	for _, row := range rows {
		if !row.Operated {
			return fleet.Forbidden("operator_required", "this takes the operator role in a group of host %s", row.FQDN)
		}
	}
	return nil
}

func unknownHosts(asked []string, seen map[string]bool) error {
	var unknown []error
	for i, id := range asked {
		if _, ok := seen[id]; !ok && len(unknown) < maxNamedErrors {
			unknown = append(unknown, fleet.Invalid(fmt.Sprintf("host_ids[%d]", i), "unknown host %s", id))
		}
	}
	return errors.Join(unknown...)
}
