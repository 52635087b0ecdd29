package activities

import (
	"context"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// PlanHost decides from the calendar alone whether a host may be dispatched now, must wait or ended. It needs only the
// database, so it decides also where no worker can reach the host.
func (a *Runs) PlanHost(ctx context.Context, ref HostRef) (Step, error) {
	step, err := a.planHost(ctx, ref)
	return step, retryable(err)
}

func (a *Runs) planHost(ctx context.Context, ref HostRef) (Step, error) {
	r, err := a.load(ctx, ref)
	if err != nil {
		return Step{}, err
	}
	if step, ok, err := r.resume(ctx); ok || err != nil {
		return step, err
	}
	plan := fleet.PlanRun(r.Run, a.policy.Cutoffs.For(r.Job.AllowReboot))
	if w := r.databaseApart(); w != nil && plan.ByClock() {
		return r.awaitClocks(ctx, *w, false)
	}
	if plan.Kind != fleet.PlanGo {
		return r.obey(ctx, plan)
	}
	if r.Row.Status != fleet.StatusWaitingHealthCheck && r.Row.Status != fleet.StatusWaitingSlot {
		// Entered from here on, even where the zone's workers are gone and the gate is never reached.
		w := fleet.Waiting{Status: fleet.StatusWaitingHealthCheck, Span: plan.Span, Entered: true, StartGate: true, Wait: fleet.Wait{
			Reason: fleet.WaitHealthCheck, Detail: "the gate has not been asked yet", Until: orNil(plan.Deadline),
			Unblocks: "a worker of zone " + r.Host.Zone,
		}}
		if err := a.store.SaveWaiting(ctx, ref.JobID, ref.HostID, w); err != nil {
			return Step{}, err
		}
	}
	return Step{Next: StepDispatch, Status: fleet.StatusWaitingHealthCheck, Deadline: plan.Deadline, Zone: r.Host.Zone}, nil
}

// obey stores a plan that lets nothing be dispatched.
func (r *run) obey(ctx context.Context, plan fleet.Plan) (Step, error) {
	if plan.Kind == fleet.PlanEnd {
		return r.end(ctx, fleet.Ending{Status: plan.Status, Reason: plan.Reason, Detail: plan.Detail})
	}
	return r.wait(ctx, fleet.Waiting{
		Status: fleet.StatusWaitingWindow, Wait: plan.Wait, Span: plan.Span, StartGate: plan.Wait.Reason == fleet.WaitBlackout,
	}, plan.Deadline)
}

// wait stores that the host waits and why.
func (r *run) wait(ctx context.Context, w fleet.Waiting, deadline time.Time) (Step, error) {
	wasWaitingForSlot := r.Row.Status == fleet.StatusWaitingSlot
	if err := r.store.SaveWaiting(ctx, r.ref.JobID, r.ref.HostID, w); err != nil {
		return Step{}, err
	}
	// A slot that freed before the wait was stored, or that this host was woken for and does not take, is another's.
	if wasWaitingForSlot || w.Status == fleet.StatusWaitingSlot {
		r.wakeSlotWaiters(ctx)
	}
	step := Step{Next: StepWait, Status: w.Status, Reason: w.Wait.Reason, Detail: w.Wait.Detail, Deadline: deadline}
	if w.Wait.NextTryAt != nil {
		step.WakeAt = *w.Wait.NextTryAt
	}
	return step, nil
}

// gateWait is a wait inside the span: tried again after the retry interval, or after after where that is given, and at
// the deadline.
func (r *run) gateWait(status fleet.Status, wait fleet.Wait, plan fleet.Plan, after time.Duration) fleet.Waiting {
	if after == 0 {
		after = r.policy.RetryInterval
	}
	next := r.Now.Add(after)
	if !plan.Deadline.IsZero() && plan.Deadline.Before(next) {
		next = plan.Deadline
	}
	wait.NextTryAt, wait.Until = &next, orNil(plan.Deadline)
	return fleet.Waiting{Status: status, Wait: wait, Span: plan.Span, Entered: true, StartGate: true}
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
