package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/failpoint"
	"github.com/patch-manager/patch-manager/fleet"
)

// DispatchPatch takes a host through its gate: it asks every enabled check, then the agent, and only when all of them
// and the calendar agree does it commit the intent and send the request, once. Anything else is stored as a wait or an
// end. A second run of it finds the intent of the first and sends nothing.
func (a *Runs) DispatchPatch(ctx context.Context, ref HostRef) (Step, error) {
	beat := stayAlive(ctx, nil)
	defer beat.done()
	select {
	case a.approaching <- struct{}{}:
		defer func() { <-a.approaching }()
	case <-ctx.Done():
		return Step{}, ctx.Err()
	}
	step, err := a.dispatch(ctx, ref)
	if fleet.IsKind(err, fleet.KindConflict) { // the host ended meanwhile, with its job, or somebody else dispatched it
		step, err = a.planHost(ctx, ref)
	}
	return step, retryable(err)
}

func (a *Runs) dispatch(ctx context.Context, ref HostRef) (Step, error) {
	r, err := a.load(ctx, ref)
	if err != nil {
		return Step{}, err
	}
	if step, ok, err := r.resume(ctx); ok || err != nil {
		return step, err
	}
	plan := fleet.PlanRun(r.Run, a.policy.Cutoffs.For(r.Job.AllowReboot))
	if plan.Kind != fleet.PlanGo || r.moved() || r.databaseApart() != nil {
		return a.planHost(ctx, ref)
	}
	if r, err = r.refresh(ctx); err != nil {
		return Step{}, err
	}
	if r.changed() {
		return a.planHost(ctx, ref)
	}
	v := fleet.Gate(a.policy.Gate, r.Evidence, r.Now)
	if !v.Open() {
		return r.shut(ctx, v, plan)
	}
	return r.approach(ctx, plan, v)
}

// changed reports whether what the gate is asked for was overtaken while the checks ran.
func (r *run) changed() bool { return r.Host == nil || r.Attempt != nil || r.databaseApart() != nil }

// gateMargin is kept free of the permitted age of evidence, for what happens between the gate and the request.
const gateMargin = 10 * time.Second

// refresh runs every check whose stored result would not do by now, and reads the run again where it did.
func (r *run) refresh(ctx context.Context) (*run, error) {
	now := r.Now.Add(r.now().Sub(r.read))
	stale := fleet.Stale(r.policy.Gate, r.Evidence, now, min(gateMargin, r.policy.Gate.MaxResultAge/2))
	if len(stale) == 0 {
		return r, nil
	}
	if _, err := r.checks.Run(ctx, *r.Host, stale); err != nil {
		return nil, err
	}
	return r.load(ctx, r.ref)
}

// shut stores that the gate stays shut, with the evaluation.
func (r *run) shut(ctx context.Context, v fleet.Verdict, plan fleet.Plan) (Step, error) {
	w := r.gateWait(fleet.StatusWaitingHealthCheck, fleet.Wait{
		Reason: fleet.WaitHealthCheck, Detail: v.Detail, Failing: v.Failing(), Unblocks: "all enabled checks healthy",
	}, plan, 0)
	return r.judgedWait(ctx, w, v, plan)
}

// judgedWait stores a wait with the verdict of the gate that it comes after.
func (r *run) judgedWait(ctx context.Context, w fleet.Waiting, v fleet.Verdict, plan fleet.Plan) (Step, error) {
	e := r.evaluation(v)
	e.NextTryAt = w.Wait.NextTryAt
	w.Evaluation = &e
	return r.wait(ctx, w, plan.Deadline)
}

func (r *run) evaluation(v fleet.Verdict) fleet.Evaluation {
	return fleet.Evaluation{At: r.Now, Verdict: string(v.Code), Detail: v.Detail, Checks: v.Checks}
}

// judgedEnd stores an end with the verdict of the gate that it comes after.
func (r *run) judgedEnd(ctx context.Context, e fleet.Ending, v fleet.Verdict) (Step, error) {
	if err := r.store.SaveEvaluation(ctx, r.ref.JobID, r.ref.HostID, r.evaluation(v)); err != nil {
		return Step{}, err
	}
	return r.end(ctx, e)
}

// approach asks the agent what it is doing and what is pending, and seeks admission with that. An agent that took its
// time over it may have used up the age of the evidence, so the gate looks again.
func (r *run) approach(ctx context.Context, plan fleet.Plan, v fleet.Verdict) (Step, error) {
	conn := r.agents.Connect(r.Host.Endpoint())
	defer conn.Close()
	p, hold := r.preflight(ctx, conn)
	if hold != nil {
		return r.judgedWait(ctx, r.gateWait(hold.status, hold.wait, plan, 0), v, plan)
	}
	r, err := r.refresh(ctx)
	if err != nil {
		return Step{}, err
	}
	if r.changed() {
		return r.planHost(ctx, r.ref)
	}
	if v = fleet.Gate(r.policy.Gate, r.Evidence, r.Now); !v.Open() {
		return r.shut(ctx, v, plan)
	}
	return r.seek(ctx, conn, p, v)
}

// seek asks for admission, unless there is nothing to send.
func (r *run) seek(ctx context.Context, conn fleet.AgentConn, p preflight, v fleet.Verdict) (Step, error) {
	order, e, err := r.order(ctx, p)
	if err != nil {
		return Step{}, err
	}
	if e != nil {
		return r.judgedEnd(ctx, *e, v)
	}
	failpoint.Here(failpoint.BeforeIntent, r.ref.HostID)
	asked := r.now()
	admission, err := r.store.Admit(ctx, order)
	if err != nil {
		return Step{}, err
	}
	if admission.Existed {
		return r.planHost(ctx, r.ref)
	}
	clock := fleet.AgentClock{Agent: admission.Now, Sent: asked, Received: r.now()}
	r.Now, r.skew = admission.Now, clock.Skew()
	if w := r.databaseApart(); w != nil { // it was set meanwhile
		return r.mistimed(ctx, admission, *w)
	}
	if admission.Refusal != "" {
		return r.refused(ctx, admission)
	}
	r.Attempt = admission.Attempt
	return r.admitted(ctx, conn, admission, asked)
}

// refused stores which condition of admission was not met.
func (r *run) refused(ctx context.Context, a fleet.Admission) (Step, error) {
	switch a.Refusal {
	case fleet.RefusedByPlan:
		if err := r.store.SaveEvaluation(ctx, r.ref.JobID, r.ref.HostID, r.evaluation(a.Verdict)); err != nil {
			return Step{}, err
		}
		return r.obey(ctx, a.Plan)
	case fleet.RefusedByGate:
		return r.shut(ctx, a.Verdict, a.Plan)
	case fleet.RefusedBySlot:
		return r.judgedWait(ctx, r.gateWait(fleet.StatusWaitingSlot, fleet.Wait{
			Reason: fleet.WaitSlot, Detail: fmt.Sprintf("a slot: at most %d hosts of the job are patched at a time", r.Job.MaxParallel),
			Unblocks: "another host of the job ends",
		}, a.Plan, 0), a.Verdict, a.Plan)
	case fleet.RefusedByHost:
		return r.judgedWait(ctx, r.gateWait(fleet.StatusWaitingSlot, fleet.Wait{
			Reason: fleet.WaitHostBusy, Detail: "the host: a patch of another job on it is unfinished",
			Unblocks: "the end of the other job's patch",
		}, a.Plan, 0), a.Verdict, a.Plan)
	default: // fleet.RefusedTries, by who died before it could end the host
		return r.end(ctx, fleet.Ending{
			Status: fleet.StatusFailed, Reason: fleet.ReasonTooManyRefusals,
			Detail: fmt.Sprintf("the agent did not take the request %d times", fleet.MaxAttempts),
		})
	}
}

// admitted does what the intent says.
func (r *run) admitted(ctx context.Context, conn fleet.AgentConn, a fleet.Admission, asked time.Time) (Step, error) {
	switch a.Attempt.State {
	case fleet.AttemptAccepted:
		return Step{Next: StepFollow, Status: fleet.StatusRunning, Phase: fleet.PhaseApplying, Detail: "an apply that the agent already ran is taken for this job's"}, nil
	case fleet.AttemptNone:
		return Step{Next: StepReboot, Status: fleet.StatusRunning, Phase: fleet.PhaseApplying, Detail: "nothing to apply, the host asks for a reboot"}, nil
	}
	// The deadline by our own clock: counted from before the database was asked, so never too late.
	sendBefore := asked.Add(a.Attempt.SendBefore.Sub(a.Now))
	return r.send(context.WithoutCancel(ctx), conn, sendBefore, a.Plan)
}

// send writes the request, once, and records what is known of it.
func (r *run) send(ctx context.Context, conn fleet.AgentConn, sendBefore time.Time, plan fleet.Plan) (Step, error) {
	sending, cancel := context.WithTimeout(ctx, 3*r.policy.AgentTimeout)
	defer cancel()
	failpoint.Here(failpoint.BeforeRequest, r.ref.HostID)
	res := conn.Apply(sending, fleet.ApplyOrder{
		IdempotencyKey: r.Attempt.ID, Packages: names(r.Attempt.Packages), SendBefore: sendBefore,
	})
	failpoint.Here(failpoint.BeforeRecord, r.ref.HostID)
	r.log().InfoContext(ctx, "patch requested", "attempt", r.Attempt.ID, "outcome", res.Outcome, "agent_job_id", res.JobID, "detail", res.Detail)
	step := Step{Next: StepFollow, Status: fleet.StatusRunning, Phase: fleet.PhaseApplying}
	switch res.Outcome {
	case fleet.SendAccepted:
		return step, r.store.RecordAccepted(ctx, *r.Attempt, r.ref.JobID, r.ref.HostID, res.JobID)
	case fleet.SendNotSent, fleet.SendRefused:
		return r.sentBack(ctx, res, plan)
	case fleet.SendRejected:
		if err := r.notTaken(ctx, res); err != nil {
			return Step{}, err
		}
		return r.end(ctx, fleet.Ending{Status: fleet.StatusFailed, Reason: fleet.ReasonAgentError, Detail: fleet.Clip("the agent rejected the request: " + res.Detail)})
	default:
		step.Detail = fleet.Clip("whether the agent took the request is not known: " + res.Detail)
		return step, r.store.RecordUnknown(ctx, *r.Attempt, r.ref.JobID, r.ref.HostID, step.Detail)
	}
}

// sentBack returns a host to the gate whose agent did not take the request, at most MaxAttempts times.
func (r *run) sentBack(ctx context.Context, res fleet.SendResult, plan fleet.Plan) (Step, error) {
	if err := r.notTaken(ctx, res); err != nil {
		return Step{}, err
	}
	reason, untouched := fleet.WaitRefused, false
	if res.Outcome == fleet.SendNotSent {
		reason, untouched = fleet.WaitAgent, !r.Row.Attempted
	}
	if r.Attempt.Number < fleet.MaxAttempts {
		w := r.gateWait(fleet.StatusWaitingHealthCheck, fleet.Wait{
			Reason: reason, Detail: fleet.Clip("the agent did not take the request: " + res.Detail), Unblocks: "the agent takes the request",
		}, plan, res.RetryAfter)
		w.Unattempted = untouched
		return r.wait(ctx, w, plan.Deadline)
	}
	e := fleet.Ending{Status: fleet.StatusFailed, Reason: fleet.ReasonTooManyRefusals, Unattempted: untouched}
	if res.Outcome == fleet.SendNotSent {
		e.Reason = fleet.ReasonAgentUnreachable
	}
	e.Detail = fleet.Clip(fmt.Sprintf("the agent did not take the request %d times, at last: %s", fleet.MaxAttempts, res.Detail))
	return r.end(ctx, e)
}

// notTaken records that the agent did not take the request, and hands slot and host on.
func (r *run) notTaken(ctx context.Context, res fleet.SendResult) error {
	if err := r.store.RecordRefused(ctx, *r.Attempt, r.ref.JobID, r.ref.HostID, res.Detail); err != nil {
		return err
	}
	r.wakeSlotWaiters(ctx)
	r.deliverWakeups(ctx)
	return nil
}

func newAttemptID() string { return uuid.Must(uuid.NewV7()).String() }

func names(packages []fleet.PackageResult) []string {
	var out []string
	for _, p := range packages {
		if p.Result == fleet.PackagePending {
			out = append(out, p.Name)
		}
	}
	return out
}
