package workflows_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/workflows"
)

func TestHostsThatWaitForSaturdayDoNotHoldUpThoseWhoseWindowIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	saturday := monday.AddDate(0, 0, 5)
	var first, last []*member
	for i := range 300 {
		if i%3 == 0 {
			first = append(first, w.add(fmt.Sprintf("now-%03d", i), open(monday, 360)))
			continue
		}
		last = append(last, w.add(fmt.Sprintf("sat-%03d", i), open(saturday, 600)))
	}
	require.Equal(t, 2, w.batches())
	w.runJob()
	for _, m := range first {
		w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
		require.Less(t, m.agent.executions[0].Sub(monday), 6*time.Hour)
	}
	require.Len(t, last, 200)
	for _, m := range last {
		w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
		require.False(t, m.agent.executions[0].Before(saturday))
	}
}

func TestAtMostMaxParallelHostsHoldASlotAndTheRestAreWokenAsSlotsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.MaxParallel = 2
	most := 0
	for i := range 7 {
		m := w.add(fmt.Sprintf("h%d", i), open(monday, 240))
		m.agent.applies = func() fleet.SendOutcome {
			most = max(most, w.held())
			return fleet.SendAccepted
		}
	}
	w.runJob()
	for _, id := range w.order {
		w.ended(w.hosts[id], fleet.StatusSucceeded, fleet.ReasonPatched)
		require.Less(t, w.hosts[id].agent.executions[0].Sub(monday), 5*time.Minute, "no host waited for its retry timer")
	}
	require.Equal(t, 2, most)
}

func TestTheRestOfAJobIsSkippedOnceMaxFailuresIsReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.MaxParallel, w.job.MaxFailures = 1, 2
	for i := range 5 {
		m := w.add(fmt.Sprintf("h%d", i), open(monday, 240))
		m.agent.outcome = fleet.AgentJobFailed
	}
	waiting := w.add("z", open(monday.AddDate(0, 0, 5), 60))
	w.runJob()
	counts := map[fleet.Reason]int{}
	for _, id := range w.order {
		counts[w.hosts[id].row.Reason]++
	}
	require.Equal(t, map[fleet.Reason]int{fleet.ReasonAgentError: 2, fleet.ReasonMaxFailuresReached: 4}, counts)
	w.ended(waiting, fleet.StatusSkipped, fleet.ReasonMaxFailuresReached)
	require.Less(t, w.now().Sub(monday), time.Hour, "a host that waits for Saturday is told at once")
}

func TestAHostThatWindowClosedFailedDoesNotCountTowardsMaxFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.MaxFailures = 1
	sick := w.add("sick", open(monday, 30))
	sick.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	fine := w.add("well", open(monday.Add(time.Hour), 60))
	w.runJob()
	w.ended(sick, fleet.StatusFailed, fleet.ReasonWindowClosed)
	w.ended(fine, fleet.StatusSucceeded, fleet.ReasonPatched)
}

func TestACancelledJobEndsItsWaitingHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.add(fmt.Sprintf("h%d", i), open(monday.AddDate(0, 0, 5), 60))
	}
	done := w.add("done", open(monday, 60))
	w.env.RegisterDelayedCallback(w.env.CancelWorkflow, time.Hour)
	w.runJob()
	w.ended(done, fleet.StatusSucceeded, fleet.ReasonPatched)
	for i := range 5 {
		w.ended(w.hosts[fmt.Sprintf("h%d", i)], fleet.StatusCancelled, fleet.ReasonCancelledByUser)
	}
	require.Less(t, w.now().Sub(monday), 61*time.Minute)
}

func TestAHostWhoseRunIsLostDoesNotHoldUpTheOthersAndIsEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost, fine := w.add("lost", open(monday, 240)), w.add("well", open(monday, 240))
	lost.broken = true
	w.runJob()
	w.ended(fine, fleet.StatusSucceeded, fleet.ReasonPatched)
	w.ended(lost, fleet.StatusFailed, fleet.ReasonRunLost)
}

func TestARunThatContinuesAsNewForgetsNeitherItsWaitNorAWakeUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 240))
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	w.env.SetCurrentHistoryLength(10_000)
	w.env.ExecuteWorkflow(workflows.PatchHost, workflows.PatchHostInput{JobID: "job", HostID: "h", FQDN: "h.test", Zone: fleet.DefaultZone})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, w.env.GetWorkflowError(), &next)
	var in workflows.PatchHostInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	require.Equal(t, activities.StepWait, in.State.Step.Next)
	require.Equal(t, monday.Add(5*time.Minute), in.State.Step.WakeAt.UTC())

	again := newWorld(t)
	n := again.add("h", open(monday, 240))
	in.State.Woken = true
	again.env.ExecuteWorkflow(workflows.PatchHost, in)
	require.NoError(t, again.env.GetWorkflowError())
	again.ended(n, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday}, n.agent.executions, "the wake-up was answered at once")
}

func TestABatchWaitsForRunsOfAnEarlierLifeWithoutAGrowingHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday.Add(time.Hour), 60))
	lists := map[string]int{}
	w.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == "ListBatch" {
			lists[info.WorkflowExecution.RunID]++
		}
	})
	parent := func(ctx workflow.Context) error {
		earlier := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: workflows.PatchHostID("job", "h")})
		host := workflow.ExecuteChildWorkflow(earlier, workflows.PatchHost, workflows.PatchHostInput{
			JobID: "job", HostID: "h", FQDN: "h.test", Zone: fleet.DefaultZone,
		})
		if err := host.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return err
		}
		return workflow.ExecuteChildWorkflow(ctx, workflows.PatchBatch, workflows.PatchBatchInput{JobID: "job"}).Get(ctx, nil)
	}
	w.env.RegisterWorkflow(parent)
	w.env.ExecuteWorkflow(parent)
	require.NoError(t, w.env.GetWorkflowError())
	require.Greater(t, len(lists), 10, "a run of its own for each look of the hour")
	for _, n := range lists {
		require.Equal(t, 1, n)
	}
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Len(t, m.agent.executions, 1)
}
