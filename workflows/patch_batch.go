package workflows

import (
	"errors"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// PatchBatchInput names one batch of a job.
type PatchBatchInput struct {
	JobID string `json:"job_id"`
	Batch int    `json:"batch"`
}

// PatchBatchResult counts the hosts whose runs the batch saw end.
type PatchBatchResult struct {
	Hosts int `json:"hosts"`
}

// PatchBatch runs the hosts of one batch side by side, each for itself: none holds up another, and one whose run is lost
// does not fail the batch.
func PatchBatch(ctx workflow.Context, in PatchBatchInput) (PatchBatchResult, error) {
	b := &batchRun{in: in}
	return b.run(ctx)
}

// How often a host's run is started again that ended without recording an end, and after how long. A job waits as long before it
// starts a lost batch again.
const (
	maxHostStarts = 3
	restartAfter  = time.Minute
)

// lookAgainAfter is how often a batch looks whether runs that it did not start have ended.
const lookAgainAfter = 5 * time.Minute

type batchRun struct{ in PatchBatchInput }

func (b *batchRun) run(ctx workflow.Context) (PatchBatchResult, error) {
	work, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	var jobs *activities.Jobs
	var hosts []activities.BatchHost
	ref := activities.BatchRef{JobID: b.in.JobID, Batch: b.in.Batch}
	if err := workflow.ExecuteActivity(quick(work, ""), jobs.ListBatch, ref).Get(work, &hosts); err != nil {
		return PatchBatchResult{}, err
	}
	all := workflow.NewWaitGroup(work)
	elsewhere := 0
	for _, host := range hosts {
		all.Add(1)
		workflow.GoNamed(ctx, host.FQDN, func(ctx workflow.Context) {
			defer all.Done()
			if !b.runHost(ctx, host) {
				elsewhere++
			}
		})
	}
	all.Wait(work)
	if elsewhere > 0 {
		return PatchBatchResult{}, b.lookAgain(work)
	}
	return PatchBatchResult{Hosts: len(hosts)}, nil
}

// lookAgain waits for runs that an earlier life of the job began, as new each time: they may last for weeks, and a
// history must not grow with that.
func (b *batchRun) lookAgain(ctx workflow.Context) error {
	if err := workflow.Sleep(ctx, lookAgainAfter); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, PatchBatch, b.in)
}

// runHost starts the run of a host and sees it end; it reports false where one from an earlier life of the job is under
// way.
func (b *batchRun) runHost(ctx workflow.Context, host activities.BatchHost) bool {
	work, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	for starts := 0; starts < maxHostStarts; {
		if ctx.Err() != nil { // cancelled before it was started: the run would never hear of it
			b.cancelHost(work, host)
			ctx = work
		}
		err := workflow.ExecuteChildWorkflow(b.childOptions(ctx, host), PatchHost, PatchHostInput{
			JobID: b.in.JobID, HostID: host.HostID, FQDN: host.FQDN, Zone: host.Zone,
		}).Get(ctx, nil)
		if err == nil {
			return true
		}
		if runsAlready(err) {
			return false
		}
		if !temporal.IsCanceledError(err) {
			starts++
			workflow.GetLogger(ctx).Warn("run of host failed", "host_id", host.HostID, "starts", starts, "error", err)
		}
		_ = workflow.Sleep(work, restartAfter) // the context is never cancelled
	}
	var jobs *activities.Jobs
	ref := activities.HostRef{JobID: b.in.JobID, HostID: host.HostID}
	if err := workflow.ExecuteActivity(quick(work, host.FQDN), jobs.AbandonHost, ref).Get(work, nil); err != nil {
		workflow.GetLogger(ctx).Error("host not abandoned", "host_id", host.HostID, "error", err)
	}
	return true
}

// runsAlready reports whether a child was not started because one of its id is running. The server says so in one type
// of error, the test environment in another.
func runsAlready(err error) bool {
	var child *temporal.ChildWorkflowExecutionAlreadyStartedError
	var known *serviceerror.WorkflowExecutionAlreadyStarted
	return errors.As(err, &child) || errors.As(err, &known)
}

func (b *batchRun) cancelHost(ctx workflow.Context, host activities.BatchHost) {
	var jobs *activities.Jobs
	ref := activities.HostRef{JobID: b.in.JobID, HostID: host.HostID}
	if err := workflow.ExecuteActivity(quick(ctx, host.FQDN), jobs.CancelHost, ref).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("host not cancelled", "host_id", host.HostID, "error", err)
	}
}

func (b *batchRun) childOptions(ctx workflow.Context, host activities.BatchHost) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: PatchHostID(b.in.JobID, host.HostID), TaskQueue: QueueMain,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WaitForCancellation:   true,
		StaticSummary:         host.FQDN,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			AttributeJob.ValueSet(b.in.JobID), AttributeHost.ValueSet(host.FQDN), AttributePhase.ValueSet("queued")),
	})
}
