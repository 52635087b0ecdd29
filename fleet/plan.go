package fleet

import (
	"fmt"
	"time"
)

// PlanKind is what the calendar says of a host at one moment.
type PlanKind string

// The kinds of plans.
const (
	PlanGo   PlanKind = "go"   // it may be dispatched if the gate opens
	PlanWait PlanKind = "wait" // not now
	PlanEnd  PlanKind = "end"  // never again by this job
)

// Plan is what the calendar, the job and the host's deletion or cancellation say, before any health check is looked at.
type Plan struct {
	Kind   PlanKind
	Status Status // of an end
	Reason Reason // of an end
	Detail string // of an end
	Wait   Wait   // of a wait
	Span   *Span
	// Deadline is the instant from which this job will not dispatch to the host any more; zero where none is known yet.
	Deadline time.Time
}

// ByClock reports whether the plan depends on what time it is, which no end does that has another cause than time.
func (p Plan) ByClock() bool {
	return p.Kind != PlanEnd || p.Reason == ReasonWindowClosed || p.Reason == ReasonNoWindow || p.Reason == ReasonGateTimeout
}

// SpanHorizon is how far ahead spans are looked for: every monthly window occurs in it.
const SpanHorizon = 70 * 24 * time.Hour

// PlanRun decides, from the calendar alone, whether the host of r may be dispatched at r.Now.
func PlanRun(r Run, cutoff time.Duration) Plan {
	switch {
	case r.Row.CancelRequested:
		return end(StatusCancelled, ReasonCancelledByUser, "cancelled by "+r.Row.CancelledBy)
	case r.Job.CancelRequested:
		return end(StatusCancelled, ReasonCancelledByUser, "job cancelled by "+r.Job.CancelledBy)
	case r.Host == nil:
		return end(StatusSkipped, ReasonHostDeleted, "the host was deleted before it was patched")
	case r.Job.Failures >= r.Job.MaxFailures:
		return end(StatusSkipped, ReasonMaxFailuresReached,
			fmt.Sprintf("%d hosts of this job failed, at most %d may", r.Job.Failures, r.Job.MaxFailures))
	case r.Job.NotBefore != nil && r.Now.Before(*r.Job.NotBefore):
		return waitFor(Wait{
			Reason: WaitNotBefore, Detail: "the job starts at " + clock(*r.Job.NotBefore), NextTryAt: r.Job.NotBefore,
			Unblocks: "the job's start time",
		})
	case r.Job.Immediate:
		return planImmediate(r, cutoff)
	case r.Row.SpanEnteredAt != nil:
		return planEntered(r, cutoff)
	}
	return planWindow(r, cutoff)
}

func end(s Status, reason Reason, detail string) Plan {
	return Plan{Kind: PlanEnd, Status: s, Reason: reason, Detail: detail}
}

func waitFor(w Wait) Plan { return Plan{Kind: PlanWait, Wait: w} }

// planWindow looks for the first span at or after the job's start.
func planWindow(r Run, cutoff time.Duration) Plan {
	start := r.Job.CreatedAt
	if r.Job.NotBefore != nil {
		start = *r.Job.NotBefore
	}
	giveUp := start.Add(r.Job.MaxWait)
	span, ok := NextSpan(r.Windows, r.Now, SpanHorizon, cutoff)
	switch {
	case ok && !span.Start.After(earlier(r.Now, giveUp)):
		return Plan{Kind: PlanGo, Span: &span, Deadline: span.LastStart}
	case !r.Now.Before(giveUp):
		return end(StatusFailed, ReasonNoWindow, fmt.Sprintf("no maintenance window opened within %s", r.Job.MaxWait))
	case !ok:
		// A window further away than was looked comes nearer meanwhile.
		next := earlier(giveUp, r.Now.Add(SpanHorizon))
		return waitFor(Wait{
			Reason: WaitWindow, Detail: "no maintenance window applies to this host", NextTryAt: &next, Until: &giveUp,
			Unblocks: "a maintenance window for the host, one of its groups or the site",
		})
	}
	w := openingAt(span.Start, earlier(span.Start, giveUp))
	w.Until = &giveUp
	return Plan{Kind: PlanWait, Span: &span, Wait: w}
}

func openingAt(start, next time.Time) Wait {
	return Wait{
		Reason: WaitWindow, Detail: "the next maintenance window opens at " + clock(start), NextTryAt: &next, Unblocks: "the window's start",
	}
}

// planEntered holds the host to the span it entered: a later one is never used, but an edit moves its end.
func planEntered(r Run, cutoff time.Duration) Plan {
	entered := *r.Row.SpanEnteredAt
	for _, s := range EffectiveSpans(r.Windows, entered, r.Now.Add(SpanHorizon), cutoff) {
		if s.Start.After(entered) || !s.End.After(entered) {
			continue
		}
		if r.Now.Before(s.Start) { // it was entered by a clock that has been set back since
			return Plan{Kind: PlanWait, Span: &s, Wait: openingAt(s.Start, s.Start)}
		}
		if r.Now.Before(s.LastStart) {
			return Plan{Kind: PlanGo, Span: &s, Deadline: s.LastStart}
		}
		p := end(StatusFailed, ReasonWindowClosed, closedDetail(r.Row, fmt.Sprintf("last start was %s", clock(s.LastStart))))
		p.Span = &s
		return p
	}
	return end(StatusFailed, ReasonWindowClosed, closedDetail(r.Row, "its maintenance window was removed or blacked out"))
}

// planImmediate waits for no window; only a blackout holds it, and the gate timeout bounds it.
func planImmediate(r Run, cutoff time.Duration) Plan {
	deadline := GateDeadline(r)
	if !r.Now.Before(deadline) {
		return end(StatusFailed, ReasonGateTimeout, closedDetail(r.Row, fmt.Sprintf("not patched within %s", r.Job.GateTimeout)))
	}
	span, blackout := ImmediateSpan(r.Windows, r.Now, cutoff)
	if blackout != nil {
		next := earlier(blackout.End, deadline)
		return Plan{Kind: PlanWait, Deadline: deadline, Wait: Wait{
			Reason: WaitBlackout, Detail: "a blackout lasts until " + clock(blackout.End), NextTryAt: &next, Until: &deadline,
			Unblocks: "the end of the blackout",
		}}
	}
	if !span.LastStart.IsZero() {
		deadline = earlier(deadline, span.LastStart)
	}
	return Plan{Kind: PlanGo, Span: &span, Deadline: deadline}
}

// GateDeadline is when the gate timeout of an immediate job's host runs out: from its first evaluation, or from the
// first moment that a blackout held it, with the time it waited for a slot not counted.
func GateDeadline(r Run) time.Time {
	from, slotWait := r.Now, r.Row.SlotWait
	if r.Row.GateStartedAt != nil {
		from = *r.Row.GateStartedAt
	}
	if r.Row.SlotWaitStarted != nil {
		slotWait += r.Now.Sub(*r.Row.SlotWaitStarted)
	}
	return from.Add(r.Job.GateTimeout + slotWait)
}

func closedDetail(row RunRow, what string) string {
	if row.Wait == nil || row.Wait.Detail == "" {
		return what
	}
	return what + "; waited for: " + row.Wait.Detail
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
