package store

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// StoreResults keeps results and moves the states of their checks, with one event for each check whose last result or
// what it shows changed between healthy and not; all of it or nothing. Writing a result again changes nothing, an older one than the stored state goes to
// the history only, and so does one of a check that was deleted or asks something else by now.
func (s *Store) StoreResults(ctx context.Context, results []fleet.Result) error {
	if len(results) == 0 {
		return nil
	}
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error { return storeResults(ctx, q, results) })
}

// StoreTestResult is StoreResults for the one result of a test that actor asked for, with its audit entry. It fails with
// KindNotFound where the check was deleted meanwhile.
func (s *Store) StoreTestResult(ctx context.Context, actor fleet.Actor, r fleet.Result) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if _, err := q.CheckWithHost(ctx, r.CheckID, r.HostID); err != nil {
			return found(err, "health check")
		}
		if err := storeResults(ctx, q, []fleet.Result{r}); err != nil {
			return err
		}
		return writeAudit(ctx, q, actor, "health_check.test", "health_check", r.CheckID,
			map[string]any{"host_id": r.HostID, "outcome": r.Outcome, "checked_at": r.CheckedAt.UTC()})
	})
}

// ReleasableRuns returns the job hosts that wait at the gate on one of the hosts, where every enabled check is healthy by
// now. It looks at how things are and not at what changed, so no recovery can be missed.
func (s *Store) ReleasableRuns(ctx context.Context, hostIDs []string) ([]fleet.RunRef, error) {
	rows, err := s.q.ReleasableRuns(ctx, hostIDs)
	if err != nil {
		return nil, translate(err)
	}
	keys := make([]fleet.RunRef, len(rows))
	for i, row := range rows {
		keys[i] = fleet.RunRef{JobID: row.JobID, HostID: row.HostID}
	}
	return keys, nil
}

func storeResults(ctx context.Context, q *sqlgen.Queries, results []fleet.Result) error {
	var moving, others []fleet.Result
	var changed []string
	for _, round := range rounds(results) {
		moved, err := moveStates(ctx, q, sqlgen.UpdateCheckStatesParams(stateColumns(round)))
		if err != nil {
			return err
		}
		for _, r := range round {
			switch change, ok := moved[r.CheckID]; {
			case !ok:
				others = append(others, r)
				continue
			case change:
				changed = append(changed, r.CheckID)
			}
			moving = append(moving, r)
		}
	}
	if len(moving) > 0 {
		if err := q.InsertResults(ctx, resultColumns(moving)); err != nil {
			return err
		}
	}
	if len(others) > 0 {
		p := sqlgen.InsertOtherResultsParams(resultColumns(others))
		if err := q.LockStates(ctx, p.CheckIDs); err != nil {
			return err
		}
		if err := q.InsertOtherResults(ctx, p); err != nil {
			return err
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return q.InsertChanges(ctx, eventCheckChanged, changed)
}

// moveStates updates the states that exist and makes those that do not. It returns the checks whose state moved, and
// whether it is another one or only newer.
func moveStates(ctx context.Context, q *sqlgen.Queries, p sqlgen.UpdateCheckStatesParams) (map[string]bool, error) {
	updated, err := q.UpdateCheckStates(ctx, p)
	if err != nil {
		return nil, err
	}
	moved := make(map[string]bool, len(p.CheckIDs))
	for _, row := range updated {
		moved[row.CheckID] = row.Changed
	}
	if len(updated) == len(p.CheckIDs) {
		return moved, nil
	}
	inserted, err := q.InsertCheckStates(ctx, sqlgen.InsertCheckStatesParams(p))
	for _, row := range inserted {
		moved[row.CheckID] = row.Changed
	}
	return moved, err
}

// rounds splits results so that each round has at most one of a check, the older ones in the earlier rounds: a state
// counts every result. Within a round they are in order of the checks, so that two writers lock in the same order.
func rounds(results []fleet.Result) [][]fleet.Result {
	sorted := slices.Clone(results)
	slices.SortStableFunc(sorted, func(a, b fleet.Result) int {
		if c := strings.Compare(a.CheckID, b.CheckID); c != 0 {
			return c
		}
		return a.CheckedAt.Compare(b.CheckedAt)
	})
	var split [][]fleet.Result
	round := 0
	for i, r := range sorted {
		if i > 0 && sorted[i-1].CheckID == r.CheckID {
			round++
		} else {
			round = 0
		}
		if round == len(split) {
			split = append(split, nil)
		}
		split[round] = append(split[round], r)
	}
	return split
}

func resultColumns(results []fleet.Result) sqlgen.InsertResultsParams {
	p := stateColumns(results)
	return sqlgen.InsertResultsParams{
		CheckIDs: p.CheckIDs, CheckedAts: p.CheckedAts, Outcomes: p.Outcomes, Details: p.Details, Latencies: p.Latencies,
	}
}

func stateColumns(results []fleet.Result) sqlgen.InsertCheckStatesParams {
	var p sqlgen.InsertCheckStatesParams
	for _, r := range results {
		p.CheckIDs = append(p.CheckIDs, r.CheckID)
		p.CheckedAts = append(p.CheckedAts, r.CheckedAt)
		p.Outcomes = append(p.Outcomes, string(r.Outcome))
		p.Details = append(p.Details, fleet.Clip(r.Detail))
		p.Latencies = append(p.Latencies, milliseconds(r.Latency))
		p.DefinedAts = append(p.DefinedAts, r.DefinedAt)
	}
	return p
}

// milliseconds is d as the column holds it: not negative, and at most 24 days.
func milliseconds(d time.Duration) int32 {
	return int32(min(max(d.Milliseconds(), 0), math.MaxInt32))
}
