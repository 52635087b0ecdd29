package agent

import (
	"encoding/json"
	"time"
)

// BasePath precedes every path of the contract, and DefaultPort is where agents listen.
const (
	BasePath    = "/api/v1"
	DefaultPort = 12443
)

// IdempotencyHeader carries the key of a mutating request. Older agents ignore it, so nothing relies on it.
const IdempotencyHeader = "Idempotency-Key"

// Envelope is the outer object of every answer: Data where Success, Error otherwise.
type Envelope struct {
	Success   bool            `json:"success"`
	RequestID string          `json:"request_id"`
	Timestamp Time            `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
	Error     *Error          `json:"error"`
}

// Error is the error object of an envelope.
type Error struct {
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Details   json.RawMessage `json:"details"`
	Retryable bool            `json:"retryable"`
}

// Succeed makes the envelope of an answer with data.
func Succeed(requestID string, now time.Time, data any) (Envelope, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Envelope{}, err
	}
	return Envelope{Success: true, RequestID: requestID, Timestamp: Time{now}, Data: raw}, nil
}

// Fail makes the envelope of an answer with an error.
func Fail(requestID string, now time.Time, e Error) Envelope {
	return Envelope{RequestID: requestID, Timestamp: Time{now}, Error: &e}
}

// Health is the data of GET /health.
type Health struct {
	Status          string   `json:"status"`
	UptimeSeconds   *float64 `json:"uptime_seconds"` // of the host, not of the agent
	Version         string   `json:"version"`
	CacheStatus     string   `json:"cache_status"`
	LastCacheUpdate Time     `json:"last_cache_update"`
}

// The values of Health.Status and Health.CacheStatus.
const (
	HealthHealthy  = "healthy"
	HealthDegraded = "degraded"

	CacheFresh   = "fresh"
	CacheStale   = "stale"
	CacheUnknown = "unknown"
	CacheFailed  = "failed"
)

// SystemInfo is the data of GET /system/info.
type SystemInfo struct {
	Hostname        string `json:"hostname"`
	OS              string `json:"os"`
	OSVersion       string `json:"os_version"`
	Kernel          string `json:"kernel"`
	Architecture    string `json:"architecture"`
	LastUpdateCheck Time   `json:"last_update_check"`
	LastUpdateApply Time   `json:"last_update_apply"`
	PendingReboot   *bool  `json:"pending_reboot"`
	PackageDBClean  *bool  `json:"package_db_clean,omitempty"` // newer agents only
}

// Service is the data of GET /system/services/{name}. Healthy is authoritative, whatever the states beside it say.
type Service struct {
	Name         string `json:"name"`
	DisplayName  string `json:"display_name"`
	ActiveState  string `json:"active_state"`
	SubState     string `json:"sub_state"`
	LoadState    string `json:"load_state"`
	EnabledState string `json:"enabled_state"`
	MainPID      *Int   `json:"main_pid"`
	Healthy      *bool  `json:"healthy"`
}

// Patch is one available package update. Held is set by our own agent for packages that the host holds back.
type Patch struct {
	Name             string       `json:"name"`
	CurrentVersion   string       `json:"current_version"`
	AvailableVersion string       `json:"available_version"`
	Severity         string       `json:"severity"`
	Description      string       `json:"description"`
	CVEIDs           List[string] `json:"cve_ids"`
	RequiresReboot   bool         `json:"requires_reboot"`
	Held             bool         `json:"held,omitempty"`
}

// PatchList is the data of GET /patches.
type PatchList struct {
	Patches         List[Patch] `json:"patches"`
	Total           Int         `json:"total"`
	SecurityUpdates Int         `json:"security_updates"`
	RequiresReboot  Bool        `json:"requires_reboot"`
}

// ApplyRequest is the body of POST /patches/apply. No packages means none. The manager leaves both reboot fields out:
// the agent took `reboot` before 2.5.5 and takes `allow_reboot` from then on, and refuses the two together.
type ApplyRequest struct {
	Packages           []string `json:"packages"`
	Reboot             *bool    `json:"reboot,omitempty"`
	AllowReboot        *bool    `json:"allow_reboot,omitempty"`
	RebootDelaySeconds int      `json:"reboot_delay_seconds,omitempty"`
}

// RebootRequest is the body of POST /system/reboot.
type RebootRequest struct {
	DelaySeconds int  `json:"delay_seconds"`
	Force        bool `json:"force"`
}

// JobAccepted is the data of a 202 to an apply or a reboot.
type JobAccepted struct {
	JobID       string   `json:"job_id"`
	Status      string   `json:"status"`
	Operation   string   `json:"operation"`
	Packages    []string `json:"packages,omitempty"`     // apply only
	ScheduledAt *Time    `json:"scheduled_at,omitempty"` // reboot only
}

// Job is a job of the agent, as GET /jobs lists it (without the fields from Progress on) and GET /jobs/{id} answers.
type Job struct {
	JobID         string       `json:"job_id"`
	Operation     string       `json:"operation"`
	Status        string       `json:"status"`
	CreatedAt     Time         `json:"created_at"`
	CompletedAt   Time         `json:"completed_at"`
	Packages      List[string] `json:"packages"`
	ErrorCode     *string      `json:"error_code,omitempty"`
	Progress      Int          `json:"progress"` // 0 to 100
	Message       string       `json:"message"`
	Logs          Lines        `json:"logs"`
	Error         *Text        `json:"error"`
	ExitCode      *Int         `json:"exit_code,omitempty"`
	CommandStdout *string      `json:"command_stdout,omitempty"`
	CommandStderr *string      `json:"command_stderr,omitempty"`
}

// JobList is the data of GET /jobs.
type JobList struct {
	Jobs  List[Job] `json:"jobs"`
	Total Int       `json:"total"`
}

// The operations of jobs, as newer agents spell them.
const (
	OperationApply  = "patch_apply"
	OperationReboot = "reboot"
)

// The statuses of jobs, as the REST interface spells them.
const (
	JobPending   = "pending"
	JobRunning   = "running"
	JobCompleted = "completed"
	JobFailed    = "failed"
	JobTimedOut  = "timedout"
	JobCancelled = "cancelled"
)

// The error codes of answers.
const (
	CodeInvalidServiceName  = "INVALID_SERVICE_NAME"
	CodeServiceNotFound     = "SERVICE_NOT_FOUND"
	CodeServiceStatusError  = "SERVICE_STATUS_ERROR"
	CodeValidation          = "VALIDATION_ERROR"
	CodeQueueFull           = "QUEUE_FULL"
	CodeRebootBlocked       = "REBOOT_BLOCKED"
	CodePackageDBInMutation = "PACKAGE_DB_MUTATION_IN_PROGRESS"
	CodeAdmissionClosed     = "ADMISSION_CLOSED"
	CodeJobNotFound         = "JOB_NOT_FOUND"
)

// The error codes of failed jobs.
const (
	JobPackageManager     = "PKG_MANAGER_ERROR"
	JobCommandNotFound    = "COMMAND_NOT_FOUND"
	JobCacheRefresh       = "CACHE_REFRESH_ERROR"
	JobNetwork            = "NETWORK_ERROR"
	JobGPG                = "GPG_ERROR"
	JobPackageNotFound    = "PKG_NOT_FOUND"
	JobDependencyConflict = "DEPENDENCY_CONFLICT"
	JobPermissionDenied   = "PERMISSION_DENIED"
	JobReboot             = "REBOOT_ERROR"
	JobTimeout            = "TIMEOUT"
	JobUnknown            = "UNKNOWN_ERROR"
)
