package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
)

// maxHistory is where a run continues as new, in events.
const maxHistory = 4000

// renewable reports whether the run may continue as new here: while it waits, and where it asks the database anew, which
// it does again and again while no worker of the host's zone is there.
func (h *hostRun) renewable() bool {
	return h.state.Step.Next == activities.StepWait || (h.state.Step.Next == "" && h.state.Decisions > 0)
}

func (h *hostRun) historyFull(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > maxHistory
}

// continueAsNew carries the state on, and that a wake-up came which nothing has answered yet.
func (h *hostRun) continueAsNew(ctx workflow.Context) error {
	woken := drain(workflow.GetSignalChannel(ctx, SignalWake))
	h.state.Woken = drain(h.recheck) || woken || h.state.Woken
	in := h.in
	in.State = &h.state
	return workflow.NewContinueAsNewError(ctx, PatchHost, in)
}

func drain(ch workflow.ReceiveChannel) bool {
	any := false
	for ch.ReceiveAsync(nil) {
		any = true
	}
	return any
}
