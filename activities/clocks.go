package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// Windows are read by the clock of the database, evidence is stamped by ours, and the host has its own.

// apart is the wait for two clocks that are further apart than is allowed; nil where they are not.
func (r *run) apart(of, from string, by time.Duration) *fleet.Wait {
	if by.Abs() <= r.policy.Gate.MaxClockSkew {
		return nil
	}
	return &fleet.Wait{
		Reason:   fleet.WaitClockSkew,
		Detail:   fmt.Sprintf(clocksDetail+"the %s's is %s apart from the %s's, at most %s is allowed", of, by.Abs().Round(time.Second), from, r.policy.Gate.MaxClockSkew),
		Unblocks: "clocks that agree",
	}
}

// databaseApart is apart for the clocks of the database and of this worker.
func (r *run) databaseApart() *fleet.Wait { return r.apart("database", "worker", r.skew) }

// clocksDetail begins what people are told of clocks that are apart.
const clocksDetail = "clocks: "

// heldByClocks reports whether nothing is to be decided by the time for a host that is being patched, and tells people for as
// long as that is so.
func (r *run) heldByClocks(ctx context.Context) (bool, error) {
	w, told := r.databaseApart(), strings.HasPrefix(r.Row.Detail, clocksDetail)
	switch {
	case w != nil && !told:
		return true, r.store.SavePhase(ctx, r.ref.JobID, r.ref.HostID, r.Row.Phase, w.Detail)
	case w == nil && told:
		return false, r.store.SavePhase(ctx, r.ref.JobID, r.ref.HostID, r.Row.Phase, "")
	}
	return w != nil, nil
}

// hostApart is apart for any two clocks, given how far the host's is ahead of this worker's.
func (r *run) hostApart(ahead time.Duration) *fleet.Wait {
	for _, w := range []*fleet.Wait{
		r.apart("host", "worker", ahead), r.databaseApart(), r.apart("host", "database", ahead-r.skew),
	} {
		if w != nil {
			return w
		}
	}
	return nil
}

// awaitClocks stores that a host waits for clocks that agree. It is tried again after the retry interval, as Temporal counts it,
// since any of the other clocks may be the wrong one, and the host's span stays what it was.
func (r *run) awaitClocks(ctx context.Context, w fleet.Wait, unattempted bool) (Step, error) {
	next := r.now().Add(r.policy.RetryInterval)
	w.NextTryAt = &next
	status := fleet.StatusWaitingWindow
	if r.Row.Status == fleet.StatusWaitingHealthCheck || r.Row.Status == fleet.StatusWaitingSlot {
		status = fleet.StatusWaitingHealthCheck
	}
	step, err := r.wait(ctx, fleet.Waiting{Status: status, Wait: w, Span: r.Row.Span, Unattempted: unattempted}, time.Time{})
	step.WakeIn = r.policy.RetryInterval
	return step, err
}

// mistimed is what becomes of an admission by a clock that nobody should go by: an intent is taken back, for which nothing was
// sent, and a refusal counts for nothing.
func (r *run) mistimed(ctx context.Context, a fleet.Admission, w fleet.Wait) (Step, error) {
	if a.Attempt == nil {
		return r.awaitClocks(ctx, w, false)
	}
	if a.Attempt.State == fleet.AttemptAccepted { // the host has done it already
		return r.planHost(ctx, r.ref)
	}
	r.Attempt = a.Attempt
	if err := r.notTaken(ctx, fleet.SendResult{Outcome: fleet.SendNotSent, Detail: w.Detail}); err != nil {
		return Step{}, err
	}
	untouched := !r.Row.Attempted
	if a.Attempt.Number >= fleet.MaxAttempts {
		return r.end(ctx, fleet.Ending{
			Status: fleet.StatusFailed, Reason: fleet.ReasonTooManyRefusals, Unattempted: untouched,
			Detail: fmt.Sprintf("the request was about to be sent %d times, and was not, at last: %s", fleet.MaxAttempts, w.Detail),
		})
	}
	return r.awaitClocks(ctx, w, untouched)
}
