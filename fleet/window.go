package fleet

import "time"

// WindowScope is what a window applies to.
type WindowScope string

// The scopes of windows.
const (
	ScopeHost  WindowScope = "host"
	ScopeGroup WindowScope = "group"
	ScopeSite  WindowScope = "site"
)

// WindowKind tells windows that allow from windows that forbid.
type WindowKind string

// The kinds of windows. A blackout always wins.
const (
	Maintenance WindowKind = "maintenance"
	Blackout    WindowKind = "blackout"
)

// Recurrence is how often a window occurs.
type Recurrence string

// The recurrences.
const (
	Once    Recurrence = "once"
	Daily   Recurrence = "daily"
	Weekly  Recurrence = "weekly"
	Monthly Recurrence = "monthly"
)

// The values of Window.DayOfMonth and Window.NthWeek that mean the last one of the month.
const (
	LastDay  = 32
	LastWeek = 5
)

// MaxWindowMinutes bounds the duration of a window: one week.
const MaxWindowMinutes = 10080

// Window is a maintenance window or a blackout of a host, a group or the site. Where the recurrence is monthly, either
// DayOfMonth is set (1 to 31, or LastDay) or NthWeek is (1 to 4, or LastWeek) with NthWeekday.
type Window struct {
	ID              string
	Scope           WindowScope
	HostID, GroupID string
	Kind            WindowKind
	Label           string
	TimeZone        string // IANA name
	StartsOn        Date   // the first day it may occur on
	StartTime       TimeOfDay
	DurationMinutes int // elapsed time
	Recurrence      Recurrence
	Weekdays        []time.Weekday // weekly only
	DayOfMonth      int
	NthWeek         int
	NthWeekday      time.Weekday
	Enabled         bool
	CreatedAt       time.Time
	UpdatedAt       time.Time
}
