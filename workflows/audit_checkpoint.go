package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// AuditCheckpoint writes down outside of the database how far the audit entries reach, and returns it.
func AuditCheckpoint(ctx workflow.Context) (string, error) {
	var a *activities.Auditor
	var checkpoint string
	err := workflow.ExecuteActivity(quick(ctx, ""), a.CheckpointAudit).Get(ctx, &checkpoint)
	return checkpoint, err
}
