package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// pruneTimeout bounds each step of pruning. What is left then is left for the next time, an hour after this one began.
const pruneTimeout = 10 * time.Minute

// Prune makes the partitions of the next days and drops what is past retention. A step that fails holds up no other.
func Prune(ctx workflow.Context, keep activities.Retention) error {
	var p *activities.Pruner
	ctx = pruning(ctx)
	err := errors.Join(
		workflow.ExecuteActivity(ctx, p.MakePartitions).Get(ctx, nil),
		workflow.ExecuteActivity(ctx, p.DropResults, keep.Results).Get(ctx, nil),
		workflow.ExecuteActivity(ctx, p.DropEvents, keep.Events).Get(ctx, nil),
		workflow.ExecuteActivity(ctx, p.PruneOutput, keep.Outputs).Get(ctx, nil),
		workflow.ExecuteActivity(ctx, p.PruneJobs, keep.Jobs).Get(ctx, nil),
	)
	if workflow.GetVersion(ctx, changePruneExpired, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return err
	}
	return errors.Join(err, workflow.ExecuteActivity(ctx, p.PruneExpired).Get(ctx, nil))
}

func pruning(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: QueueMain, ScheduleToCloseTimeout: pruneTimeout, HeartbeatTimeout: time.Minute, RetryPolicy: retryForever,
	})
}
