package workflows_test

import (
	"context"
	"slices"

	"github.com/patch-manager/patch-manager/fleet"
)

// locked runs do under the lock of the world, as one transaction.
func (w *world) locked(do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return do()
}

func (w *world) Run(_ context.Context, _, hostID string) (r fleet.Run, err error) {
	err = w.locked(func() error { r = w.read(hostID); return nil })
	return r, err
}

func (w *world) read(hostID string) fleet.Run {
	m := w.hosts[hostID]
	r := fleet.Run{Job: w.job, Row: m.row, Host: m.host, Windows: slices.Clone(m.windows), Evidence: slices.Clone(m.checks), Now: w.now()}
	for _, other := range w.hosts {
		if other.row.Status == fleet.StatusIndeterminate || (other.row.Status == fleet.StatusFailed && other.row.Attempted) {
			r.Job.Failures++
		}
	}
	for _, a := range m.attempts {
		if a.State == fleet.AttemptRefused {
			r.Refusals++
			continue
		}
		copied := *a
		r.Attempt = &copied
	}
	return r
}

func (w *world) KnownAgentJobs(_ context.Context, hostID string) (known []string, err error) {
	err = w.locked(func() error {
		for _, a := range w.hosts[hostID].attempts {
			known = append(known, a.AgentJobID)
		}
		return nil
	})
	return known, err
}

func (w *world) SaveWaiting(_ context.Context, _, hostID string, wait fleet.Waiting) error {
	return w.locked(func() error {
		m := w.hosts[hostID]
		if m.broken {
			return fleet.Invalid("", "broken")
		}
		if m.row.Status.Terminal() || m.unfinished() != nil {
			return fleet.Conflict("job_host_moved", "moved")
		}
		now := w.now()
		if wait.Status == fleet.StatusWaitingSlot && m.row.SlotWaitStarted == nil {
			m.row.SlotWaitStarted = &now
		}
		if wait.Status != fleet.StatusWaitingSlot && m.row.SlotWaitStarted != nil {
			m.row.SlotWait += now.Sub(*m.row.SlotWaitStarted)
			m.row.SlotWaitStarted = nil
		}
		m.row.Status, m.row.Phase, m.row.Reason, m.row.Detail = wait.Status, "", wait.Wait.Reason, wait.Wait.Detail
		m.row.Wait, m.row.Span = &wait.Wait, wait.Span
		m.row.Attempted = m.row.Attempted && !wait.Unattempted
		if wait.Entered && m.row.SpanEnteredAt == nil {
			m.row.SpanEnteredAt = &now
		}
		if wait.StartGate && m.row.GateStartedAt == nil {
			m.row.GateStartedAt = &now
		}
		if wait.Evaluation != nil {
			m.evaluations = append(m.evaluations, *wait.Evaluation)
		}
		return nil
	})
}

func (w *world) SaveEvaluation(_ context.Context, _, hostID string, e fleet.Evaluation) error {
	return w.locked(func() error { w.hosts[hostID].evaluations = append(w.hosts[hostID].evaluations, e); return nil })
}

func (w *world) EndWaiting(_ context.Context, _, hostID string, e fleet.Ending) (bool, error) {
	return w.finish(hostID, e, false)
}

func (w *world) EndAttempt(_ context.Context, _, hostID string, e fleet.Ending) (bool, error) {
	return w.finish(hostID, e, true)
}

func (w *world) finish(hostID string, e fleet.Ending, dispatched bool) (woke bool, err error) {
	err = w.locked(func() error {
		m := w.hosts[hostID]
		a := m.unfinished()
		if m.row.Status.Terminal() || (a != nil) != dispatched {
			return fleet.Conflict("job_host_ended", "ended")
		}
		if a != nil {
			w.release(a, e.Status != fleet.StatusIndeterminate)
		}
		m.row.Status, m.row.Phase, m.row.Reason, m.row.Detail, m.row.Wait = e.Status, "", e.Reason, e.Detail, nil
		m.row.Attempted = m.row.Attempted && !e.Unattempted
		woke = w.read(hostID).Job.Failures >= w.job.MaxFailures && e.Status == fleet.StatusFailed
		return nil
	})
	return woke, err
}

func (w *world) release(a *fleet.Attempt, finished bool) {
	now := w.now()
	a.SlotReleasedAt = &now
	if finished {
		a.FinishedAt = &now
	}
}

func (m *member) unfinished() *fleet.Attempt {
	for _, a := range m.attempts {
		if a.FinishedAt == nil {
			return a
		}
	}
	return nil
}

func (w *world) held() int {
	n := 0
	for _, m := range w.hosts {
		for _, a := range m.attempts {
			if a.SlotReleasedAt == nil {
				n++
			}
		}
	}
	return n
}

func (w *world) Admit(_ context.Context, req fleet.AdmitRequest) (a fleet.Admission, err error) {
	err = w.locked(func() error {
		m := w.hosts[req.HostID]
		r := w.read(req.HostID)
		a = fleet.Admit(r, req, w.held(), m.busy)
		if a.Existed || a.Refusal != "" {
			return nil
		}
		state := fleet.AttemptPrepared
		switch {
		case req.Adopt != "":
			state = fleet.AttemptAccepted
		case req.RebootOnly:
			state = fleet.AttemptNone
		}
		attempt := fleet.Attempt{
			ID: req.AttemptID, Number: r.Refusals + 1, State: state, PreparedAt: r.Now, SendBefore: a.SendBefore,
			AgentJobsSeen: req.AgentJobs, AgentJobID: req.Adopt, Packages: req.Packages,
		}
		m.attempts = append(m.attempts, &attempt)
		m.evaluations = append(m.evaluations, fleet.Evaluation{
			At: a.Now, Verdict: string(a.Verdict.Code), Detail: a.Verdict.Detail, Checks: a.Verdict.Checks,
		})
		m.row.Status, m.row.Phase, m.row.Attempted, m.row.Wait = fleet.StatusRunning, fleet.PhaseDispatching, true, nil
		copied := attempt
		a.Attempt = &copied
		return nil
	})
	return a, err
}

// change guards a write to an attempt that is not finished.
func (w *world) change(id string, do func(*fleet.Attempt, *member)) (changed bool, err error) {
	err = w.locked(func() error {
		for _, m := range w.hosts {
			for _, a := range m.attempts {
				if a.ID == id && a.FinishedAt == nil {
					do(a, m)
					changed = true
				}
			}
		}
		return nil
	})
	return changed, err
}

func (w *world) sent(a fleet.Attempt, do func(*fleet.Attempt, *member)) error {
	if changed, _ := w.change(a.ID, do); !changed {
		return fleet.Conflict("attempt_finished", "finished")
	}
	return nil
}

func (w *world) RecordAccepted(_ context.Context, a fleet.Attempt, _, _, agentJobID string) error {
	return w.sent(a, func(a *fleet.Attempt, m *member) {
		a.State, a.AgentJobID, m.row.Phase = fleet.AttemptAccepted, agentJobID, fleet.PhaseApplying
	})
}

func (w *world) RecordUnknown(_ context.Context, a fleet.Attempt, _, _, _ string) error {
	return w.sent(a, func(a *fleet.Attempt, m *member) { a.State, m.row.Phase = fleet.AttemptUnknown, fleet.PhaseApplying })
}

func (w *world) RecordRefused(_ context.Context, a fleet.Attempt, _, _, _ string) error {
	return w.sent(a, func(a *fleet.Attempt, _ *member) { a.State = fleet.AttemptRefused; w.release(a, true) })
}

func (w *world) MarkUnknown(_ context.Context, a fleet.Attempt) (marked bool, err error) {
	_, err = w.change(a.ID, func(a *fleet.Attempt, _ *member) {
		if marked = w.now().After(a.SendBefore); marked {
			a.State = fleet.AttemptUnknown
		}
	})
	return marked, err
}

func (w *world) SavePhase(_ context.Context, _, hostID string, phase fleet.Phase, _ string) error {
	return w.locked(func() error { w.hosts[hostID].row.Phase = phase; return nil })
}

func (w *world) SaveProgress(context.Context, string, string, int) error { return nil }

func (w *world) SavePackages(_ context.Context, id string, packages []fleet.PackageResult) error {
	_, err := w.change(id, func(a *fleet.Attempt, _ *member) { a.Packages = packages })
	return err
}

func (w *world) OutputLength(_ context.Context, _, hostID string) (n int, err error) {
	err = w.locked(func() error { n = len(w.hosts[hostID].output); return nil })
	return n, err
}

func (w *world) AppendOutput(_ context.Context, _, hostID string, _ int, lines []string) error {
	return w.locked(func() error { w.hosts[hostID].output = append(w.hosts[hostID].output, lines...); return nil })
}

func (w *world) PrepareReboot(_ context.Context, a fleet.Attempt, _, _ string) (prepared bool, err error) {
	_, err = w.change(a.ID, func(a *fleet.Attempt, m *member) {
		if prepared = a.RebootState == "" || a.RebootState == fleet.RebootRefused; prepared {
			now := w.now()
			a.RebootState, a.RebootAt, m.row.Phase = fleet.RebootPrepared, &now, fleet.PhaseRebooting
		}
	})
	return prepared, err
}

func (w *world) RecordReboot(_ context.Context, a fleet.Attempt, to fleet.RebootState, from ...fleet.RebootState) (moved bool, err error) {
	_, err = w.change(a.ID, func(a *fleet.Attempt, _ *member) {
		if moved = slices.Contains(from, a.RebootState); moved {
			a.RebootState = to
		}
	})
	return moved, err
}

func (w *world) SlotWaiters(context.Context, string) (ids []string, err error) {
	err = w.locked(func() error {
		free := w.job.MaxParallel - w.held()
		for _, id := range w.order {
			if m := w.hosts[id]; free > 0 && m.row.Status == fleet.StatusWaitingSlot && m.row.Reason == fleet.WaitSlot {
				ids = append(ids, id)
				free--
			}
		}
		return nil
	})
	return ids, err
}

// The jobs as wholes.

const batchSize = 200

func (w *world) batches() int { return (len(w.order) + batchSize - 1) / batchSize }

func (w *world) StartJob(context.Context, string, string) (int, error) { return w.batches(), nil }

func (w *world) BatchHosts(_ context.Context, _ string, batch int) (out []fleet.BatchHost, err error) {
	err = w.locked(func() error {
		for _, id := range w.order[batch*batchSize : min(len(w.order), (batch+1)*batchSize)] {
			if m := w.hosts[id]; !m.row.Status.Terminal() {
				out = append(out, fleet.BatchHost{HostID: id, FQDN: m.row.FQDN, Zone: m.row.Zone})
			}
		}
		return nil
	})
	return out, err
}

func (w *world) CompleteJob(context.Context, string) (bool, error) {
	err := w.locked(func() error {
		w.done = !slices.ContainsFunc(w.order, func(id string) bool { return !w.hosts[id].row.Status.Terminal() })
		return nil
	})
	return w.done, err
}

func (w *world) CancelJob(_ context.Context, _ string, by fleet.Actor) error {
	return w.locked(func() error { w.job.CancelRequested, w.job.CancelledBy = true, by.Name; return nil })
}

func (w *world) CancelJobHost(_ context.Context, _, hostID string, by fleet.Actor) error {
	return w.locked(func() error {
		w.hosts[hostID].row.CancelRequested, w.hosts[hostID].row.CancelledBy = true, by.Name
		return nil
	})
}

func (w *world) UnfinishedJobs(context.Context) ([]string, error) { panic("not used by the runs") }
func (w *world) Wakeups(context.Context) ([]int64, []fleet.RunRef, error) {
	panic("not used by the runs")
}
func (w *world) DeleteWakeups(context.Context, []int64) error { panic("not used by the runs") }
