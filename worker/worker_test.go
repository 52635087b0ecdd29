//go:build integration

package worker_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/worker"
	"github.com/patch-manager/patch-manager/workflows"
)

func TestARecoveryThatThePollSeesIsDispatchedWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	s.startTemporal(0)
	s.dial()
	sick, well := s.fleet.Hosts()[0], s.fleet.Hosts()[1]
	check := s.serviceCheck(sick.FQDN(), "nginx.service")
	s.serviceCheck(well.FQDN(), "postgresql.service")
	// What the check shows until the tenth success is not what the gate or its wake-up goes by.
	s.exec(`update host_health_checks set success_threshold = 10 where id = $1`, check)
	require.True(t, sick.SetServiceHealthy("nginx.service", false))
	s.serveUntilReady(s.config())
	job := s.job(sick.FQDN(), well.FQDN())
	require.NoError(t, workflows.NewClient(s.temporal).StartJob(t.Context(), job))

	s.eventually(func() bool {
		return s.count(`select count(*) from job_hosts where job_id = $1 and status = 'waiting_health_check' 
			and wait->>'reason' = 'health_check' and (wait->>'next_try_at')::timestamptz > now() + interval '30 minutes'`, job) == 1
	}, "the sick host waits at the gate")
	require.Empty(t, s.fleet.ExecutionsOf(sick.FQDN(), "patch_apply"))
	require.True(t, sick.SetServiceHealthy("nginx.service", true))
	s.eventually(func() bool { return len(s.fleet.ExecutionsOf(sick.FQDN(), "patch_apply")) == 1 }, "the host is patched")

	var seen time.Time
	require.NoError(t, s.pool.QueryRow(t.Context(), `select since from health_check_states where check_id = $1`, check).Scan(&seen))
	sent := s.fleet.ExecutionsOf(sick.FQDN(), "patch_apply")[0].StartedAt
	t.Logf("dispatched %s after the poll saw the recovery", sent.Sub(seen))
	require.Less(t, sent.Sub(seen), 2*time.Second)
	s.eventually(func() bool {
		return s.count(`select count(*) from job_hosts where job_id = $1 and status = 'succeeded'`, job) == 2
	}, "both hosts succeed")
}

func TestAWorkerWaitsForATemporalThatIsAwayAndMakesWhatItNeeds(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	port, err := devstack.FreePort()
	require.NoError(t, err)
	s.address = "127.0.0.1:" + strconv.Itoa(port)
	s.dial()
	w, stop := s.serve(s.config())
	require.False(t, w.Ready())
	s.startTemporal(port)
	s.eventually(w.Ready, "the worker found Temporal")

	known, err := s.temporal.OperatorService().ListSearchAttributes(t.Context(),
		&operatorservice.ListSearchAttributesRequest{Namespace: client.DefaultNamespace})
	require.NoError(t, err)
	require.Equal(t, enums.INDEXED_VALUE_TYPE_DATETIME, known.GetCustomAttributes()["WindowEnd"])
	s.eventually(func() bool {
		return s.count(`select count(*) from hosts where agent_reachable and pending_patches > 0`) == 1
	},
		"the first inventory does not wait for its interval")
	require.NoError(t, stop())
	require.False(t, w.Ready())
}

func TestAWorkerThatIsToldToStopBeforeTemporalCameStops(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	port, err := devstack.FreePort()
	require.NoError(t, err)
	s.address = "127.0.0.1:" + strconv.Itoa(port)
	s.dial()
	_, stop := s.serve(s.config())
	require.NoError(t, stop())
}

func TestSchedulesFollowTheSettingsSkipOverlapsAndCatchUpByMinutes(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	s.startTemporal(0)
	s.dial()
	cfg := s.config()
	stop := s.serveUntilReady(cfg)
	require.NoError(t, stop())
	schedules := s.temporal.ScheduleClient()
	require.NoError(t, schedules.GetHandle(t.Context(), worker.SchedulePrune).Pause(t.Context(), client.SchedulePauseOptions{Note: "by ann"}))
	cfg.PollInterval = 7 * time.Minute
	s.serveUntilReady(cfg)

	every := map[string]time.Duration{
		worker.ScheduleHealth: 7 * time.Minute, worker.ScheduleInventory: time.Hour, worker.SchedulePrune: time.Hour,
		worker.ScheduleReconcile: time.Minute, worker.ScheduleAudit: 10 * time.Minute,
	}
	for id, interval := range every {
		is, err := schedules.GetHandle(t.Context(), id).Describe(t.Context())
		require.NoError(t, err)
		require.Len(t, is.Schedule.Spec.Intervals, 1)
		require.Equal(t, interval, is.Schedule.Spec.Intervals[0].Every, id)
		require.Equal(t, enums.SCHEDULE_OVERLAP_POLICY_SKIP, is.Schedule.Policy.Overlap)
		require.Equal(t, 2*time.Minute, is.Schedule.Policy.CatchupWindow)
		require.Equal(t, id == worker.SchedulePrune, is.Schedule.State.Paused, "what somebody paused stays paused")
	}
}

func TestAScheduleThatTemporalLostIsMadeAnewAndOneThatIsPausedStaysPaused(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	s.startTemporal(0)
	s.dial()
	cfg := s.config()
	cfg.KeepInterval = 100 * time.Millisecond
	s.serveUntilReady(cfg)
	schedules := s.temporal.ScheduleClient()
	require.NoError(t, schedules.GetHandle(t.Context(), worker.SchedulePrune).Pause(t.Context(), client.SchedulePauseOptions{Note: "by ann"}))
	require.NoError(t, schedules.GetHandle(t.Context(), worker.ScheduleReconcile).Delete(t.Context()))
	s.eventually(func() bool {
		is, err := schedules.GetHandle(t.Context(), worker.ScheduleReconcile).Describe(t.Context())
		return err == nil && is.Info.NumActions > 0
	}, "the schedule is there again, and ran at once")
	is, err := schedules.GetHandle(t.Context(), worker.SchedulePrune).Describe(t.Context())
	require.NoError(t, err)
	require.True(t, is.Schedule.State.Paused)
}

func TestASearchAttributeOfAnotherTypeEndsTheWorkerAndNamesIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	s.startTemporal(0)
	s.dial()
	operator := s.temporal.OperatorService()
	_, err := operator.RemoveSearchAttributes(t.Context(), &operatorservice.RemoveSearchAttributesRequest{
		Namespace: client.DefaultNamespace, SearchAttributes: []string{"PatchPhase"},
	})
	require.NoError(t, err)
	add := func() error {
		_, err := operator.AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
			Namespace: client.DefaultNamespace, SearchAttributes: map[string]enums.IndexedValueType{"PatchPhase": enums.INDEXED_VALUE_TYPE_INT},
		})
		return err
	}
	s.eventually(func() bool { return add() == nil }, "the attribute is of another type")

	err = worker.New(s.config()).Run(t.Context())
	require.ErrorContains(t, err, "PatchPhase")
	require.ErrorContains(t, err, "must be Keyword")
}

func TestACheckIsTestedByAWorkerOfItsZone(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.startTemporal(0)
	s.dial()
	host := s.fleet.Hosts()[0].FQDN()
	check := s.serviceCheck(host, "nginx.service")
	cfg := s.config()
	cfg.PollInterval = time.Hour
	s.serveUntilReady(cfg)
	c := workflows.NewClient(s.temporal)
	in := workflows.TestCheckInput{HostID: s.ids[host], CheckID: check, Zone: fleet.DefaultZone, Actor: fleet.Actor{Name: "ann", RequestID: "r1"}}

	require.True(t, s.fleet.Hosts()[0].SetServiceHealthy("nginx.service", false))
	result, err := c.TestCheck(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, fleet.OutcomeUnhealthy, result.Outcome)
	require.Equal(t, check, result.CheckID)
	require.Equal(t, 1, s.count(`select count(*) from host_health_check_results where check_id = $1 and checked_at = $2`, check, result.CheckedAt))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'health_check.test' and actor_name = 'ann'`))

	in.CheckID, in.Actor.RequestID = s.ids[host], "r2"
	_, err = c.TestCheck(t.Context(), in)
	require.True(t, fleet.IsKind(err, fleet.KindNotFound), "%v", err)

	in.CheckID, in.Actor.RequestID, in.Zone = check, "r3", "nowhere"
	began := time.Now()
	_, err = c.TestCheck(t.Context(), in)
	require.True(t, fleet.IsKind(err, fleet.KindUnavailable), "%v", err)
	require.ErrorContains(t, err, "no worker of zone nowhere")
	require.Less(t, time.Since(began), 15*time.Second)
}

func TestASweepIsOverBeforeTheNextOneIsDue(t *testing.T) {
	t.Parallel()
	s := newSite(t, 3)
	s.startTemporal(0)
	s.dial()
	for _, h := range s.fleet.Hosts() {
		s.serviceCheck(h.FQDN(), map[string]string{"web": "nginx.service", "db-": "postgresql.service", "app": "app.service"}[h.FQDN()[:3]])
	}
	s.serveUntilReady(s.config())
	handle := s.temporal.ScheduleClient().GetHandle(t.Context(), worker.ScheduleHealth)
	s.eventually(func() bool {
		return s.count(`select count(*) from health_check_states where consecutive >= 5`) == 3
	}, "five sweeps came to every host")
	is, err := handle.Describe(t.Context())
	require.NoError(t, err)
	t.Logf("%d sweeps, %d skipped", is.Info.NumActions, is.Info.NumActionsSkippedOverlap)
	require.Less(t, is.Info.NumActionsSkippedOverlap, is.Info.NumActions/2, "a sweep does not make the next one be skipped")
}

func TestAZoneWithoutWorkersDelaysNoOtherAndShowsOnItsHosts(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	s.startTemporal(0)
	s.dial()
	unserved, served := s.fleet.Hosts()[0].FQDN(), s.fleet.Hosts()[1].FQDN()
	s.exec(`update hosts set zone = 'dmz' where fqdn = $1`, unserved)
	s.serviceCheck(unserved, "nginx.service")
	s.serviceCheck(served, "postgresql.service")
	stop := s.serveUntilReady(s.config())
	presence := func(fqdn string) fleet.ZonePresence {
		h, err := s.store.Host(s.Context(), fleet.Scope{All: true}, s.ids[fqdn], fleet.ResultAges{})
		require.NoError(s, err)
		return h.Presence
	}

	s.eventually(func() bool { return presence(served).Served() }, "the worker says that it serves its zone")
	require.False(t, presence(unserved).Served())
	s.eventually(func() bool {
		return s.count(`select count(*) from health_check_states where consecutive >= 6`) == 1
	}, "six sweeps came to the host whose zone is served")
	require.Equal(t, 1, s.count(`select count(*) from health_check_states`), "the other was never reached")
	var slowest float64 // seconds from one sweep's result to the next one's
	require.NoError(t, s.pool.QueryRow(t.Context(), `select max(extract(epoch from gap)) from (
		select checked_at - lag(checked_at) over (order by checked_at) as gap from host_health_check_results) gaps`).Scan(&slowest))
	is, err := s.temporal.ScheduleClient().GetHandle(t.Context(), worker.ScheduleHealth).Describe(t.Context())
	require.NoError(t, err)
	t.Logf("%d sweeps, %d skipped, at most %.1f s apart", is.Info.NumActions, is.Info.NumActionsSkippedOverlap, slowest)
	require.Less(t, slowest, 10.0, "a sweep every 2 s, on a busy machine")
	require.Less(t, is.Info.NumActionsSkippedOverlap, is.Info.NumActions/2, "a sweep with an unserved zone does not make the next one be skipped")

	require.NoError(t, stop())
	require.False(t, presence(served).Served(), "at once after a stop in order")
	require.WithinDuration(t, time.Now(), *presence(served).UnservedSince(), 10*time.Second)
}
