package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// AgentConn is a conversation with one host's agent over one kept-alive connection, for one goroutine at a time. Reads
// fail with an error that is an *AgentError (the agent answered with an error), or wraps ErrAgentUnreachable (there was
// no complete answer) or ErrAgentMalformed (what it answered breaks its contract). Apply and Reboot send at most once
// and say in the result what is known of the request.
type AgentConn interface {
	Health(ctx context.Context) (AgentHealth, error)
	SystemInfo(ctx context.Context) (AgentSystemInfo, error)
	// Service answers only for the very unit asked for; an answer about another one is malformed.
	Service(ctx context.Context, name string) (AgentService, error)
	Patches(ctx context.Context) (AgentPatches, error)
	Jobs(ctx context.Context) ([]AgentJob, error)
	// Job fails with an *AgentError with code AgentCodeJobNotFound once the agent has forgotten the job.
	Job(ctx context.Context, id string) (AgentJob, error)
	Apply(ctx context.Context, o ApplyOrder) SendResult
	Reboot(ctx context.Context, o RebootOrder) SendResult
	// CertificateNotAfter is when the agent's certificate expires; nil before the first connection.
	CertificateNotAfter() *time.Time
	Close()
}

// AgentCodeJobNotFound is the AgentError code of a job that the agent does not know, or no longer does.
const AgentCodeJobNotFound = "JOB_NOT_FOUND"

// ErrAgentUnreachable says that no complete answer came: dial, TLS, reset or timeout.
var ErrAgentUnreachable = errors.New("agent unreachable")

// ErrAgentMalformed says that an answer came which breaks the agent's contract.
var ErrAgentMalformed = errors.New("agent answer malformed")

// ErrAgentUnjudged says that nobody was asked, because it could not be told whether the agent's certificate was revoked.
// It comes with ErrAgentUnreachable.
var ErrAgentUnjudged = errors.New("it can not be told whether the agent's certificate was revoked")

// AgentError is a complete, well-formed error answer of an agent. Code and Message are bounded and printable.
type AgentError struct {
	Status  int // HTTP
	Code    string
	Message string
}

func (e *AgentError) Error() string {
	return fmt.Sprintf("agent answered %d %s: %s", e.Status, e.Code, e.Message)
}

// AgentCode returns the code of the *AgentError that err is or wraps, or "".
func AgentCode(err error) string {
	var e *AgentError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// AgentClock compares the clock of a host with ours over one exchange.
type AgentClock struct {
	Agent          time.Time // the timestamp in the answer
	Sent, Received time.Time // ours
}

// Skew is how far the agent's clock is ahead of ours (behind when negative), at least: zero when its timestamp lies
// within the exchange.
func (c AgentClock) Skew() time.Duration {
	if d := c.Agent.Sub(c.Received); d > 0 {
		return d
	}
	return min(c.Agent.Sub(c.Sent), 0)
}

// AgentHealth is the answer to GET /health.
type AgentHealth struct {
	Clock           AgentClock
	Status          string        // healthy, degraded or a newer word
	Uptime          time.Duration // of the host
	Version         string
	CacheStatus     string // fresh, stale, unknown, failed or a newer word
	LastCacheUpdate *time.Time
}

// AgentSystemInfo is the answer to GET /system/info.
type AgentSystemInfo struct {
	Clock                AgentClock
	Hostname             string
	OS, OSVersion        string
	Kernel, Architecture string
	LastUpdateCheck      *time.Time
	LastUpdateApply      *time.Time
	PendingReboot        bool
	PackageDBClean       *bool // nil where the agent does not say
}

// AgentService is the answer to GET /system/services/{name}.
type AgentService struct {
	Clock        AgentClock
	Name         string
	ActiveState  string
	SubState     string
	LoadState    string
	EnabledState string
	Healthy      bool // authoritative
}

// AgentPatches is the answer to GET /patches. Names are unique.
type AgentPatches struct {
	Clock          AgentClock
	Patches        []Patch
	RequiresReboot bool
}

// AgentOperation is what a job of an agent does: one of those below, or another word as the agent sent it.
type AgentOperation string

// The operations that we ask for.
const (
	AgentApply  AgentOperation = "patch_apply"
	AgentReboot AgentOperation = "reboot"
)

// AgentJobStatus is where a job of an agent stands, its spellings made one.
type AgentJobStatus string

// The statuses of agent jobs. A word that we do not know is AgentJobUnknown and counts as running.
const (
	AgentJobPending   AgentJobStatus = "pending"
	AgentJobRunning   AgentJobStatus = "running"
	AgentJobCompleted AgentJobStatus = "completed"
	AgentJobFailed    AgentJobStatus = "failed"
	AgentJobTimedOut  AgentJobStatus = "timed_out"
	AgentJobCancelled AgentJobStatus = "cancelled"
	AgentJobUnknown   AgentJobStatus = "unknown"
)

// Finished reports whether the job will not go on.
func (s AgentJobStatus) Finished() bool {
	switch s {
	case AgentJobCompleted, AgentJobFailed, AgentJobTimedOut, AgentJobCancelled:
		return true
	}
	return false
}

// AgentJob is a job as the agent tells of it. From the list of jobs the fields from Progress on are empty.
type AgentJob struct {
	Clock       AgentClock
	ID          string
	Operation   AgentOperation
	Status      AgentJobStatus
	RawStatus   string // as sent
	CreatedAt   *time.Time
	CompletedAt *time.Time
	Packages    []string
	ErrorCode   string
	Progress    int // 0 to 100
	Message     string
	Logs        []string
	Error       string
	ExitCode    *int
	Stdout      string
	Stderr      string
}

// ApplyOrder asks an agent to install Packages. Nothing is written at or after SendBefore unless that is zero.
type ApplyOrder struct {
	IdempotencyKey string
	Packages       []string // at least one: the agent takes none for nothing to do
	SendBefore     time.Time
}

// RebootOrder asks an agent to reboot its host. Nothing is written at or after SendBefore unless that is zero.
type RebootOrder struct {
	IdempotencyKey string
	Delay          time.Duration
	SendBefore     time.Time
}

// SendOutcome is what is known of a request that changes a host.
type SendOutcome string

// The outcomes of sending. Whatever is not surely one of the others is SendUnknown.
const (
	// SendNotSent: not one byte of the request was written.
	SendNotSent SendOutcome = "not_sent"
	// SendAccepted: a complete, well-formed 202 with a job id.
	SendAccepted SendOutcome = "accepted"
	// SendRefused: a complete, well-formed 409 or 429; it may be tried again later.
	SendRefused SendOutcome = "refused"
	// SendRejected: another complete, well-formed 4xx; trying again is no use.
	SendRejected SendOutcome = "rejected"
	// SendUnknown: the agent may have taken it. It must never be sent again.
	SendUnknown SendOutcome = "unknown"
)

// SendResult is the outcome of sending with what goes with it.
type SendResult struct {
	Outcome     SendOutcome
	JobID       string        // accepted only
	ScheduledAt *time.Time    // of an accepted reboot, where the agent says
	Status      int           // HTTP, 0 without an answer
	Code        string        // of a well-formed error answer
	RetryAfter  time.Duration // 0 where the agent does not say; at most an hour
	Detail      string        // one bounded sentence for people; for accepted empty
	SentAt      time.Time     // just before the first byte could be written; zero when not sent
}
