package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/workflows"
)

var (
	poller    *activities.Poller
	inventory *activities.Inventory
	pruner    *activities.Pruner
	auditor   *activities.Auditor
)

func newSweepEnv() *testsuite.TestWorkflowEnvironment {
	env := (&testsuite.WorkflowTestSuite{}).NewTestWorkflowEnvironment()
	env.RegisterActivity(poller)
	env.RegisterActivity(inventory)
	env.RegisterActivity(pruner)
	env.RegisterActivity(auditor)
	return env
}

func shardsOf(zones ...string) []fleet.Shard {
	shards := make([]fleet.Shard, len(zones))
	for i, z := range zones {
		shards[i] = fleet.Shard{Zone: z, First: fmt.Sprint(i), Hosts: 500}
	}
	return shards
}

func TestAPollVisitsEveryShardOnTheQueueOfItsZoneAndAddsUp(t *testing.T) {
	t.Parallel()
	env := newSweepEnv()
	shards := shardsOf("default", "default", "dmz")
	queues := map[string]int{}
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == "PollShard" {
			queues[info.TaskQueue]++
		}
	})
	start := env.Now()
	env.OnActivity(poller.ListPollShards, mock.Anything).Return(shards, nil)
	env.OnActivity(poller.PollShard, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.ShardInput) (activities.SweepReport, error) {
			require.Contains(t, shards, in.Shard)
			require.Equal(t, 5*time.Minute, in.Interval)
			require.WithinDuration(t, start, in.Start, time.Minute)
			return activities.SweepReport{Hosts: 500, Results: 1000, Missed: 1}, nil
		})

	env.ExecuteWorkflow(workflows.PollHealth, workflows.SweepInput{Interval: 5 * time.Minute})

	require.NoError(t, env.GetWorkflowError())
	var result workflows.SweepResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, workflows.SweepResult{Shards: 3, Hosts: 1500, Results: 3000, Missed: 3}, result)
	require.Equal(t, map[string]int{"agent-default": 2, "agent-dmz": 1}, queues)
}

func TestAShardThatFailsHoldsUpNoOtherAndIsSeen(t *testing.T) {
	t.Parallel()
	env := newSweepEnv()
	env.OnActivity(poller.ListPollShards, mock.Anything).Return(shardsOf("default", "dmz", "default"), nil)
	done := 0
	env.OnActivity(poller.PollShard, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.ShardInput) (activities.SweepReport, error) {
			if in.Shard.Zone == "dmz" {
				return activities.SweepReport{}, temporal.NewNonRetryableApplicationError("broken", "broken", nil)
			}
			done++
			return activities.SweepReport{Hosts: 500, Results: 500}, nil
		})

	env.ExecuteWorkflow(workflows.PollHealth, workflows.SweepInput{Interval: 5 * time.Minute})

	var failed *temporal.ApplicationError
	require.ErrorAs(t, env.GetWorkflowError(), &failed)
	require.Contains(t, failed.Message(), "1 of 3 shards failed")
	require.Contains(t, failed.Message(), "zone dmz")
	var result workflows.SweepResult
	require.NoError(t, failed.Details(&result))
	require.Equal(t, workflows.SweepResult{Shards: 3, Hosts: 1000, Results: 1000}, result)
	require.Equal(t, 2, done)
}

func TestAShardIsTriedAgainWhileTheSweepLastsAndNotLonger(t *testing.T) {
	t.Parallel()
	env := newSweepEnv()
	env.OnActivity(poller.ListPollShards, mock.Anything).Return(shardsOf("default"), nil)
	attempts := 0
	env.OnActivity(poller.PollShard, mock.Anything, mock.Anything).Return(
		func(context.Context, activities.ShardInput) (activities.SweepReport, error) {
			attempts++
			return activities.SweepReport{}, errors.New("database away")
		})
	start := env.Now()
	env.ExecuteWorkflow(workflows.PollHealth, workflows.SweepInput{Interval: 5 * time.Minute})
	require.Error(t, env.GetWorkflowError())
	require.Greater(t, attempts, 5)
	require.LessOrEqual(t, env.Now().Sub(start), 5*time.Minute+5*time.Second)
}

func TestAFleetWithoutChecksIsPolledInNoTime(t *testing.T) {
	t.Parallel()
	env := newSweepEnv()
	env.OnActivity(poller.ListPollShards, mock.Anything).Return([]fleet.Shard{}, nil)
	env.ExecuteWorkflow(workflows.PollHealth, workflows.SweepInput{Interval: 2 * time.Second})
	require.NoError(t, env.GetWorkflowError())
}

func TestAnInventoryVisitsTheShardsOfAllHosts(t *testing.T) {
	t.Parallel()
	env := newSweepEnv()
	env.OnActivity(inventory.ListInventoryShards, mock.Anything).Return(shardsOf("default", "dmz"), nil)
	env.OnActivity(inventory.TakeInventory, mock.Anything, mock.Anything).Return(activities.SweepReport{Hosts: 3, Results: 3}, nil)
	env.ExecuteWorkflow(workflows.PollInventory, workflows.SweepInput{Interval: 30 * time.Minute})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SweepResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, workflows.SweepResult{Shards: 2, Hosts: 6, Results: 6}, result)
}

func TestAStepOfPruningThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	env := newSweepEnv()
	keep := activities.Retention{Results: 96 * time.Hour, Events: 24 * time.Hour, Outputs: 2160 * time.Hour, Jobs: 9600 * time.Hour}
	env.OnActivity(pruner.MakePartitions, mock.Anything).Return(0, temporal.NewNonRetryableApplicationError("no rights", "x", nil)).Once()
	env.OnActivity(pruner.DropResults, mock.Anything, keep.Results).Return(0, errors.New("canceling statement due to lock timeout"))
	env.OnActivity(pruner.DropEvents, mock.Anything, keep.Events).Return(1, nil).Once()
	env.OnActivity(pruner.PruneOutput, mock.Anything, keep.Outputs).Return(5, nil).Once()
	env.OnActivity(pruner.PruneJobs, mock.Anything, keep.Jobs).Return(2, nil).Once()
	env.OnActivity(pruner.PruneExpired, mock.Anything).Return(3, nil).Once()
	start := env.Now()

	env.ExecuteWorkflow(workflows.Prune, keep)

	require.ErrorContains(t, env.GetWorkflowError(), "no rights")
	require.ErrorContains(t, env.GetWorkflowError(), "lock timeout")
	require.LessOrEqual(t, env.Now().Sub(start), time.Hour, "the next one is not skipped")
	env.AssertExpectations(t)
}

func TestACheckpointOfTheAuditIsTriedAgainWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	env := newSweepEnv()
	env.OnActivity(auditor.CheckpointAudit, mock.Anything).Return("", errors.New("database away")).Times(3)
	env.OnActivity(auditor.CheckpointAudit, mock.Anything).Return("12:ab", nil).Once()
	env.ExecuteWorkflow(workflows.AuditCheckpoint)
	var checkpoint string
	require.NoError(t, env.GetWorkflowResult(&checkpoint))
	require.Equal(t, "12:ab", checkpoint)
	env.AssertExpectations(t)
}

func TestACheckIsTestedOnceOnTheQueueOfItsZone(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{nil, errors.New("worker crashed")} {
		env := newSweepEnv()
		in := workflows.TestCheckInput{HostID: "h", CheckID: "c", Zone: "dmz", Actor: fleet.Actor{Name: "ann"}}
		attempts := 0
		env.OnActivity(poller.TestCheck, mock.Anything, activities.TestCheckInput{HostID: "h", CheckID: "c", Actor: in.Actor}).Return(
			func(context.Context, activities.TestCheckInput) (activities.TestCheckResult, error) {
				attempts++
				return activities.TestCheckResult{Outcome: fleet.OutcomeUnhealthy, Detail: "503"}, failure
			})
		queue := ""
		env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) { queue = info.TaskQueue })
		env.ExecuteWorkflow(workflows.TestCheck, in)
		require.Equal(t, failure != nil, env.GetWorkflowError() != nil)
		require.Equal(t, 1, attempts)
		require.Equal(t, "agent-dmz", queue)
	}
}
