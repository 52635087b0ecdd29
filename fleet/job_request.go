package fleet

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// The bounds of a job.
const (
	MaxJobHosts       = 10000
	MaxJobGroups      = 1000
	MaxJobPackages    = 1000
	MaxJobNotes       = 2000
	MaxIdempotencyKey = 200
	// JobBatchSize is how many hosts one batch of a job's run carries.
	JobBatchSize = 200
	// MaxGateTimeout and MaxMaxWait bound how long a host of a job may wait.
	MaxGateTimeout = 7 * 24 * time.Hour
	MaxMaxWait     = 366 * 24 * time.Hour
	// maxJobDelay bounds how far ahead a job may be planned.
	maxJobDelay = 366 * 24 * time.Hour
)

// packagePattern is what apt, dnf, zypper and pacman allow in names of packages, with an architecture.
var packagePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._:~-]{0,199}$`)

var keyPattern = regexp.MustCompile(`^[\x21-\x7e]+$`)

// JobRequest asks for a set of hosts to be patched.
type JobRequest struct {
	HostIDs     []string
	GroupIDs    []string
	Matching    *HostMatch // besides, all hosts that match and that the caller operates
	Packages    []string   // nil: everything available
	Immediate   bool
	NotBefore   *time.Time
	AllowReboot bool
	MaxParallel Limit
	MaxFailures Limit
	GateTimeout time.Duration
	MaxWait     time.Duration
	Notes       string
	RetryOf     string // the job whose hosts these are; empty otherwise
	// IdempotencyKey makes the request one and the same however often a principal sends it; empty: none. RequestHash
	// tells whether it is.
	IdempotencyKey string
	RequestHash    []byte
}

// Validate returns every broken rule, joined. Whether the hosts exist and are the caller's to patch is not its matter.
func (r JobRequest) Validate(now time.Time) error {
	return errors.Join(
		r.validateTargets(),
		r.validatePackages(),
		r.validateKey(),
		checkDuration("gate_timeout", r.GateTimeout, MaxGateTimeout),
		checkDuration("max_wait", r.MaxWait, MaxMaxWait),
		r.validateNotBefore(now),
		CheckText("notes", r.Notes, MaxJobNotes, true),
	)
}

func (r JobRequest) validateTargets() error {
	switch {
	case len(r.HostIDs) == 0 && len(r.GroupIDs) == 0 && r.Matching == nil:
		return Invalid("host_ids", "a job needs at least one host, in host_ids, by group_ids or by matching")
	case len(r.HostIDs) > MaxJobHosts:
		return Invalid("host_ids", "must be at most %d", MaxJobHosts)
	case len(r.GroupIDs) > MaxJobGroups:
		return Invalid("group_ids", "must be at most %d", MaxJobGroups)
	}
	return nil
}

func (r JobRequest) validatePackages() error {
	if r.Packages == nil {
		return nil
	}
	if len(r.Packages) == 0 {
		return Invalid("packages", "must name at least one package; leave it out to mean all that are available")
	}
	if len(r.Packages) > MaxJobPackages {
		return Invalid("packages", "must be at most %d", MaxJobPackages)
	}
	seen := make(map[string]bool, len(r.Packages))
	var errs []error
	for i, p := range r.Packages {
		field := fmt.Sprintf("packages[%d]", i)
		if !packagePattern.MatchString(p) {
			errs = append(errs, Invalid(field, "must be the name of a package"))
		} else if seen[p] {
			errs = append(errs, Invalid(field, "names a package a second time"))
		}
		seen[p] = true
	}
	return errors.Join(errs...)
}

func (r JobRequest) validateKey() error {
	if r.IdempotencyKey == "" {
		return nil
	}
	if len(r.IdempotencyKey) > MaxIdempotencyKey || !keyPattern.MatchString(r.IdempotencyKey) {
		return Invalid("Idempotency-Key", "must be 1 to %d printable ASCII characters without spaces", MaxIdempotencyKey)
	}
	return nil
}

func (r JobRequest) validateNotBefore(now time.Time) error {
	if r.NotBefore == nil {
		return nil
	}
	if r.NotBefore.After(now.Add(maxJobDelay)) || r.NotBefore.Year() < MinWindowYear {
		return Invalid("not_before", "must be at most 366 days ahead and not before the year %d", MinWindowYear)
	}
	return nil
}

// checkDuration holds d to whole seconds, since seconds are what is stored.
func checkDuration(field string, d, limit time.Duration) error {
	if d < time.Second || d > limit || d%time.Second != 0 {
		return Invalid(field, "must be whole seconds from 1s to %s", limit)
	}
	return nil
}
