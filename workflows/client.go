package workflows

import (
	"context"
	"errors"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/patch-manager/patch-manager/fleet"
)

// Client starts runs and speaks to them, for the API and for activities. It is safe for concurrent use.
type Client struct{ temporal client.Client }

// NewClient makes a client on c, which stays the caller's to close.
func NewClient(c client.Client) *Client { return &Client{temporal: c} }

// StartJob starts the run of a job. One that is running already is as good.
func (c *Client) StartJob(ctx context.Context, jobID string) error {
	_, err := c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: PatchJobID(jobID), TaskQueue: QueueMain,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(AttributeJob.ValueSet(jobID)),
	}, PatchJob, PatchJobInput{JobID: jobID})
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return nil
	}
	return away(err)
}

// WakeHost makes a waiting host decide anew. A run that is not there is no error: it ended, or will read the database
// when it starts.
func (c *Client) WakeHost(ctx context.Context, jobID, hostID string) error {
	err := c.temporal.SignalWorkflow(ctx, PatchHostID(jobID, hostID), "", SignalWake, nil)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	return away(err)
}

// DeliverWakeups has the stored wake-ups delivered soon.
func (c *Client) DeliverWakeups(ctx context.Context) error {
	_, err := c.temporal.SignalWithStartWorkflow(ctx, WakeRunsID, SignalDeliver, nil, client.StartWorkflowOptions{
		ID: WakeRunsID, TaskQueue: QueueMain, WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, WakeRuns)
	return away(err)
}

// Wake is DeliverWakeups, as the API knows it.
func (c *Client) Wake(ctx context.Context) error { return c.DeliverWakeups(ctx) }

// Recheck makes a waiting host's gate look now and returns once it decided. It fails with KindConflict where the host is
// not waiting.
func (c *Client) Recheck(ctx context.Context, jobID, hostID string) error {
	handle, err := c.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: PatchHostID(jobID, hostID), UpdateName: UpdateRecheck, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var gone *serviceerror.NotFound
	var refused *temporal.ApplicationError
	if errors.As(err, &gone) || errors.As(err, &refused) {
		return fleet.Conflict("not_waiting", "the host is not waiting")
	}
	return away(err)
}

// away marks an error of Temporal's as one that waiting may mend.
func away(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(fleet.Unavailable("temporal_unavailable", "Temporal does not answer"), err)
}
