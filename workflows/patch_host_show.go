package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// show tells people in Temporal UI where the host stands and why.
func (h *hostRun) show(ctx workflow.Context) error {
	step := h.state.Step
	workflow.SetCurrentDetails(ctx, describe(h.in.FQDN, step))
	if step.Next == activities.StepDispatch {
		return nil
	}
	var updates []temporal.SearchAttributeUpdate
	phase := string(step.Status)
	if step.Phase != "" {
		phase += ":" + string(step.Phase)
	}
	if phase != h.shown {
		h.shown = phase
		updates = append(updates, AttributePhase.ValueSet(phase))
	}
	if !step.Deadline.IsZero() && !step.Deadline.Equal(h.ends) {
		h.ends = step.Deadline
		updates = append(updates, AttributeWindowEnd.ValueSet(step.Deadline))
	}
	if len(updates) == 0 {
		return nil
	}
	return workflow.UpsertTypedSearchAttributes(ctx, updates...)
}

func describe(fqdn string, s activities.Step) string {
	text := fmt.Sprintf("**%s**: %s", fqdn, s.Status)
	if s.Phase != "" {
		text += ", " + string(s.Phase)
	}
	if s.Reason != "" {
		text += fmt.Sprintf(" (%s)", s.Reason)
	}
	if s.Detail != "" {
		text += "\n\n" + s.Detail
	}
	if s.Next == activities.StepWait && !s.WakeAt.IsZero() {
		text += "\n\nnext try " + s.WakeAt.UTC().Format(time.RFC3339)
	}
	if !s.Deadline.IsZero() {
		text += "; last start " + s.Deadline.UTC().Format(time.RFC3339)
	}
	return text
}
