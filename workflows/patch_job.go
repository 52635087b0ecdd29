package workflows

import (
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// PatchJobInput names a job; all else is in the database.
type PatchJobInput struct {
	JobID string `json:"job_id"`
}

// PatchJob runs a job through its batches, so that no history grows with the fleet, and notes its end.
func PatchJob(ctx workflow.Context, in PatchJobInput) error {
	j := &jobRun{in: in}
	return j.run(ctx)
}

type jobRun struct{ in PatchJobInput }

func (j *jobRun) run(ctx workflow.Context) error {
	work, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	workflow.GoNamed(ctx, "cancellation", j.passCancelOn)
	batches, err := j.start(work)
	if err != nil {
		return err
	}
	j.runBatches(work, batches)
	done, err := j.complete(work)
	if done || err != nil {
		return err
	}
	// A batch was lost, or hosts run that an earlier life of the job started.
	if err := workflow.Sleep(work, restartAfter); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(work, PatchJob, j.in)
}

// passCancelOn notes a cancellation of the run in the database, which every step of every host reads.
func (j *jobRun) passCancelOn(ctx workflow.Context) {
	work, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	ctx.Done().Receive(work, nil)
	var jobs *activities.Jobs
	if err := workflow.ExecuteActivity(quick(work, "cancel"), jobs.CancelJob, activities.JobRef{JobID: j.in.JobID}).Get(work, nil); err != nil {
		workflow.GetLogger(ctx).Error("job not cancelled", "error", err)
	}
}

func (j *jobRun) start(ctx workflow.Context) (batches int, err error) {
	var jobs *activities.Jobs
	ref := activities.JobRef{JobID: j.in.JobID, RunID: workflow.GetInfo(ctx).OriginalRunID}
	err = workflow.ExecuteActivity(quick(ctx, ""), jobs.StartJob, ref).Get(ctx, &batches)
	return batches, err
}

func (j *jobRun) runBatches(ctx workflow.Context, batches int) {
	runs := make([]workflow.ChildWorkflowFuture, batches)
	for i := range runs {
		options := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: PatchBatchID(j.in.JobID, i), TaskQueue: QueueMain,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
			TypedSearchAttributes: temporal.NewSearchAttributes(AttributeJob.ValueSet(j.in.JobID)),
		})
		runs[i] = workflow.ExecuteChildWorkflow(options, PatchBatch, PatchBatchInput{JobID: j.in.JobID, Batch: i})
	}
	for i, run := range runs {
		err := run.Get(ctx, nil)
		if err != nil && !runsAlready(err) { // the next round runs the hosts that it left
			workflow.GetLogger(ctx).Warn("batch failed", "batch", i, "error", err)
		}
	}
}

func (j *jobRun) complete(ctx workflow.Context) (done bool, err error) {
	var jobs *activities.Jobs
	err = workflow.ExecuteActivity(quick(ctx, ""), jobs.CompleteJob, activities.JobRef{JobID: j.in.JobID}).Get(ctx, &done)
	return done, err
}
