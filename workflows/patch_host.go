package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// PatchHostInput names a host of a job. State is set only by a run that continues as new.
type PatchHostInput struct {
	JobID  string     `json:"job_id"`
	HostID string     `json:"host_id"`
	FQDN   string     `json:"fqdn"`
	Zone   string     `json:"zone"`
	State  *HostState `json:"state,omitempty"`
}

// HostState is where a run stands: what a query answers and what continuing as new carries on.
type HostState struct {
	Step      activities.Step `json:"step"`
	Decisions int             `json:"decisions"`
	Woken     bool            `json:"woken"`
	Cancelled bool            `json:"cancelled"`
}

// PatchHostResult is how a host ended.
type PatchHostResult struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
}

// PatchHost carries one host of one job through: wait for a span, pass the gate, be admitted, dispatch, follow, reboot if
// allowed and needed, verify, record. It decides nothing: each step is an activity's answer, made from the database.
func PatchHost(ctx workflow.Context, in PatchHostInput) (PatchHostResult, error) {
	h := &hostRun{in: in}
	if in.State != nil {
		h.state = *in.State
	}
	if err := h.setup(ctx); err != nil {
		return PatchHostResult{}, err
	}
	return h.run(ctx)
}

type hostRun struct {
	in      PatchHostInput
	state   HostState
	recheck workflow.Channel
	waiting bool
	shown   string // the phase attribute as last set
	ends    time.Time
}

// setup answers to people: the query for the state and the update that makes the gate look again.
func (h *hostRun) setup(ctx workflow.Context) error {
	h.recheck = workflow.NewBufferedChannel(ctx, 1)
	if err := workflow.SetQueryHandler(ctx, QueryState, func() (HostState, error) { return h.state, nil }); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateRecheck, h.handleRecheck, workflow.UpdateHandlerOptions{
		Validator: func(workflow.Context) error {
			if !h.waiting {
				return temporal.NewApplicationError("the host is not waiting", "not_waiting")
			}
			return nil
		},
	})
}

func (h *hostRun) handleRecheck(ctx workflow.Context) (activities.Step, error) {
	before := h.state.Decisions
	h.recheck.SendAsync(true)
	err := workflow.Await(ctx, func() bool { return h.state.Decisions > before })
	return h.state.Step, err
}

func (h *hostRun) run(ctx workflow.Context) (PatchHostResult, error) {
	for h.state.Step.Next != activities.StepDone {
		if h.renewable() && h.historyFull(ctx) && workflow.AllHandlersFinished(ctx) {
			return PatchHostResult{}, h.continueAsNew(ctx)
		}
		do := h.advance
		if h.state.Step.Next == activities.StepWait {
			do = h.wait
		}
		if err := do(ctx); err != nil {
			return PatchHostResult{}, err
		}
	}
	// Whoever asked for a recheck gets the end as the answer.
	closing, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	err := workflow.Await(closing, func() bool { return workflow.AllHandlersFinished(closing) })
	return PatchHostResult{Status: string(h.state.Step.Status), Reason: string(h.state.Step.Reason)}, err
}

// advance carries out the next step. Steps run on a disconnected context: what was begun on a host is followed to its
// end, and a cancellation is noted in the database, which every step reads.
func (h *hostRun) advance(ctx workflow.Context) error {
	work, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	ref := activities.HostRef{JobID: h.in.JobID, HostID: h.in.HostID, Zone: h.in.Zone}
	var runs *activities.Runs
	var f workflow.Future
	switch h.state.Step.Next {
	case activities.StepDispatch:
		f = workflow.ExecuteActivity(agentMutate(work, h.in.Zone, h.in.FQDN, h.left(ctx)), runs.DispatchPatch, ref)
	case activities.StepFollow:
		f = workflow.ExecuteActivity(agentFollow(work, h.in.Zone, h.in.FQDN), runs.FollowPatch, ref)
	case activities.StepReboot:
		f = workflow.ExecuteActivity(agentFollow(work, h.in.Zone, h.in.FQDN), runs.RebootHost, ref)
	case activities.StepVerify:
		f = workflow.ExecuteActivity(agentFollow(work, h.in.Zone, h.in.FQDN), runs.VerifyHost, ref)
	default:
		f = workflow.ExecuteActivity(quick(work, h.in.FQDN), runs.PlanHost, ref)
	}
	var step activities.Step
	if err := f.Get(work, &step); err != nil {
		return h.failed(work, err)
	}
	h.state.Step = step
	h.state.Decisions++
	if step.Zone != "" {
		h.in.Zone = step.Zone
	}
	return h.show(work)
}

// failed goes on from a step whose time ran out: nobody knows how far it came, so the database is asked first. Temporal
// tells that as a timeout, or where another try would have come too late as the error of the last one.
func (h *hostRun) failed(ctx workflow.Context, err error) error {
	var timeout *temporal.TimeoutError
	var last *temporal.ApplicationError
	switch {
	case errors.As(err, &timeout):
		h.state.Step = activities.Step{Deadline: h.state.Step.Deadline}
		return nil
	case errors.As(err, &last) && !last.NonRetryable():
		h.state.Step = activities.Step{Deadline: h.state.Step.Deadline}
		return workflow.Sleep(ctx, time.Second) // what failed at once would do so again
	}
	return err
}

// left is the time in which the host may still be dispatched; zero where no end of it is known.
func (h *hostRun) left(ctx workflow.Context) time.Duration {
	if h.state.Step.Deadline.IsZero() {
		return 0
	}
	return max(time.Second, h.state.Step.Deadline.Sub(workflow.Now(ctx)))
}

// wait ends with the timer of the wait, a wake-up, a person's recheck or a cancellation. Whatever it was, the next step
// decides anew.
func (h *hostRun) wait(ctx workflow.Context) error {
	h.waiting = true
	defer func() { h.waiting = false }()
	timing, stop := workflow.NewDisconnectedContext(ctx)
	timing, cancelTimer := workflow.WithCancel(timing)
	defer stop()
	s := workflow.NewSelector(ctx)
	if d := h.untilNextTry(ctx); d > 0 {
		s.AddFuture(workflow.NewTimerWithOptions(timing, d, workflow.TimerOptions{Summary: string(h.state.Step.Reason)}), func(workflow.Future) {})
	}
	wake := workflow.GetSignalChannel(ctx, SignalWake)
	s.AddReceive(wake, func(workflow.ReceiveChannel, bool) {})
	s.AddReceive(h.recheck, func(workflow.ReceiveChannel, bool) {})
	cancelled := false
	if !h.state.Cancelled {
		s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { cancelled = true })
	}
	if !h.state.Woken {
		s.Select(timing)
	}
	cancelTimer()
	h.state.Woken = false
	drain(wake)
	drain(h.recheck)
	if cancelled {
		return h.cancel(ctx)
	}
	h.state.Step = h.afterWait(ctx)
	return nil
}

// untilNextTry is how long a wait lasts by itself; zero for as long as nothing else ends it.
func (h *hostRun) untilNextTry(ctx workflow.Context) time.Duration {
	switch step := h.state.Step; {
	case step.WakeIn > 0:
		return step.WakeIn
	case step.WakeAt.IsZero():
		return 0
	default:
		return max(time.Second, step.WakeAt.Sub(workflow.Now(ctx)))
	}
}

// afterWait goes to the gate, or to the calendar where the host has no open span or its last start has passed.
func (h *hostRun) afterWait(ctx workflow.Context) activities.Step {
	next := activities.Step{Next: activities.StepDispatch, Deadline: h.state.Step.Deadline}
	atGate := h.state.Step.Status == fleet.StatusWaitingHealthCheck || h.state.Step.Status == fleet.StatusWaitingSlot
	if !atGate || next.Deadline.IsZero() || !workflow.Now(ctx).Before(next.Deadline) {
		next.Next = ""
	}
	return next
}

// cancel notes a cancellation that came through Temporal, then lets the next step find it.
func (h *hostRun) cancel(ctx workflow.Context) error {
	work, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	h.state.Cancelled = true
	h.state.Step = activities.Step{}
	var jobs *activities.Jobs
	ref := activities.HostRef{JobID: h.in.JobID, HostID: h.in.HostID}
	return workflow.ExecuteActivity(quick(work, h.in.FQDN), jobs.CancelHost, ref).Get(work, nil)
}
