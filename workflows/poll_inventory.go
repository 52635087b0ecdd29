package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// PollInventory asks every host of the fleet once what it is and what is pending, in shards; also hosts without checks.
func PollInventory(ctx workflow.Context, in SweepInput) (SweepResult, error) {
	var inventory *activities.Inventory
	s := &sweepRun{in: in, list: inventory.ListInventoryShards, visit: inventory.TakeInventory}
	return s.run(ctx)
}
