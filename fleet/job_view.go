package fleet

import "time"

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
}

// JobHostFilter narrows the hosts of a job, in order of their fqdn; zero fields do not.
type JobHostFilter struct {
	Status Status
	Text   string // part of the fqdn
	After  *JobHostPlace
	Limit  int
}

// JobHostPlace is the place of a job host in the order of its job's hosts.
type JobHostPlace struct {
	FQDN   string `json:"f"`
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
