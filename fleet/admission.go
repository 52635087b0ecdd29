package fleet

import "time"

// Evaluation is one decision of the gate as it is kept: a copy that outlives edits of the checks.
type Evaluation struct {
	At        time.Time
	Verdict   string
	Detail    string
	Checks    []JudgedCheck
	NextTryAt *time.Time
}

// Waiting is what is stored of a job host that waits.
type Waiting struct {
	Status Status
	Wait   Wait
	Span   *Span
	// Entered: the span is the only one that this job may ever use.
	Entered bool
	// StartGate: the gate timeout of an immediate job begins now, unless it already did.
	StartGate bool
	// Unattempted takes back that something was sent, for a request of which not one byte was written.
	Unattempted bool
	Evaluation  *Evaluation
}

// Ending is what is stored of a job host that ends.
type Ending struct {
	Status Status
	Reason Reason
	Detail string
	// Unattempted takes back that something was sent, for a request of which not one byte was written.
	Unattempted bool
}

// AdmitRequest asks for a slot and for the intent to be committed.
type AdmitRequest struct {
	JobID, HostID string
	AttemptID     string
	Gate          GatePolicy
	Cutoffs       Cutoffs
	// SendWithin bounds how long after the commit the request may still be sent.
	SendWithin time.Duration
	AgentJobs  []string // ids of the jobs the agent knew of
	Uptime     time.Duration
	Packages   []PackageResult
	// Adopt is the id of an agent's job that is taken for this attempt's, instead of sending anything.
	Adopt string
	// RebootOnly: nothing is to be applied, only the reboot that the host asks for.
	RebootOnly bool
}

// Refusal says which condition of admission was not met.
type Refusal string

// The conditions of admission that may not be met.
const (
	RefusedByPlan Refusal = "plan" // cancelled, max_failures, deleted, outside the span
	RefusedByGate Refusal = "gate" // evidence
	RefusedBySlot Refusal = "slot"
	RefusedByHost Refusal = "host_busy"
	RefusedTries  Refusal = "too_many_refusals"
)

// Admission is the answer: an attempt, or the condition that refused it with what was read.
type Admission struct {
	// Attempt is set when admitted, and also when an attempt was there before (Existed).
	Attempt *Attempt
	Existed bool
	Refusal Refusal
	Plan    Plan
	Verdict Verdict
	Now     time.Time
	// SendBefore is the instant from which the request may not be sent any more: SendWithin after Now, or earlier where
	// the span or the evidence ends before.
	SendBefore time.Time
}

// Admit decides whether the host of r gets a slot and an intent, given what else is true inside the transaction. An
// empty Refusal means admitted.
func Admit(r Run, req AdmitRequest, heldSlots int, hostBusy bool) Admission {
	a := Admission{Now: r.Now, Attempt: r.Attempt, Existed: r.Attempt != nil}
	if a.Existed {
		return a
	}
	a.Plan = PlanRun(r, req.Cutoffs.For(r.Job.AllowReboot))
	a.Verdict = Gate(req.Gate, r.Evidence, r.Now)
	a.SendBefore = r.Now.Add(req.SendWithin)
	for _, end := range []time.Time{a.Plan.Deadline, EvidenceUntil(req.Gate, r.Evidence)} {
		if !end.IsZero() {
			a.SendBefore = earlier(a.SendBefore, end)
		}
	}
	switch {
	case a.Plan.Kind != PlanGo:
		a.Refusal = RefusedByPlan
	case r.Refusals >= MaxAttempts:
		a.Refusal = RefusedTries
	case !a.Verdict.Open() && req.Adopt == "":
		a.Refusal = RefusedByGate
	case hostBusy:
		a.Refusal = RefusedByHost
	case heldSlots >= r.Job.MaxParallel:
		a.Refusal = RefusedBySlot
	}
	return a
}
