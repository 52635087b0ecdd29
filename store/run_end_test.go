package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

var (
	patched = fleet.Ending{Status: fleet.StatusSucceeded, Reason: fleet.ReasonPatched, Detail: "1 packages installed"}
	open    = fleet.Ending{Status: fleet.StatusIndeterminate, Reason: fleet.ReasonOutcomeUnknown, Detail: "nobody knows"}
)

func TestTheSendersWordHoldsAfterTheRequestWasGivenUpForLost(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	attempt := db.admitted(job, host)
	db.exec(`update patch_attempts set send_before = clock_timestamp() - interval '1 millisecond'`)
	marked, err := db.store.MarkUnknown(t.Context(), attempt)
	require.NoError(t, err)
	require.True(t, marked)
	require.Equal(t, fleet.AttemptUnknown, db.run(job, host).Attempt.State)

	require.NoError(t, db.store.RecordAccepted(t.Context(), attempt, job, host, "a-1"))
	r := db.run(job, host)
	require.Equal(t, fleet.AttemptAccepted, r.Attempt.State)
	require.Equal(t, "a-1", r.Attempt.AgentJobID)
	require.Equal(t, fleet.PhaseApplying, r.Row.Phase)
	require.Equal(t, "a-1", value[string](db, `select agent_job_id from job_hosts`))
}

func TestARequestIsNotGivenUpWhileItMayStillBeSent(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	attempt := db.admitted(job, host)
	marked, err := db.store.MarkUnknown(t.Context(), attempt)
	require.NoError(t, err)
	require.False(t, marked)
	require.Equal(t, fleet.AttemptPrepared, db.run(job, host).Attempt.State)
}

func TestWhatBecameOfARequestIsRecordedOnce(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	attempt := db.admitted(job, host)
	require.NoError(t, db.store.RecordAccepted(t.Context(), attempt, job, host, "a-1"))
	for _, err := range []error{
		db.store.RecordAccepted(t.Context(), attempt, job, host, "a-2"),
		db.store.RecordUnknown(t.Context(), attempt, job, host, "late"),
		db.store.RecordRefused(t.Context(), attempt, job, host, "late"),
	} {
		require.True(t, fleet.IsKind(err, fleet.KindConflict), "%v", err)
	}
	marked, err := db.store.MarkUnknown(t.Context(), attempt)
	require.NoError(t, err)
	require.False(t, marked)
	require.Equal(t, "a-1", db.run(job, host).Attempt.AgentJobID)
}

func TestAnIndeterminateEndBlocksTheHostAndFreesTheSlot(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	job, other := db.job(jobSpec{maxParallel: 1}, hosts...), db.immediate(hosts[0])
	attempt := db.admitted(job, hosts[0])
	require.NoError(t, db.store.RecordUnknown(t.Context(), attempt, job, hosts[0], "reset"))
	_, err := db.store.EndAttempt(t.Context(), job, hosts[0], open)
	require.NoError(t, err)

	db.admitted(job, hosts[1])
	require.Equal(t, fleet.RefusedByHost, db.admit(other, hosts[0]).Refusal)
	require.NotNil(t, db.run(job, hosts[0]).Attempt.SlotReleasedAt)
	require.Nil(t, db.run(job, hosts[0]).Attempt.FinishedAt)
	err = db.store.RecordAccepted(t.Context(), attempt, job, hosts[0], "a-1")
	require.True(t, fleet.IsKind(err, fleet.KindConflict), "%v", err)
	require.Equal(t, fleet.AttemptUnknown, db.run(job, hosts[0]).Attempt.State)
}

func TestAnEndFreesSlotAndHostAndWakesTheJobsThatWaitForIt(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job, other := db.immediate(host), db.immediate(host)
	db.admitted(job, host)
	db.wait(other, host, fleet.StatusWaitingSlot, fleet.WaitHostBusy)
	woke, err := db.store.EndAttempt(t.Context(), job, host, patched)
	require.NoError(t, err)
	require.True(t, woke)
	_, refs, err := db.store.Wakeups(t.Context())
	require.NoError(t, err)
	require.Equal(t, []fleet.RunRef{{JobID: other, HostID: host}}, refs)
	db.admitted(other, host)
}

// ended are the ways for a job host to have ended.
var ended = []fleet.Status{
	fleet.StatusSucceeded, fleet.StatusFailed, fleet.StatusCancelled, fleet.StatusSkipped, fleet.StatusIndeterminate,
}

func TestNothingChangesAJobHostThatEnded(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	ctx := t.Context()
	for _, status := range ended {
		host := db.host()
		job := db.immediate(host)
		attempt := db.admitted(job, host)
		_, err := db.store.EndAttempt(ctx, job, host, fleet.Ending{Status: status, Reason: "test", Detail: "first"})
		require.NoError(t, err)
		before := db.row(job, host)

		_, again := db.store.EndAttempt(ctx, job, host, patched)
		_, late := db.store.EndWaiting(ctx, job, host, failed)
		_, admit := db.store.Admit(ctx, request(job, host))
		_, reboot := db.store.PrepareReboot(ctx, attempt, job, host)
		if status != fleet.StatusIndeterminate {
			require.NoError(t, reboot, "the attempt is finished: nothing to prepare")
			reboot = fleet.Conflict("", "")
		}
		for what, err := range map[string]error{
			"end attempt": again, "end waiting": late, "admit": admit, "reboot": reboot,
			"wait":     db.store.SaveWaiting(ctx, job, host, waiting(fleet.StatusWaitingWindow, fleet.WaitWindow)),
			"phase":    db.store.SavePhase(ctx, job, host, fleet.PhaseVerifying, "late"),
			"accepted": db.store.RecordAccepted(ctx, attempt, job, host, "a-9"),
			"unknown":  db.store.RecordUnknown(ctx, attempt, job, host, "late"),
			"refused":  db.store.RecordRefused(ctx, attempt, job, host, "late"),
		} {
			require.True(t, fleet.IsKind(err, fleet.KindConflict), "%s: %v", what, err)
		}
		require.NoError(t, db.store.SaveProgress(ctx, job, host, 50))
		require.NoError(t, db.store.CancelJobHost(ctx, job, host, fleet.Actor{Name: "ann"}))
		require.Equal(t, before, db.row(job, host))
		require.Zero(t, value[int](db, `select count(*) from patch_attempts where reboot_state is not null`))
	}
	require.Zero(t, value[int](db, `select count(*) from gate_evaluations where verdict = 'shut'`))
	require.Zero(t, value[int](db, `select count(*) from audit_entries`))
}

func TestAWaitIsNotSavedBesideAnUnfinishedAttempt(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	attempt := db.admitted(job, host)
	w := waiting(fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	w.Evaluation = &fleet.Evaluation{At: time.Now(), Verdict: "shut"}
	err := db.store.SaveWaiting(t.Context(), job, host, w)
	require.True(t, fleet.IsKind(err, fleet.KindConflict), "%v", err)
	require.Zero(t, value[int](db, `select count(*) from gate_evaluations where verdict = 'shut'`), "all of it or nothing")

	require.NoError(t, db.store.RecordRefused(t.Context(), attempt, job, host, "busy"))
	require.NoError(t, db.store.SaveWaiting(t.Context(), job, host, w))
	require.Equal(t, 1, value[int](db, `select count(*) from gate_evaluations where verdict = 'shut'`))
}

func TestARequestOfWhichNothingWasWrittenIsNoAttempt(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	job := db.immediate(hosts...)
	for _, host := range hosts {
		require.NoError(t, db.store.RecordRefused(t.Context(), db.admitted(job, host), job, host, "nothing was sent"))
		require.True(t, db.run(job, host).Row.Attempted)
	}
	w := waiting(fleet.StatusWaitingHealthCheck, fleet.WaitAgent)
	w.Unattempted = true
	require.NoError(t, db.store.SaveWaiting(t.Context(), job, hosts[0], w))
	require.False(t, db.run(job, hosts[0]).Row.Attempted)
	e := failed
	e.Unattempted = true
	_, err := db.store.EndWaiting(t.Context(), job, hosts[1], e)
	require.NoError(t, err)
	require.False(t, db.run(job, hosts[1]).Row.Attempted)
	require.Zero(t, db.run(job, hosts[1]).Job.Failures)
}

func TestEachStatusKeepsTheTimeItWasFirstEntered(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	db.wait(job, host, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	first := value[string](db, `select times->>'waiting_health_check' from job_hosts`)
	db.wait(job, host, fleet.StatusWaitingSlot, fleet.WaitSlot)
	db.wait(job, host, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Equal(t, first, value[string](db, `select times->>'waiting_health_check' from job_hosts`))
	attempt := db.admitted(job, host)
	require.NoError(t, db.store.RecordAccepted(t.Context(), attempt, job, host, "a"))
	require.NoError(t, db.store.SavePhase(t.Context(), job, host, fleet.PhaseVerifying, ""))
	_, err := db.store.EndAttempt(t.Context(), job, host, patched)
	require.NoError(t, err)
	require.Equal(t, 7, value[int](db, `select count(*) from job_hosts, jsonb_object_keys(times)`),
		"two waits, running with three phases, succeeded")
}

func TestOnlyWaitsForASlotAreTakenOffTheGateTimeout(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	backdate := func() {
		db.exec(`update job_hosts set slot_wait_started_at = slot_wait_started_at - interval '10 minutes',
			gate_started_at = gate_started_at - interval '10 minutes'`)
	}
	db.wait(job, host, fleet.StatusWaitingSlot, fleet.WaitHostBusy)
	backdate()
	require.WithinDuration(t, time.Now().Add(50*time.Minute), fleet.GateDeadline(db.run(job, host)), 10*time.Second)

	db.wait(job, host, fleet.StatusWaitingSlot, fleet.WaitSlot)
	backdate()
	require.WithinDuration(t, time.Now().Add(50*time.Minute), fleet.GateDeadline(db.run(job, host)), 10*time.Second)
	db.wait(job, host, fleet.StatusWaitingSlot, fleet.WaitSlot)
	require.InDelta(t, 0, db.run(job, host).Row.SlotWait.Seconds(), 1, "it goes on")

	db.wait(job, host, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	r := db.run(job, host)
	require.Nil(t, r.Row.SlotWaitStarted)
	require.InDelta(t, 600, r.Row.SlotWait.Seconds(), 10)
	require.WithinDuration(t, time.Now().Add(50*time.Minute), fleet.GateDeadline(r), 10*time.Second)

	db.wait(job, host, fleet.StatusWaitingSlot, fleet.WaitSlot)
	backdate()
	db.wait(job, host, fleet.StatusWaitingHealthCheck, fleet.WaitClockSkew)
	require.InDelta(t, 600, db.run(job, host).Row.SlotWait.Seconds(), 10, "how long it was is not known by clocks that disagree")

	db.wait(job, host, fleet.StatusWaitingSlot, fleet.WaitSlot)
	db.exec(`update job_hosts set slot_wait_started_at = slot_wait_started_at + interval '10 minutes'`) // the clock is set back
	db.wait(job, host, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.InDelta(t, 600, db.run(job, host).Row.SlotWait.Seconds(), 10)

	db.wait(job, host, fleet.StatusWaitingSlot, fleet.WaitSlot)
	backdate()
	db.admitted(job, host)
	require.InDelta(t, 1200, db.run(job, host).Row.SlotWait.Seconds(), 10)
}

func TestAnEvaluationIsStoredOnce(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	e := fleet.Evaluation{
		At: time.Now(), Verdict: "open", Detail: "all 1 enabled checks healthy",
		Checks: []fleet.JudgedCheck{{CheckID: "c", Name: "nginx", Enabled: true, Passed: true}},
	}
	for range 2 {
		require.NoError(t, db.store.SaveEvaluation(t.Context(), job, host, e))
	}
	require.Equal(t, "nginx", value[string](db, `select checks->0->>'name' from gate_evaluations`))
}

func TestAJobCompletesWithItsLastHostAndOnce(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	job := db.immediate(hosts...)
	complete := func() bool {
		done, err := db.store.CompleteJob(t.Context(), job)
		require.NoError(t, err)
		return done
	}
	db.set(job, hosts[0], fleet.StatusSucceeded, true)
	require.False(t, complete())
	db.set(job, hosts[1], fleet.StatusRunning, true)
	require.False(t, complete())
	db.set(job, hosts[1], fleet.StatusIndeterminate, true)
	require.True(t, complete())
	at := value[time.Time](db, `select completed_at from jobs`)
	require.True(t, complete())
	require.Equal(t, at, value[time.Time](db, `select completed_at from jobs`))
	require.Equal(t, 1, value[int](db, `select count(*) from events where kind = 'job.changed'`))
	unfinished, err := db.store.UnfinishedJobs(t.Context())
	require.NoError(t, err)
	require.Empty(t, unfinished)
	_, err = db.store.CompleteJob(t.Context(), newUUID())
	require.True(t, fleet.IsKind(err, fleet.KindNotFound), "%v", err)
}

func TestABatchListsItsUnfinishedHosts(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(3)
	job := db.immediate(hosts...)
	db.exec(`update job_hosts set batch = 1 where host_id = $1`, hosts[2])
	db.set(job, hosts[0], fleet.StatusSucceeded, true)
	batches, err := db.store.StartJob(t.Context(), job, "run-1")
	require.NoError(t, err)
	require.Equal(t, 2, batches)
	first, err := db.store.BatchHosts(t.Context(), job, 0)
	require.NoError(t, err)
	require.Equal(t, []fleet.BatchHost{{HostID: hosts[1], FQDN: "h", Zone: "default"}}, first)
	_, err = db.store.StartJob(t.Context(), newUUID(), "run-1")
	require.True(t, fleet.IsKind(err, fleet.KindNotFound), "%v", err)
}

func TestARebootIsPreparedOnceUnlessItWasRefused(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	attempt := db.admitted(job, host)
	require.NoError(t, db.store.RecordAccepted(t.Context(), attempt, job, host, "a"))
	prepare := func() bool {
		ok, err := db.store.PrepareReboot(t.Context(), attempt, job, host)
		require.NoError(t, err)
		return ok
	}
	record := func(to fleet.RebootState, from ...fleet.RebootState) bool {
		ok, err := db.store.RecordReboot(t.Context(), attempt, to, from...)
		require.NoError(t, err)
		return ok
	}
	require.True(t, prepare())
	require.False(t, prepare())
	require.Equal(t, fleet.PhaseRebooting, db.run(job, host).Row.Phase)
	require.True(t, record(fleet.RebootRefused, fleet.RebootPrepared))
	require.True(t, prepare())
	require.True(t, record(fleet.RebootUnknown, fleet.RebootPrepared))
	require.False(t, record(fleet.RebootRefused, fleet.RebootPrepared))
	require.False(t, prepare())
	require.True(t, record(fleet.RebootDone, fleet.RebootAccepted, fleet.RebootUnknown))
	require.False(t, prepare())
}

func TestOutputIsKeptOnceInItsPlace(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	require.NoError(t, db.store.AppendOutput(t.Context(), job, host, 0, []string{"a", "b"}))
	require.NoError(t, db.store.AppendOutput(t.Context(), job, host, 1, []string{"other", "c"}))
	n, err := db.store.OutputLength(t.Context(), job, host)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, "a,b,c", value[string](db, `select string_agg(line, ',' order by seq) from job_host_output`))
}

func TestTheEndOfAJobThatIsCancelledShowsAtOnceOnTheHostsThatWait(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	ctx := t.Context()
	hosts := db.hosts(6)
	job, other := db.immediate(hosts...), db.immediate(hosts...)
	db.wait(job, hosts[1], fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	db.queue(job, hosts[2])
	db.admitted(job, hosts[3])
	db.set(job, hosts[4], fleet.StatusFailed, true)
	busy, err := db.pool.Begin(ctx)
	require.NoError(t, err)
	defer busy.Rollback(ctx) //nolint:errcheck // it only reads
	_, err = busy.Exec(ctx, `select from job_hosts where job_id = $1 and host_id = $2 for update`, job, hosts[5])
	require.NoError(t, err)

	require.NoError(t, db.store.CancelJob(ctx, job, fleet.Actor{Name: "ann"}), "a host that is being decided on holds nobody up")
	want := map[string]string{
		hosts[0]: "cancelled", hosts[1]: "cancelled", hosts[2]: "cancelled", hosts[3]: "running", hosts[4]: "failed", hosts[5]: "queued",
	}
	for host, status := range want {
		require.Equal(t, status, value[string](db, `select status from job_hosts where job_id = $1 and host_id = $2`, job, host))
		told := value[int](db, `select count(*) from events where subject_id = $1 and payload ->> 'status' = 'cancelled'
			and payload ->> 'reason' = 'cancelled_by_user'`, job+"/"+host)
		require.Equal(t, status == "cancelled", told == 1)
	}
	require.Equal(t, len(hosts), value[int](db, `select count(*) from job_hosts where job_id = $1 and status = 'queued'`, other))
	require.Equal(t, "job cancelled by ann", db.run(job, hosts[0]).Row.Detail)

	_, runs, err := db.store.Wakeups(ctx)
	require.NoError(t, err)
	for _, i := range []int{0, 1, 2, 3, 5} {
		require.Contains(t, runs, fleet.RunRef{JobID: job, HostID: hosts[i]}, "its run must hear of it")
	}
	require.Len(t, runs, 5)
}
