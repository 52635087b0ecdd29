package workflows

import (
	"strconv"

	"go.temporal.io/sdk/temporal"
)

// The task queues: QueueMain for workflows and the activities that only need the database, AgentQueue for all that
// touches a host.
const QueueMain = "patch-manager"

// AgentQueue is the queue of the workers that can reach the hosts of zone.
func AgentQueue(zone string) string { return "agent-" + zone }

// Workflow types.
const (
	TypePatchJob      = "PatchJob"
	TypePatchBatch    = "PatchBatch"
	TypePatchHost     = "PatchHost"
	TypeWakeRuns      = "WakeRuns"
	TypeReconcileJobs = "ReconcileJobs"
	TypePollHealth    = "PollHealth"
)

// Messages to a PatchHost run. A wake-up carries nothing: the run decides anew from the database.
const (
	SignalWake    = "wake"
	UpdateRecheck = "recheck"
	QueryState    = "state"
)

// SignalDeliver tells WakeRuns that wake-ups were stored.
const SignalDeliver = "deliver"

// The search attributes of runs, which people filter by in Temporal UI.
var (
	AttributeJob       = temporal.NewSearchAttributeKeyKeyword("PatchJob")
	AttributeHost      = temporal.NewSearchAttributeKeyKeyword("PatchHost")
	AttributePhase     = temporal.NewSearchAttributeKeyKeyword("PatchPhase")
	AttributeWindowEnd = temporal.NewSearchAttributeKeyTime("WindowEnd")
)

// WakeRunsID is the id of the one run that delivers the stored wake-ups.
const WakeRunsID = "wake-runs"

// PatchJobID is the workflow id of a job's run.
func PatchJobID(jobID string) string { return "patch-job/" + jobID }

// PatchBatchID is the workflow id of one batch of a job.
func PatchBatchID(jobID string, batch int) string {
	return "patch-batch/" + jobID + "/" + strconv.Itoa(batch)
}

// PatchHostID is the workflow id of one host of a job.
func PatchHostID(jobID, hostID string) string { return "patch-host/" + jobID + "/" + hostID }
