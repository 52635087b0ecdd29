package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// WakeRuns delivers the stored wake-ups, for as long as it is told of new ones.
func WakeRuns(ctx workflow.Context) error {
	told := workflow.GetSignalChannel(ctx, SignalDeliver)
	for {
		drain(told)
		var jobs *activities.Jobs
		if err := workflow.ExecuteActivity(quick(ctx, ""), jobs.DeliverWakeups).Get(ctx, nil); err != nil {
			return err
		}
		if told.Len() == 0 {
			return nil
		}
	}
}

// ReconcileJobs starts unfinished jobs that have no live run and delivers wake-ups that were left: the answer to every
// lost start and every lost word between the API and Temporal.
func ReconcileJobs(ctx workflow.Context) error {
	var jobs *activities.Jobs
	if err := workflow.ExecuteActivity(quick(ctx, ""), jobs.StartUnfinishedJobs).Get(ctx, nil); err != nil {
		return err
	}
	return workflow.ExecuteActivity(quick(ctx, ""), jobs.DeliverWakeups).Get(ctx, nil)
}
