package fleet

import "time"

// Run is all that a decision about one host of one job may look at, read at Now by the database's clock.
type Run struct {
	Job      RunJob
	Row      RunRow
	Host     *Host // nil once the host was deleted
	Windows  []Window
	Evidence []Evidence
	// Attempt is the one attempt of this job on this host that was not refused; nil before the intent.
	Attempt *Attempt
	// Refusals counts the attempts that the agent refused or that were never sent.
	Refusals int
	Now      time.Time
}

// RunJob is what a run needs to know of its job.
type RunJob struct {
	ID              string
	CreatedAt       time.Time
	Packages        []string // nil: everything available
	Immediate       bool
	NotBefore       *time.Time
	AllowReboot     bool
	MaxParallel     int
	MaxFailures     int
	GateTimeout     time.Duration
	MaxWait         time.Duration
	CancelRequested bool
	CancelledBy     string
	// Failures counts the hosts of the job that count towards MaxFailures.
	Failures int
}

// RunRow is the job host as it is stored.
type RunRow struct {
	HostID          string
	FQDN            string
	Zone            string
	Status          Status
	Phase           Phase
	Reason          Reason
	Detail          string
	Attempted       bool
	Span            *Span
	SpanEnteredAt   *time.Time
	GateStartedAt   *time.Time
	SlotWaitStarted *time.Time
	SlotWait        time.Duration // of slot waits that ended
	Wait            *Wait
	CancelRequested bool
	CancelledBy     string
}

// AttemptState is what is known of the one request of an attempt.
type AttemptState string

// The states of an attempt.
const (
	AttemptPrepared AttemptState = "prepared"
	AttemptAccepted AttemptState = "accepted"
	AttemptRefused  AttemptState = "refused"
	AttemptUnknown  AttemptState = "unknown"
	// AttemptNone: nothing to apply; the attempt is only for a reboot.
	AttemptNone AttemptState = "none"
)

// RebootState is what is known of the one reboot request of an attempt; empty before its intent.
type RebootState string

// The states of a reboot.
const (
	RebootPrepared RebootState = "prepared"
	RebootAccepted RebootState = "accepted"
	RebootRefused  RebootState = "refused"
	RebootUnknown  RebootState = "unknown"
	RebootDone     RebootState = "done"
	RebootFailed   RebootState = "failed"
)

// Attempt is a committed intent to patch a host.
type Attempt struct {
	ID             string
	Number         int
	State          AttemptState
	PreparedAt     time.Time
	SendBefore     time.Time
	AgentJobsSeen  []string
	AgentJobID     string
	Packages       []PackageResult
	RebootState    RebootState
	RebootAt       *time.Time
	SlotReleasedAt *time.Time
	FinishedAt     *time.Time
}

// MaxAttempts bounds the intents of one job on one host; the database holds it.
const MaxAttempts = 5

// Cutoffs is how much of a span must be left when a patch is dispatched.
type Cutoffs struct{ Plain, WithReboot time.Duration }

// For returns the cutoff that applies to a job.
func (c Cutoffs) For(allowReboot bool) time.Duration {
	if allowReboot {
		return c.WithReboot
	}
	return c.Plain
}

// BatchHost is one host of a batch of a job.
type BatchHost struct{ HostID, FQDN, Zone string }

// RunRef names the run of one host of one job.
type RunRef struct{ JobID, HostID string }
