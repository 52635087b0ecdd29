package activities_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

const rebootRequest = "POST /system/reboot"

// kernel makes the first update of a host one that requires a reboot.
func kernel(h *agenttest.HostSpec) { h.Patches[0].RequiresReboot = true }

func nothingPending(h *agenttest.HostSpec) { h.Patches, h.PendingReboot = nil, true }

func TestAHostThatRequiresARebootIsRebootedOnceWhereAllowed(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		t.Run(q.Version, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, kernel, func(h *agenttest.HostSpec) { h.Quirks = q })
			ref := s.job(jobSpec{allowReboot: true})
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
			require.Equal(t, 1, s.applies())
			require.Equal(t, 1, s.reboots())
			require.Less(t, s.host.Uptime(), time.Minute)
			require.Equal(t, fleet.RebootDone, s.run(ref).Attempt.RebootState)
		})
	}
}

func TestARebootThatIsNotAllowedIsDeferred(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, kernel)
	ref := s.job(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
	require.Zero(t, s.reboots())

	next := s.job(jobSpec{})
	s.requireEnded(s.carryOut(next), next, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
	require.False(t, s.run(next).Row.Attempted)
}

func TestARebootIsNotAskedForAfterACancellation(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, kernel)
	ref := s.job(jobSpec{allowReboot: true})
	s.takeSlot(ref)
	run := s.run(ref)
	s.exec(`update jobs set cancel_requested_at = now(), cancel_requested_by = 'ann'`)
	prepared, err := s.store.PrepareReboot(t.Context(), *run.Attempt, ref.JobID, ref.HostID)
	require.NoError(t, err)
	require.False(t, prepared)
}

func TestARebootForWhichTheSpanHasNoRoomIsDeferred(t *testing.T) {
	t.Parallel()
	for name, scheduled := range map[string]bool{"maintenance window": true, "blackout": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, kernel)
			s.policy.RebootTimeout = 2 * time.Hour
			if scheduled {
				s.window(fleet.Maintenance, time.Hour, 2*time.Hour)
			} else {
				s.window(fleet.Blackout, -time.Hour, time.Hour)
			}
			ref := s.job(jobSpec{scheduled: scheduled, allowReboot: true})
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
			require.Zero(t, s.reboots())
			require.Equal(t, 1, s.applies())
		})
	}
}

func TestARebootIsCarriedOutAlsoWhereNoPackageIsPending(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	ref := s.job(jobSpec{allowReboot: true})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	r := s.run(ref)
	require.Equal(t, "rebooted", r.Row.Detail)
	require.True(t, r.Row.Attempted)
	require.Equal(t, fleet.AttemptNone, r.Attempt.State)
	require.Equal(t, 1, s.reboots())
	require.Zero(t, s.applies())
}

func TestAHostThatDoesNotComeBackIsAFailure(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*runSite){
		"down":          func(*runSite) {},
		"never went":    func(s *runSite) { s.host.Inject(rebootRequest, 1, agenttest.Answer(http.StatusAccepted, accepted)) },
		"never arrived": func(s *runSite) { s.host.Inject(rebootRequest, 1, agenttest.Reset()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, nothingPending, func(h *agenttest.HostSpec) { h.RebootDowntime = time.Hour })
			s.policy.RebootTimeout = 400 * time.Millisecond
			change(s)
			ref := s.job(jobSpec{allowReboot: true})
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonRebootFailed)
			require.Equal(t, name != "down", stored[bool](s, `select agent_reachable from hosts`), "as the host was at the end")
			require.LessOrEqual(t, s.reboots(), 1)
			require.Equal(t, 1, s.run(ref).Job.Failures)
		})
	}
}

func TestALostAnswerToARebootIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	s.host.Inject(rebootRequest, agenttest.Always, agenttest.AcceptThenReset())
	ref := s.job(jobSpec{allowReboot: true})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.reboots())
}

func TestARebootThatTheAgentRefusedIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	s.host.Inject(rebootRequest, 3, agenttest.Problem(http.StatusConflict, "PACKAGE_DB_MUTATION_IN_PROGRESS", 0))
	ref := s.job(jobSpec{allowReboot: true})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.reboots())
}

func TestARebootThatTheAgentNeverTakesEnds(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]agenttest.Fault{
		"blocked":  agenttest.Problem(http.StatusConflict, "REBOOT_BLOCKED", 0),
		"rejected": agenttest.Problem(http.StatusBadRequest, "VALIDATION_ERROR", 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, nothingPending)
			s.policy.RebootTimeout = 300 * time.Millisecond
			s.host.Inject(rebootRequest, agenttest.Always, fault)
			ref := s.job(jobSpec{allowReboot: true})
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonRebootFailed)
			require.Zero(t, s.reboots())
		})
	}
}

func TestARebootWhoseSenderWasLostIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	s.policy.RebootTimeout = 300 * time.Millisecond
	ref := s.job(jobSpec{allowReboot: true})
	s.plan(ref)
	require.Equal(t, activities.StepReboot, s.dispatch(ref).Next)
	prepared, err := s.store.PrepareReboot(t.Context(), *s.run(ref).Attempt, ref.JobID, ref.HostID)
	require.NoError(t, err)
	require.True(t, prepared)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonRebootFailed)
	require.NotContains(t, fmt.Sprint(s.host.Requests()), rebootRequest)
}

func TestRebootingManyTimesAtOnceRebootsOnce(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	ref := s.job(jobSpec{allowReboot: true})
	s.plan(ref)
	s.dispatch(ref)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { _, _ = s.try((*activities.Runs).RebootHost, ref) })
	}
	all.Wait()
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.reboots())
}

const accepted = `{"success":true,"request_id":"5b9ce0a3-53d4-4a06-9a3c-cf0c0a1f5e11","timestamp":"2026-01-01T00:00:00Z",
	"data":{"job_id":"a-1","status":"pending","operation":"reboot"},"error":null}`
