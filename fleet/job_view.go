package fleet

import (
	"strings"
	"time"
)

// JobView is a job as a caller sees it: the counts are of the hosts within the caller's scope.
type JobView struct {
	ID                string
	CreatedBy         string
	CreatedByName     string
	CreatedAt         time.Time
	GroupIDs          []string // as asked for, those within the caller's scope
	Packages          []string // nil: everything available
	Immediate         bool
	NotBefore         *time.Time
	AllowReboot       bool
	MaxParallel       string
	MaxFailures       string
	GateTimeout       time.Duration
	MaxWait           time.Duration
	Notes             string
	RetryOf           *string
	CancelRequestedAt *time.Time
	CancelRequestedBy string
	RunID             string
	StartedAt         *time.Time
	CompletedAt       *time.Time
	ByStatus          map[Status]int
	ByReason          map[Reason]int
}

// Status is the status of the job as the caller sees it.
func (j JobView) Status() Status { return JobStatus(j.ByStatus) }

// Hosts is how many hosts of the job the caller sees.
func (j JobView) Hosts() int {
	n := 0
	for _, count := range j.ByStatus {
		n += count
	}
	return n
}

// JobFilter narrows a list of jobs, the newest first; zero fields do not.
type JobFilter struct {
	HostID  string
	GroupID string
	After   *JobKey // the job that the page follows
	Limit   int
}

// JobKey is the place of a job in the order of jobs.
type JobKey struct {
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

// JobHostView is one host of one job.
type JobHostView struct {
	JobID             string
	HostID            string
	FQDN              string
	Zone              string
	Status            Status
	Phase             Phase
	Reason            Reason
	Detail            string
	Attempted         bool
	Span              *Span
	Wait              *Wait
	CancelRequestedAt *time.Time
	CancelRequestedBy string
	AgentJobID        string
	Progress          *int
	Times             map[string]time.Time
	SettleNote        string
	UpdatedAt         time.Time
}

// JobHostDetail is a job host with the evaluations of its gate, the oldest first, and what became of its packages.
type JobHostDetail struct {
	JobHostView
	Evaluations []Evaluation
	Packages    []PackageResult
	// Zone is the one that the host is in by now, which may be another than when the job was made; nil where the host is gone.
	Zone *Zone
}

// JobHostFilter narrows the hosts of a job; zero fields do not.
type JobHostFilter struct {
	Status Status
	Text   string        // part of the fqdn
	Sort   JobHostSort   // empty: by fqdn
	After  *JobHostPlace // the one that the page follows in the order of Sort
	Limit  int
}

// JobHostSort is the order of the hosts of a job: a column, with a minus before it the other way round. Equal ones are in
// order of their ids.
type JobHostSort string

// The columns that the hosts of a job are sorted by, besides their fqdn.
const (
	JobHostsByStatus  JobHostSort = "status" // as StatusOrder says
	JobHostsByUpdated JobHostSort = "updated_at"
)

// Column is the order without its direction.
func (s JobHostSort) Column() JobHostSort { return JobHostSort(strings.TrimPrefix(string(s), "-")) }

// Descending reports whether the order is the other way round.
func (s JobHostSort) Descending() bool { return strings.HasPrefix(string(s), "-") }

// Changes reports whether hosts change places in the order while the job runs.
func (s JobHostSort) Changes() bool {
	return s.Column() == JobHostsByStatus || s.Column() == JobHostsByUpdated
}

// StatusOrder has the statuses in the order in which they want to be looked at: what takes somebody, what happens now,
// what waits, and what is over.
func StatusOrder() []Status {
	return []Status{
		StatusIndeterminate, StatusFailed, StatusRunning, StatusWaitingHealthCheck, StatusWaitingSlot, StatusWaitingWindow, StatusQueued,
		StatusCancelled, StatusSkipped, StatusSucceeded,
	}
}

// PlacedJobHost is a job host with its place among those of its job.
type PlacedJobHost struct {
	JobHostView
	Place JobHostPlace
}

// JobHostPlace is the place of a job host in an order of its job's hosts. What the order is by is a text that the store
// makes.
type JobHostPlace struct {
	Key    string `json:"k"`
	HostID string `json:"h"`
}

// FleetJobHostFilter narrows the job hosts of all jobs; zero fields do not.
type FleetJobHostFilter struct {
	Statuses   []Status
	HostID     string
	Unfinished bool
	After      *FleetJobHostKey // the one that the page follows
	Limit      int
}

// FleetJobHost is a job host with its place among those of all jobs.
type FleetJobHost struct {
	JobHostView
	Key FleetJobHostKey
}

// FleetJobHostKey is the place of a job host among those of all jobs: the unfinished ones before the others, then what
// gives up first, then what changed last.
type FleetJobHostKey struct {
	Finished  bool      `json:"f"`
	ClosesAt  time.Time `json:"c"`
	UpdatedAt time.Time `json:"u"`
	JobID     string    `json:"j"`
	HostID    string    `json:"h"`
}

// OutputLine is one line that the agent wrote while it patched a host.
type OutputLine struct {
	Seq  int
	At   time.Time
	Line string
}

// JobCandidate is a host that a job would patch, as things are now.
type JobCandidate struct {
	HostView
	// Busy: another job's patch of the host has no end yet; Unsettled: and its outcome waits for an operator.
	Busy, Unsettled bool
}
