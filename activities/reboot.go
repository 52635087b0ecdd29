package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// RebootHost reboots a host that asks for it, with an intent of its own and one request, and waits until it is back:
// its uptime is less than the time since the request. Then it verifies the host. Where the span has no room left the reboot is
// left to others.
func (a *Runs) RebootHost(ctx context.Context, ref HostRef) (Step, error) {
	step, err := a.reboot(ctx, ref)
	return a.verifyNow(ctx, ref, step, err)
}

func (a *Runs) reboot(ctx context.Context, ref HostRef) (Step, error) {
	left := leftBehind(ctx)
	beat := stayAlive(ctx, left)
	defer beat.done()
	for {
		r, err := a.load(ctx, ref)
		if err != nil {
			return Step{}, err
		}
		if step, ok, err := r.resume(ctx); !ok || err != nil || step.Next != StepReboot || r.moved() {
			return step, err
		}
		if r.Attempt.RebootState == fleet.RebootRefused && left.RefusedSince.IsZero() && r.databaseApart() == nil {
			left.RefusedSince = r.Now
		}
		step, done, err := r.rebootOnce(ctx, left.RefusedSince)
		if done || err != nil {
			return step, err
		}
		if err := beat.pause(a.policy.PollInterval, left); err != nil {
			return Step{}, err
		}
	}
}

func (r *run) rebootOnce(ctx context.Context, refusedSince time.Time) (Step, bool, error) {
	switch r.Attempt.RebootState {
	case "", fleet.RebootRefused:
		return r.mayReboot(ctx, refusedSince)
	case fleet.RebootDone:
		return r.verifyNext(ctx, "")
	case fleet.RebootFailed:
		return r.rebootFailed(ctx, "the agent rejected the reboot")
	case fleet.RebootPrepared: // by an earlier try that told nothing
		_, err := r.store.RecordReboot(ctx, *r.Attempt, fleet.RebootUnknown, fleet.RebootPrepared)
		return Step{}, false, err
	}
	return r.watchReboot(ctx)
}

// mayReboot asks for the reboot that was not taken yet, unless it was cancelled or the time for it is over.
func (r *run) mayReboot(ctx context.Context, refusedSince time.Time) (Step, bool, error) {
	if r.cancelled() {
		return r.verifyNext(ctx, "the reboot is deferred: cancelled before it was asked for")
	}
	if apart, err := r.heldByClocks(ctx); apart || err != nil {
		return Step{}, false, err
	}
	if !refusedSince.IsZero() && r.Now.Sub(refusedSince) > r.policy.RebootTimeout {
		return r.rebootFailed(ctx, fmt.Sprintf("the agent did not take the request to reboot within %s", r.policy.RebootTimeout))
	}
	if !r.roomToReboot() {
		return r.verifyNext(ctx, "the reboot is deferred: no room left in the span")
	}
	return Step{}, false, r.requestReboot(ctx)
}

func (r *run) cancelled() bool { return r.Job.CancelRequested || r.Row.CancelRequested }

// requestReboot commits the intent and sends the request, once.
func (r *run) requestReboot(ctx context.Context) error {
	asked := r.now()
	prepared, err := r.store.PrepareReboot(ctx, *r.Attempt, r.ref.JobID, r.ref.HostID)
	if err != nil || !prepared {
		return err
	}
	conn := r.agents.Connect(r.Host.Endpoint())
	defer conn.Close()
	ctx = context.WithoutCancel(ctx)
	sending, cancel := context.WithTimeout(ctx, 3*r.policy.AgentTimeout)
	defer cancel()
	res := conn.Reboot(sending, fleet.RebootOrder{IdempotencyKey: r.Attempt.ID + "-reboot", SendBefore: asked.Add(r.policy.SendWithin)})
	r.log().InfoContext(ctx, "reboot requested", "outcome", res.Outcome, "detail", res.Detail)
	to := fleet.RebootUnknown
	switch res.Outcome {
	case fleet.SendAccepted:
		to = fleet.RebootAccepted
	case fleet.SendNotSent, fleet.SendRefused:
		to = fleet.RebootRefused
	case fleet.SendRejected:
		to = fleet.RebootFailed
	}
	_, err = r.store.RecordReboot(ctx, *r.Attempt, to, fleet.RebootPrepared, fleet.RebootUnknown)
	return err
}

// watchReboot waits for a host whose uptime is less than the time since the request, which only clocks that agree tell: by one
// that was set ahead meanwhile a host has rebooted that was not down.
func (r *run) watchReboot(ctx context.Context) (Step, bool, error) {
	conn := r.agents.Connect(r.Host.Endpoint())
	defer conn.Close()
	var health fleet.AgentHealth
	err := r.asking(ctx, func(ctx context.Context) (err error) { health, err = conn.Health(ctx); return err })
	if apart, err := r.heldByClocks(ctx); apart || err != nil {
		return Step{}, false, err
	}
	since := r.Now.Sub(*r.Attempt.RebootAt)
	if err == nil && health.Uptime < since {
		if _, err := r.store.RecordReboot(ctx, *r.Attempt, fleet.RebootDone, fleet.RebootAccepted, fleet.RebootUnknown); err != nil {
			return Step{}, false, err
		}
		return r.verifyNext(ctx, "")
	}
	if since > r.policy.RebootTimeout {
		why := "it has not rebooted"
		if err != nil {
			why = err.Error()
		}
		return r.rebootFailed(ctx, fmt.Sprintf("not back within %s of the request: %s", r.policy.RebootTimeout, why))
	}
	return Step{}, false, nil
}

func (r *run) verifyNext(ctx context.Context, detail string) (Step, bool, error) {
	if err := r.store.SavePhase(ctx, r.ref.JobID, r.ref.HostID, fleet.PhaseVerifying, detail); err != nil {
		return Step{}, false, err
	}
	return Step{Next: StepVerify, Status: fleet.StatusRunning, Phase: fleet.PhaseVerifying, Detail: detail}, true, nil
}

func (r *run) rebootFailed(ctx context.Context, detail string) (Step, bool, error) {
	step, err := r.endAttempt(ctx, fleet.Ending{Status: fleet.StatusFailed, Reason: fleet.ReasonRebootFailed, Detail: fleet.Clip(detail)})
	return step, true, err
}

// roomToReboot reports whether the host is inside its span, and would be back before that ends, as the windows are now.
func (r *run) roomToReboot() bool {
	if r.Job.Immediate {
		span, blackout := fleet.ImmediateSpan(r.Windows, r.Now, r.policy.RebootTimeout)
		return blackout == nil && (span.End.IsZero() || !r.Now.Add(r.policy.RebootTimeout).After(span.End))
	}
	entered := r.Now
	if r.Row.SpanEnteredAt != nil {
		entered = *r.Row.SpanEnteredAt
	}
	for _, s := range fleet.EffectiveSpans(r.Windows, entered, r.Now.Add(fleet.SpanHorizon), 0) {
		if !s.Start.After(entered) && s.End.After(entered) {
			return !r.Now.Before(s.Start) && !r.Now.Add(r.policy.RebootTimeout).After(s.End)
		}
	}
	return false
}
