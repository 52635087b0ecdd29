package worker

import (
	"go.temporal.io/sdk/activity"
	sdk "go.temporal.io/sdk/worker"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/workflows"
)

// Activities is everything that runs outside of workflows. All of it must be set.
type Activities struct {
	Runs      *activities.Runs
	Jobs      *activities.Jobs
	Poller    *activities.Poller
	Inventory *activities.Inventory
	Pruner    *activities.Pruner
	Auditor   *activities.Auditor
}

// The names by which Temporal knows workflows and activities are those of the functions. Histories hold them for months,
// so a golden file does, too.

func registerWorkflows(r sdk.WorkflowRegistry) {
	r.RegisterWorkflow(workflows.PatchJob)
	r.RegisterWorkflow(workflows.PatchBatch)
	r.RegisterWorkflow(workflows.PatchHost)
	r.RegisterWorkflow(workflows.WakeRuns)
	r.RegisterWorkflow(workflows.ReconcileJobs)
	r.RegisterWorkflow(workflows.PollHealth)
	r.RegisterWorkflow(workflows.PollInventory)
	r.RegisterWorkflow(workflows.Prune)
	r.RegisterWorkflow(workflows.AuditCheckpoint)
	r.RegisterWorkflow(workflows.TestCheck)
}

func registerActivities(r sdk.ActivityRegistry, a Activities) {
	// Methods that are no activities, such as one that sets the clock, are left out.
	options := activity.RegisterOptions{SkipInvalidStructFunctions: true}
	for _, group := range []any{a.Runs, a.Jobs, a.Poller, a.Inventory, a.Pruner, a.Auditor} {
		r.RegisterActivityWithOptions(group, options)
	}
}
