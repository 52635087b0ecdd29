package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of what a person who tests a check waits for: a worker that takes it, and all of it.
const (
	testPickup  = 4 * time.Second
	testTimeout = 15 * time.Second
)

// TestCheckInput names the check that Actor wants run now, and the zone of its host.
type TestCheckInput struct {
	HostID  string
	CheckID string
	Zone    string
	Actor   fleet.Actor
}

// TestCheck runs one check now, by a worker that reaches the host.
func TestCheck(ctx workflow.Context, in TestCheckInput) (activities.TestCheckResult, error) {
	var poller *activities.Poller
	var result activities.TestCheckResult
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: AgentQueue(in.Zone), ScheduleToStartTimeout: testPickup, ScheduleToCloseTimeout: testTimeout,
		// Trying again would write a second audit entry, and nobody waits any more.
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	err := workflow.ExecuteActivity(ctx, poller.TestCheck, activities.TestCheckInput{
		HostID: in.HostID, CheckID: in.CheckID, Actor: in.Actor,
	}).Get(ctx, &result)
	return result, err
}

// TestCheck runs a check in a worker, which stores the result and its audit entry, and waits for it. It fails with
// KindNotFound where the check is gone, and with KindUnavailable where no worker ran it within 15 s.
func (c *Client) TestCheck(ctx context.Context, in TestCheckInput) (fleet.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	run, err := c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: testCheckID(in), TaskQueue: QueueMain, WorkflowExecutionTimeout: 2 * testTimeout, StaticSummary: "zone " + in.Zone,
		// The same request again gets the answer of the run that it started.
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, TestCheck, in)
	if err != nil {
		return fleet.Result{}, away(err)
	}
	var r activities.TestCheckResult
	if err := run.Get(ctx, &r); err != nil {
		return fleet.Result{}, testFailed(ctx, err, in.Zone)
	}
	return fleet.Result{
		CheckID: in.CheckID, HostID: in.HostID, Outcome: r.Outcome, Detail: r.Detail, Latency: r.Latency, CheckedAt: r.CheckedAt,
	}, nil
}

// testCheckID is unique for each request; without its id Temporal's client makes one.
func testCheckID(in TestCheckInput) string {
	if in.Actor.RequestID == "" {
		return ""
	}
	return "test-check/" + in.CheckID + "/" + in.Actor.RequestID
}

func testFailed(ctx context.Context, err error, zone string) error {
	var failed *temporal.ApplicationError
	var late *temporal.TimeoutError
	why := fmt.Sprintf("the check did not end within %s", testTimeout)
	switch {
	case errors.As(err, &failed) && failed.Type() == "not_found":
		return fleet.NotFound("health check")
	case errors.As(err, &late) && late.TimeoutType() == enums.TIMEOUT_TYPE_SCHEDULE_TO_START:
		why = fmt.Sprintf("no worker of zone %s took the check within %s", zone, testPickup)
	case errors.As(err, &failed):
		why = "the check could not be run: " + failed.Message()
	case !errors.As(err, &late) && ctx.Err() == nil:
		return away(err)
	}
	return errors.Join(fleet.Unavailable("check_not_run", "%s", why), err)
}
