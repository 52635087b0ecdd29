package fleet

import "time"

// Status is where a job host stands. Clients must accept values they do not know.
type Status string

// The statuses of a job host; those from StatusSucceeded on are terminal.
const (
	StatusQueued             Status = "queued"
	StatusWaitingWindow      Status = "waiting_window"
	StatusWaitingHealthCheck Status = "waiting_health_check"
	StatusWaitingSlot        Status = "waiting_slot"
	StatusRunning            Status = "running"
	StatusSucceeded          Status = "succeeded"
	StatusFailed             Status = "failed"
	StatusCancelled          Status = "cancelled"
	StatusSkipped            Status = "skipped"
	StatusIndeterminate      Status = "indeterminate"
)

// Terminal reports whether s is an end.
func (s Status) Terminal() bool {
	switch s {
	case StatusSucceeded, StatusFailed, StatusCancelled, StatusSkipped, StatusIndeterminate:
		return true
	}
	return false
}

// Phase is what a running job host is doing.
type Phase string

// The phases of a running job host.
const (
	PhaseDispatching Phase = "dispatching"
	PhaseApplying    Phase = "applying"
	PhaseRebooting   Phase = "rebooting"
	PhaseVerifying   Phase = "verifying"
)

// Reason says in one word why a job host ended or waits. Clients must accept values they do not know.
type Reason string

// The reasons of ends.
const (
	ReasonPatched             Reason = "patched"
	ReasonNothingToDo         Reason = "nothing_to_do"
	ReasonRebootDeferred      Reason = "reboot_deferred"
	ReasonWindowClosed        Reason = "window_closed"
	ReasonNoWindow            Reason = "no_window"
	ReasonGateTimeout         Reason = "gate_timeout"
	ReasonAgentError          Reason = "agent_error"
	ReasonAgentUnreachable    Reason = "agent_unreachable"
	ReasonUnhealthyAfterPatch Reason = "unhealthy_after_patch"
	ReasonNotInstalled        Reason = "not_installed"
	ReasonRebootFailed        Reason = "reboot_failed"
	ReasonStalePackageCache   Reason = "stale_package_cache"
	ReasonMaxFailuresReached  Reason = "max_failures_reached"
	ReasonCancelledByUser     Reason = "cancelled_by_user"
	ReasonHostDeleted         Reason = "host_deleted"
	ReasonTooManyRefusals     Reason = "too_many_refusals"
	ReasonOutcomeUnknown      Reason = "outcome_unknown"
	ReasonFollowTimeout       Reason = "follow_timeout"
	ReasonSettledByOperator   Reason = "settled_by_operator"
	ReasonRunLost             Reason = "run_lost"
)

// The reasons of waits that are not ends.
const (
	WaitWindow      Reason = "window"
	WaitNotBefore   Reason = "not_before"
	WaitBlackout    Reason = "blackout"
	WaitHealthCheck Reason = "health_check"
	WaitAgent       Reason = "agent_unreachable"
	WaitRefused     Reason = "agent_refused"
	WaitClockSkew   Reason = "clock_skew"
	WaitSlot        Reason = "slot"
	WaitHostBusy    Reason = "host_busy"
)

// Span is a stretch of time in which a host may be patched: [Start, End), dispatched only in [Start, LastStart).
// A zero End is open-ended (an immediate job that no blackout bounds).
type Span struct {
	Start, LastStart, End time.Time
}

// Wait is the one answer to "why is this host waiting".
type Wait struct {
	Reason    Reason         `json:"reason"`
	Detail    string         `json:"detail"`
	Failing   []FailingCheck `json:"failing,omitempty"`
	NextTryAt *time.Time     `json:"next_try_at,omitempty"`
	Until     *time.Time     `json:"until,omitempty"`
	Unblocks  string         `json:"unblocks"`
}

// FailingCheck is a check that keeps the gate shut.
type FailingCheck struct {
	CheckID   string     `json:"check_id"`
	Name      string     `json:"name"`
	Detail    string     `json:"detail"`
	CheckedAt *time.Time `json:"checked_at,omitempty"`
}

// PackageResult is what became of one package of a job host.
type PackageResult struct {
	Name   string `json:"name"`
	From   string `json:"from"`
	To     string `json:"to"`
	Result string `json:"result"` // pending, installed, held, failed, unknown
}
