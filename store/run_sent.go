package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// RecordAccepted keeps the agent's job id of an attempt and moves its host on. It holds also where the run gave the
// request up for lost meanwhile, since the sender knows better; not once the attempt is finished (KindConflict).
func (s *Store) RecordAccepted(ctx context.Context, a fleet.Attempt, jobID, hostID, agentJobID string) error {
	return s.sent(ctx, a, jobID, hostID, fleet.AttemptAccepted, agentJobID, "", func(q *sqlgen.Queries) error {
		return savePhase(ctx, q, jobID, hostID, fleet.PhaseApplying, "", agentJobID)
	})
}

// RecordUnknown keeps that nobody knows whether the agent took the request; it is never sent again.
func (s *Store) RecordUnknown(ctx context.Context, a fleet.Attempt, jobID, hostID, detail string) error {
	return s.sent(ctx, a, jobID, hostID, fleet.AttemptUnknown, "", detail, func(q *sqlgen.Queries) error {
		return savePhase(ctx, q, jobID, hostID, fleet.PhaseApplying, detail, "")
	})
}

// RecordRefused keeps that the agent did not take the request, or that nothing was sent, and frees slot and host. What
// becomes of the job host is for the caller to store.
func (s *Store) RecordRefused(ctx context.Context, a fleet.Attempt, jobID, hostID, detail string) error {
	return s.sent(ctx, a, jobID, hostID, fleet.AttemptRefused, "", detail, func(q *sqlgen.Queries) error {
		if err := q.ReleaseAttempts(ctx, true, jobID, hostID); err != nil {
			return fmt.Errorf("release attempt: %w", err)
		}
		if _, err := q.WakeHostBusy(ctx, hostID, jobID); err != nil {
			return fmt.Errorf("wake jobs that wait for the host: %w", err)
		}
		return savePhase(ctx, q, jobID, hostID, fleet.PhaseDispatching, detail, "")
	})
}

// sent records what became of a request. The row of the job host is locked first, as everywhere.
func (s *Store) sent(
	ctx context.Context, a fleet.Attempt, jobID, hostID string, state fleet.AttemptState, agentJobID, detail string,
	then func(*sqlgen.Queries) error,
) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if _, err := q.LockJobHost(ctx, jobID, hostID); err != nil {
			return found(err, "job host")
		}
		n, err := q.SaveAttemptSent(ctx, string(state), orNull(agentJobID), detail, a.ID)
		if err != nil {
			return fmt.Errorf("record what was sent: %w", err)
		}
		if n == 0 {
			return fleet.Conflict("attempt_finished", "the attempt was recorded before")
		}
		return then(q)
	})
}

// MarkUnknown gives a request up whose sender was lost, once nobody can send it any more; before that it reports false.
func (s *Store) MarkUnknown(ctx context.Context, a fleet.Attempt) (bool, error) {
	n, err := s.q.MarkAttemptUnknown(ctx, a.ID)
	return n == 1, translate(err)
}

// PrepareReboot commits the intent to reboot; it reports false where that was done before, by whomever.
func (s *Store) PrepareReboot(ctx context.Context, a fleet.Attempt, jobID, hostID string) (bool, error) {
	prepared := false
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if _, err := q.LockJobHost(ctx, jobID, hostID); err != nil {
			return found(err, "job host")
		}
		n, err := q.PrepareReboot(ctx, a.ID)
		if prepared = n == 1; err != nil || !prepared {
			return err
		}
		if err := q.MarkAttempted(ctx, jobID, hostID); err != nil {
			return fmt.Errorf("mark attempted: %w", err)
		}
		return savePhase(ctx, q, jobID, hostID, fleet.PhaseRebooting, "", "")
	})
	return prepared, err
}

// RecordReboot moves the reboot of an attempt on from one of the given states; it reports false where it is in none.
func (s *Store) RecordReboot(ctx context.Context, a fleet.Attempt, to fleet.RebootState, from ...fleet.RebootState) (bool, error) {
	states := make([]string, len(from))
	for i, f := range from {
		states[i] = string(f)
	}
	n, err := s.q.SaveReboot(ctx, string(to), a.ID, states)
	return n == 1, translate(err)
}
