package workflows_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/workflows"
)

// queues notes the queue of every step that reaches for the host.
func (w *world) queues() *[]string {
	var seen []string
	w.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if info.TaskQueue != workflows.QueueMain && info.ActivityType.Name != "PlanHost" {
			seen = append(seen, info.TaskQueue)
		}
	})
	return &seen
}

// move puts the host into another zone, as an edit does.
func (m *member) move(zone string) {
	moved := *m.host
	moved.Zone = zone
	m.host = &moved
}

func TestAHostThatWasMovedBeforeItsWindowIsReachedFromItsNewZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday.AddDate(0, 0, 5), 120))
	queues := w.queues()
	w.wakeAt(monday.Add(time.Hour), func() { m.move("dmz") })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []string{"agent-dmz"}, slices.Compact(*queues))
}

func TestAHostThatIsMovedWhileItWaitsAtTheGateIsNotReachedFromItsOldZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	queues := w.queues()
	m.outcome = func(now time.Time) fleet.Outcome {
		if now.Before(monday.Add(12 * time.Minute)) {
			return fleet.OutcomeUnhealthy
		}
		return fleet.OutcomeHealthy
	}
	probes := 0
	w.wakeAt(monday.Add(7*time.Minute), func() { m.move("dmz"); probes = m.probes })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []string{"agent-default", "agent-dmz"}, slices.Compact(*queues))
	require.Equal(t, 2, probes, "at the start and after five minutes")
	require.Len(t, m.agent.executions, 1)
}

// Temporal notes that a worker has a step before the worker has got it; where it never does, only a missing heartbeat tells.
func TestAStepThatNoWorkerGotIsFoundWithinHalfAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	w.job.AllowReboot, m.agent.pendingReboot = true, true
	timeouts := map[string]time.Duration{}
	w.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if info.TaskQueue != workflows.QueueMain {
			timeouts[info.ActivityType.Name] = info.HeartbeatTimeout
		}
	})
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, map[string]time.Duration{
		"DispatchPatch": 30 * time.Second, "FollowPatch": 30 * time.Second, "RebootHost": 30 * time.Second,
	}, timeouts)
}
