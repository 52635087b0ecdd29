package fleet

import (
	"time"
	"unicode/utf8"
)

// CheckType is the kind of probe a health check runs.
type CheckType string

// The check types.
const (
	CheckService CheckType = "service"
	CheckHTTP    CheckType = "http"
)

// MaxChecksPerHost bounds the health checks of one host; the database holds it.
const MaxChecksPerHost = 5

// Check is a health check of one host. Password is only ever an encrypted envelope here.
type Check struct {
	ID               string
	HostID           string
	Name             string
	Type             CheckType
	Enabled          bool
	ServiceName      string // service only
	URL              string // http only
	ExpectedBody     string // http only, a substring
	IgnoreCertErrors bool
	BasicAuthUser    string
	Password         *SealedPassword
	// FailureThreshold and SuccessThreshold are how many results in a row it takes until the check shows as failing, and as
	// healthy again. They are for those who look: the gate judges each result alone.
	FailureThreshold int
	SuccessThreshold int
	CreatedAt        time.Time
	UpdatedAt        time.Time
	// DefinedAt is when what it asks last changed: a new name does not, a new URL does.
	DefinedAt time.Time
}

// SealedPassword is an encrypted Basic-auth password as it is stored.
type SealedPassword struct {
	Ciphertext []byte
	Nonce      []byte
	KeyID      int16
}

// Outcome is how one run of a check ended. Only OutcomeHealthy is healthy: a failure to carry the check out is not.
type Outcome string

// The outcomes.
const (
	OutcomeHealthy   Outcome = "healthy"
	OutcomeUnhealthy Outcome = "unhealthy"
	OutcomeError     Outcome = "error"
)

// MaxDetail bounds the detail of a result, in bytes.
const MaxDetail = 500

// Result is one run of a check. CheckedAt is the start of the probe.
type Result struct {
	CheckID   string
	HostID    string
	Outcome   Outcome
	Detail    string
	Latency   time.Duration
	CheckedAt time.Time
	// DefinedAt is that of the check as it was run, so that a result which comes in after an edit is not taken for one of
	// the check as it is now. Zero says nothing of it.
	DefinedAt time.Time
}

// Healthy reports whether the check was healthy.
func (r Result) Healthy() bool { return r.Outcome == OutcomeHealthy }

// CheckState is the current state of a check: its last result, since when and how many times in a row it has been healthy
// or not, and what it shows, which the thresholds of the check hold on to.
type CheckState struct {
	Result
	Since       time.Time
	Consecutive int
	Shown       Outcome
	ShownSince  time.Time
}

// Clip shortens s to at most MaxDetail bytes on a rune boundary and makes it valid UTF-8 without NUL, as Postgres needs.
func Clip(s string) string {
	b := make([]byte, 0, min(len(s), MaxDetail))
	for _, r := range s {
		if r == 0 {
			r = utf8.RuneError
		}
		if len(b)+utf8.RuneLen(r) > MaxDetail {
			break
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}
