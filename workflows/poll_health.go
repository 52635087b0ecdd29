package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// PollHealth runs every enabled check of the fleet once, in shards. No result is in its history, and its history grows
// with the shards, not with the checks.
func PollHealth(ctx workflow.Context, in SweepInput) (SweepResult, error) {
	var poller *activities.Poller
	s := &sweepRun{in: in, list: poller.ListPollShards, visit: poller.PollShard}
	return s.run(ctx)
}
