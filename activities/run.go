package activities

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// RunPolicy is the settings that the runs obey.
type RunPolicy struct {
	Gate          fleet.GatePolicy
	Cutoffs       fleet.Cutoffs
	RetryInterval time.Duration // of the gate
	AgentTimeout  time.Duration // of one request to an agent
	SendWithin    time.Duration // from the intent to the first byte of the request
	PollInterval  time.Duration // of a running job of an agent
	FollowTimeout time.Duration // of a running job of an agent
	SettleTimeout time.Duration // for the outcome of a request or a job that was lost
	VerifyTimeout time.Duration
	RebootTimeout time.Duration
	MaxCacheAge   time.Duration // of the agent's package cache, when it lists nothing
}

// Runs carries out the steps of the runs of hosts. Every method is safe to run twice, also at the same time.
type Runs struct {
	store   RunStore
	agents  Agents
	checks  *CheckRunner
	signals Signals
	stock   Inventories
	policy  RunPolicy
	now     func() time.Time
	// approaching bounds how many hosts are taken through their gate at a time: each costs two TLS handshakes, and a probe
	// that only waits for our own processor would look like a host that does not answer.
	approaching chan struct{}
}

// maxApproaching is how many hosts a worker takes through their gates at a time.
const maxApproaching = 64

// NewRuns makes the activities of runs.
func NewRuns(store RunStore, agents Agents, checks *CheckRunner, signals Signals, stock Inventories, policy RunPolicy) *Runs {
	return &Runs{
		store: store, agents: agents, checks: checks, signals: signals, stock: stock, policy: policy, now: time.Now,
		approaching: make(chan struct{}, maxApproaching),
	}
}

// OnClock returns the same activities on another clock than the machine's. It is no method: those are activities all.
func OnClock(a *Runs, now func() time.Time) *Runs {
	b := *a
	b.now = now
	return &b
}

// HostRef names one host of one job. Zone is that of the worker which the step was given to, where it reaches for the host.
type HostRef struct {
	JobID  string `json:"job_id"`
	HostID string `json:"host_id"`
	Zone   string `json:"zone,omitempty"`
}

// StepKind is what a run does next.
type StepKind string

// What a run may do next.
const (
	StepWait     StepKind = "wait"
	StepDispatch StepKind = "dispatch"
	StepFollow   StepKind = "follow"
	StepReboot   StepKind = "reboot"
	StepVerify   StepKind = "verify"
	StepDone     StepKind = "done"
)

// Step is what an activity tells the run: what to do next, and where the host stands in a few words for people.
type Step struct {
	Next   StepKind     `json:"next"`
	Status fleet.Status `json:"status"`
	Phase  fleet.Phase  `json:"phase,omitempty"`
	Reason fleet.Reason `json:"reason,omitempty"`
	Detail string       `json:"detail,omitempty"`
	// WakeAt is when a wait ends by itself.
	WakeAt time.Time `json:"wake_at,omitzero"`
	// WakeIn is how long a wait lasts at most, whatever any clock says; zero where WakeAt counts.
	WakeIn time.Duration `json:"wake_in_ns,omitzero"`
	// Deadline is the instant from which the host will not be dispatched any more; zero where none is known.
	Deadline time.Time `json:"deadline,omitzero"`
	// Zone is where the host is to be reached from now on; empty where nothing new is known of that.
	Zone string `json:"zone,omitempty"`
}

// run is one step of one host under way.
type run struct {
	*Runs
	ref HostRef
	fleet.Run
	skew time.Duration // of the database's clock against ours
	read time.Time     // by our clock
}

// load reads the run and how far apart the clocks of the database and this worker are.
func (a *Runs) load(ctx context.Context, ref HostRef) (*run, error) {
	sent := a.now()
	r, err := a.store.Run(ctx, ref.JobID, ref.HostID)
	if err != nil {
		return nil, err
	}
	clock := fleet.AgentClock{Agent: r.Now, Sent: sent, Received: a.now()}
	return &run{Runs: a, ref: ref, Run: r, skew: clock.Skew(), read: clock.Received}, nil
}

func (r *run) log() *slog.Logger {
	return slog.Default().With("job_id", r.ref.JobID, "host_id", r.ref.HostID, "fqdn", r.Row.FQDN)
}

// resume says how a run goes on that ended or was dispatched before; ok is false where neither is so.
func (r *run) resume(ctx context.Context) (step Step, ok bool, err error) {
	if r.Row.Status.Terminal() {
		// An earlier try may have stored the end and been lost before it handed the slot on.
		r.wakeSlotWaiters(ctx)
		return Step{Next: StepDone, Status: r.Row.Status, Reason: r.Row.Reason, Detail: r.Row.Detail}, true, nil
	}
	if r.Attempt == nil {
		return Step{}, false, nil
	}
	if r.Host == nil { // the store refuses that, so it was not the API
		step, err = r.endAttempt(ctx, fleet.Ending{
			Status: fleet.StatusIndeterminate, Reason: fleet.ReasonHostDeleted, Detail: "the host was deleted while it was patched",
		})
		return step, true, err
	}
	if r.Attempt.State == fleet.AttemptPrepared {
		return r.resumePrepared(ctx)
	}
	step = Step{Next: StepFollow, Status: fleet.StatusRunning, Phase: r.Row.Phase, Detail: r.Row.Detail, Zone: r.Host.Zone}
	switch {
	case r.Row.Phase == fleet.PhaseRebooting:
		step.Next = StepReboot
	case r.Row.Phase == fleet.PhaseVerifying:
		step.Next = StepVerify
	case r.Attempt.State == fleet.AttemptNone:
		step.Next = StepReboot
	}
	return step, true, nil
}

// moved reports whether the host was put into another zone than that of this worker, which may not reach it any more.
func (r *run) moved() bool { return r.ref.Zone != "" && r.Host != nil && r.Host.Zone != r.ref.Zone }

// resumePrepared meets an intent whose sender told nothing. While the sender may still send it waits; from then on the
// request counts as sent.
func (r *run) resumePrepared(ctx context.Context) (Step, bool, error) {
	if _, err := r.store.MarkUnknown(ctx, *r.Attempt); err != nil {
		return Step{}, false, err
	}
	step := Step{Next: StepFollow, Status: fleet.StatusRunning, Phase: fleet.PhaseDispatching, Zone: r.Host.Zone}
	if !r.Now.After(r.Attempt.SendBefore) {
		step.Next, step.WakeAt = StepWait, r.Attempt.SendBefore.Add(time.Second)
		step.Detail = "another worker may still be sending the request"
	}
	return step, true, nil
}

// end records the end of a host that was not dispatched.
func (r *run) end(ctx context.Context, e fleet.Ending) (Step, error) {
	woke, err := r.store.EndWaiting(ctx, r.ref.JobID, r.ref.HostID, e)
	return r.ended(ctx, e, woke, err)
}

// endAttempt records the end of a dispatched host, with what it has pending by now, and hands its slot on.
func (r *run) endAttempt(ctx context.Context, e fleet.Ending) (Step, error) {
	if r.Host != nil {
		if err := r.stock.RefreshInventory(ctx, *r.Host); err != nil {
			r.log().WarnContext(ctx, "inventory not refreshed after the patch", "error", err)
		}
	}
	woke, err := r.store.EndAttempt(ctx, r.ref.JobID, r.ref.HostID, e)
	return r.ended(ctx, e, woke, err)
}

func (r *run) ended(ctx context.Context, e fleet.Ending, woke bool, err error) (Step, error) {
	if err != nil {
		return Step{}, err
	}
	r.log().InfoContext(ctx, "host ended", "status", e.Status, "reason", e.Reason, "detail", e.Detail)
	r.wakeSlotWaiters(ctx)
	if woke {
		r.deliverWakeups(ctx)
	}
	return Step{Next: StepDone, Status: e.Status, Reason: e.Reason, Detail: e.Detail}, nil
}

// wakeSlotWaiters signals the hosts that may take a free slot. A lost wake-up costs time only: every wait has its own
// timer.
func (r *run) wakeSlotWaiters(ctx context.Context) {
	waiters, err := r.store.SlotWaiters(ctx, r.ref.JobID)
	for _, id := range waiters {
		err = errors.Join(err, r.signals.WakeHost(ctx, r.ref.JobID, id))
	}
	if err != nil {
		r.log().WarnContext(ctx, "slot waiters not woken", "error", err)
	}
}

func (r *run) deliverWakeups(ctx context.Context) {
	if err := r.signals.DeliverWakeups(ctx); err != nil {
		r.log().WarnContext(ctx, "stored wake-ups not delivered", "error", err)
	}
}
