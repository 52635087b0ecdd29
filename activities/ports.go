package activities

import (
	"context"

	"github.com/patch-manager/patch-manager/fleet"
)

// RunStore keeps the runs. Its writes are guarded: one that does not fit the state of things fails with
// fleet.KindConflict, and whoever asked reads the run again.
type RunStore interface {
	Run(ctx context.Context, jobID, hostID string) (fleet.Run, error)
	KnownAgentJobs(ctx context.Context, hostID string) ([]string, error)

	SaveWaiting(ctx context.Context, jobID, hostID string, w fleet.Waiting) error
	SaveEvaluation(ctx context.Context, jobID, hostID string, e fleet.Evaluation) error
	EndWaiting(ctx context.Context, jobID, hostID string, e fleet.Ending) (woke bool, err error)

	Admit(ctx context.Context, req fleet.AdmitRequest) (fleet.Admission, error)
	RecordAccepted(ctx context.Context, a fleet.Attempt, jobID, hostID, agentJobID string) error
	RecordUnknown(ctx context.Context, a fleet.Attempt, jobID, hostID, detail string) error
	RecordRefused(ctx context.Context, a fleet.Attempt, jobID, hostID, detail string) error
	MarkUnknown(ctx context.Context, a fleet.Attempt) (bool, error)

	SavePhase(ctx context.Context, jobID, hostID string, phase fleet.Phase, detail string) error
	SaveProgress(ctx context.Context, jobID, hostID string, progress int) error
	SavePackages(ctx context.Context, attemptID string, packages []fleet.PackageResult) error
	OutputLength(ctx context.Context, jobID, hostID string) (int, error)
	AppendOutput(ctx context.Context, jobID, hostID string, first int, lines []string) error

	PrepareReboot(ctx context.Context, a fleet.Attempt, jobID, hostID string) (bool, error)
	RecordReboot(ctx context.Context, a fleet.Attempt, to fleet.RebootState, from ...fleet.RebootState) (bool, error)

	EndAttempt(ctx context.Context, jobID, hostID string, e fleet.Ending) (woke bool, err error)
	SlotWaiters(ctx context.Context, jobID string) ([]string, error)
}

// JobStore keeps the jobs as wholes, and the wake-ups.
type JobStore interface {
	StartJob(ctx context.Context, jobID, runID string) (batches int, err error)
	BatchHosts(ctx context.Context, jobID string, batch int) ([]fleet.BatchHost, error)
	CompleteJob(ctx context.Context, jobID string) (bool, error)
	UnfinishedJobs(ctx context.Context) ([]string, error)
	CancelJob(ctx context.Context, jobID string, by fleet.Actor) error
	CancelJobHost(ctx context.Context, jobID, hostID string, by fleet.Actor) error
	Wakeups(ctx context.Context) ([]int64, []fleet.RunRef, error)
	DeleteWakeups(ctx context.Context, ids []int64) error
	Run(ctx context.Context, jobID, hostID string) (fleet.Run, error)
	EndWaiting(ctx context.Context, jobID, hostID string, e fleet.Ending) (woke bool, err error)
	EndAttempt(ctx context.Context, jobID, hostID string, e fleet.Ending) (woke bool, err error)
	SlotWaiters(ctx context.Context, jobID string) ([]string, error)
}

// Signals reaches runs. A run that is not there is no error.
type Signals interface {
	WakeHost(ctx context.Context, jobID, hostID string) error
	// DeliverWakeups has the stored wake-ups delivered soon.
	DeliverWakeups(ctx context.Context) error
	StartJob(ctx context.Context, jobID string) error
}

// Inventories asks a host what it is and what is pending, and stores the answer.
type Inventories interface {
	RefreshInventory(ctx context.Context, host fleet.Host) error
}
