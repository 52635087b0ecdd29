package fleet

import "time"

// HealthState is the health of a host in one word.
type HealthState string

// The health states. HealthNone is a host without enabled checks.
const (
	HealthUnhealthy HealthState = "unhealthy"
	HealthUnknown   HealthState = "unknown"
	HealthHealthy   HealthState = "healthy"
	HealthNone      HealthState = "none"
)

// Rank is the place of a health in the order in which lists show it: what needs somebody first.
func (s HealthState) Rank() int {
	switch s {
	case HealthUnhealthy:
		return 0
	case HealthUnknown:
		return 1
	case HealthNone:
		return 2
	case HealthHealthy:
		return 3
	}
	return 4
}

// HealthSummary counts the enabled checks of a host by what they show. Unknown are those without a result, with one that is too old to
// say anything, and those that could not be carried out.
type HealthSummary struct {
	Healthy, Unhealthy, Unknown int
	OldestResultAt              *time.Time
}

// State is the summary in one word: one unhealthy check makes the host unhealthy, one unknown check makes it unknown.
func (h HealthSummary) State() HealthState {
	switch {
	case h.Unhealthy > 0:
		return HealthUnhealthy
	case h.Unknown > 0:
		return HealthUnknown
	case h.Healthy > 0:
		return HealthHealthy
	}
	return HealthNone
}

// HostView is a host as a caller sees it: GroupIDs holds only groups within the caller's scope.
type HostView struct {
	Host
	GroupIDs []string
	Health   HealthSummary
	Presence ZonePresence // of the workers of its zone
}

// ResultAges says which results count in a summary: those from before StaleBefore count as unknown, and those from before
// KeptSince are not shown at all.
type ResultAges struct{ StaleBefore, KeptSince time.Time }

// AgesAt is what counts at now: a result goes stale when two polls could have replaced it.
func AgesAt(now time.Time, pollInterval, retention time.Duration) ResultAges {
	return ResultAges{StaleBefore: now.Add(-2 * pollInterval), KeptSince: now.Add(-retention)}
}

// Stale reports whether the oldest result of enabled checks is too old to say how things are; without one nothing is stale.
func (a ResultAges) Stale(oldest *time.Time) bool {
	return oldest != nil && oldest.Before(a.StaleBefore)
}

// HostInventory is the last inventory of a host that its agent answered.
type HostInventory struct {
	At                                  time.Time
	OS, OSVersion, Kernel, Architecture string
	CacheStatus                         string
	LastCacheUpdate                     *time.Time
	RebootRequired                      *bool
	Patches                             []Patch
}
