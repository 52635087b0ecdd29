package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestFiftyParallelAdmissionsNeverTakeMoreThanMaxParallelSlots(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(50)
	job := db.job(jobSpec{maxParallel: 7}, hosts...)
	admissions, errs := sideBySide(len(hosts), func(i int) (fleet.Admission, error) {
		return db.store.Admit(t.Context(), request(job, hosts[i]))
	})
	requireNoErrors(t, errs)
	admitted := 0
	for _, a := range admissions {
		if a.Attempt != nil {
			admitted++
			continue
		}
		require.Equal(t, fleet.RefusedBySlot, a.Refusal)
	}
	require.Equal(t, 7, admitted)
	require.Equal(t, 7, value[int](db, `select count(*) from patch_attempts where slot_released_at is null`))
	require.Equal(t, 7, value[int](db, `select count(*) from job_hosts where status = 'running'`))
}

func TestOneHostIsAdmittedToOneJobAtATimeHoweverManyAsk(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	for range 10 {
		host := db.host()
		jobs := make([]string, 8)
		for i := range jobs {
			jobs[i] = db.immediate(host)
		}
		admissions, errs := sideBySide(len(jobs), func(i int) (fleet.Admission, error) {
			return db.store.Admit(t.Context(), request(jobs[i], host))
		})
		requireNoErrors(t, errs)
		admitted := 0
		for _, a := range admissions {
			if a.Attempt != nil {
				admitted++
				continue
			}
			require.Equal(t, fleet.RefusedByHost, a.Refusal)
		}
		require.Equal(t, 1, admitted)
		require.Equal(t, 1, value[int](db, `select count(*) from job_hosts where host_id = $1 and status = 'running'`, host))
	}
}

func TestParallelAdmissionsOfOneJobHostCommitOneIntent(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	admissions, errs := sideBySide(20, func(int) (fleet.Admission, error) {
		return db.store.Admit(t.Context(), request(job, host))
	})
	requireNoErrors(t, errs)
	fresh := 0
	for _, a := range admissions {
		require.NotNil(t, a.Attempt)
		require.Equal(t, admissions[0].Attempt.ID, a.Attempt.ID)
		if !a.Existed {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	require.Equal(t, 1, value[int](db, `select count(*) from gate_evaluations`))
}

func TestAnAttemptIsReturnedAsItWasCommitted(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	attempt := db.admitted(job, host)
	stored := db.run(job, host)
	require.Equal(t, fleet.AttemptPrepared, attempt.State)
	require.Equal(t, 1, attempt.Number)
	require.Equal(t, []string{"seen-1"}, attempt.AgentJobsSeen)
	require.Equal(t, request("", "").Packages, attempt.Packages)
	require.WithinDuration(t, stored.Attempt.PreparedAt, attempt.PreparedAt, time.Second)
	stored.Attempt.PreparedAt = attempt.PreparedAt
	stored.Attempt.SendBefore = stored.Attempt.SendBefore.UTC()
	attempt.SendBefore = attempt.SendBefore.UTC()
	require.Equal(t, attempt, *stored.Attempt)
	require.Equal(t, fleet.StatusRunning, stored.Row.Status)
	require.Equal(t, fleet.PhaseDispatching, stored.Row.Phase)
	require.True(t, stored.Row.Attempted)
}

func TestAJobMakesAtMostFiveAttemptsOnAHost(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	for n := 1; n <= fleet.MaxAttempts; n++ {
		attempt := db.admitted(job, host)
		require.Equal(t, n, attempt.Number)
		require.NoError(t, db.store.RecordRefused(t.Context(), attempt, job, host, "queue full"))
		db.wait(job, host, fleet.StatusWaitingHealthCheck, fleet.WaitRefused)
	}
	require.Equal(t, fleet.RefusedTries, db.admit(job, host).Refusal)
	require.Equal(t, fleet.MaxAttempts, db.run(job, host).Refusals)
	_, err := db.pool.Exec(t.Context(), `insert into patch_attempts (id, job_id, host_id, number, send_before)
		values ($1, $2, $3, 6, now())`, newUUID(), job, host)
	require.ErrorContains(t, err, "patch_attempts_number_check")
}

func TestARefusedAttemptFreesItsSlotAndItsHost(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	job, other := db.job(jobSpec{maxParallel: 1}, hosts...), db.immediate(hosts[0])
	attempt := db.admitted(job, hosts[0])
	require.Equal(t, fleet.RefusedBySlot, db.admit(job, hosts[1]).Refusal)
	require.Equal(t, fleet.RefusedByHost, db.admit(other, hosts[0]).Refusal)
	db.wait(other, hosts[0], fleet.StatusWaitingSlot, fleet.WaitHostBusy)

	require.NoError(t, db.store.RecordRefused(t.Context(), attempt, job, hosts[0], "busy"))
	_, refs, err := db.store.Wakeups(t.Context())
	require.NoError(t, err)
	require.Equal(t, []fleet.RunRef{{JobID: other, HostID: hosts[0]}}, refs)
	db.admitted(job, hosts[1])
	db.admitted(other, hosts[0])
}

func TestAnIntentToRebootIsTakenBackOnlyBeforeTheRebootWasAskedFor(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	intend := func() fleet.Attempt {
		req := request(job, host)
		req.RebootOnly = true
		a, err := db.store.Admit(t.Context(), req)
		require.NoError(t, err)
		return *a.Attempt
	}
	require.NoError(t, db.store.RecordRefused(t.Context(), intend(), job, host, "taken back"))
	require.Equal(t, 1, db.run(job, host).Refusals)
	require.Zero(t, value[int](db, `select count(*) from patch_attempts where slot_released_at is null or finished_at is null`))

	attempt := intend()
	require.Equal(t, 2, attempt.Number)
	require.True(t, fleet.IsKind(db.store.RecordAccepted(t.Context(), attempt, job, host, "a"), fleet.KindConflict), "nothing was sent to apply")
	prepared, err := db.store.PrepareReboot(t.Context(), attempt, job, host)
	require.NoError(t, err)
	require.True(t, prepared)
	require.True(t, fleet.IsKind(db.store.RecordRefused(t.Context(), attempt, job, host, "taken back"), fleet.KindConflict))
	require.Equal(t, fleet.AttemptNone, db.run(job, host).Attempt.State)
}

func TestAnIntentOnARefusedHostKeepsThatSomethingWasSentBefore(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	require.NoError(t, db.store.RecordRefused(t.Context(), db.admitted(job, host), job, host, "queue full"))
	req := request(job, host)
	req.RebootOnly = true
	a, err := db.store.Admit(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, fleet.AttemptNone, a.Attempt.State)
	require.True(t, db.run(job, host).Row.Attempted)
}

func TestCancelledIsNeverAdmitted(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	ann := fleet.Actor{Name: "ann"}
	whole, single := db.immediate(hosts[0]), db.immediate(hosts[1])
	require.NoError(t, db.store.CancelJob(t.Context(), whole, ann))
	require.NoError(t, db.store.CancelJobHost(t.Context(), single, hosts[1], ann))
	a := db.admit(single, hosts[1])
	require.Equal(t, fleet.RefusedByPlan, a.Refusal)
	require.Equal(t, fleet.StatusCancelled, a.Plan.Status)
	require.Equal(t, fleet.ReasonCancelledByUser, a.Plan.Reason)
	require.Contains(t, a.Plan.Detail, "ann")
	_, err := db.store.Admit(t.Context(), request(whole, hosts[0]))
	require.True(t, fleet.IsKind(err, fleet.KindConflict), "it was ended with the job")
	require.Equal(t, fleet.StatusCancelled, db.run(whole, hosts[0]).Row.Status)
	require.Equal(t, 2, value[int](db, `select count(*) from audit_entries where action like '%cancel'`))
}

func TestACancellationAfterTheIntentLeavesTheAttemptToItsEnd(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	attempt := db.admitted(job, host)
	require.NoError(t, db.store.CancelJob(t.Context(), job, fleet.Actor{Name: "ann"}))
	require.True(t, db.admit(job, host).Existed)
	require.NoError(t, db.store.RecordAccepted(t.Context(), attempt, job, host, "a-1"))
	_, err := db.store.EndAttempt(t.Context(), job, host, fleet.Ending{Status: fleet.StatusSucceeded, Reason: fleet.ReasonPatched})
	require.NoError(t, err)
	require.Equal(t, fleet.StatusSucceeded, db.run(job, host).Row.Status)
}

func TestNotOneHostIsAdmittedAfterACancellationIsAcknowledged(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	for range 5 {
		hosts := db.hosts(20)
		job := db.immediate(hosts...)
		const count = `select count(*) from patch_attempts where job_id = $1`
		acknowledged, errs := sideBySide(len(hosts)+1, func(i int) (n int, err error) {
			if i < len(hosts) {
				_, err = db.store.Admit(t.Context(), request(job, hosts[i]))
				if fleet.IsKind(err, fleet.KindConflict) { // it was ended with the job
					err = nil
				}
				return 0, err
			}
			if err = db.store.CancelJob(t.Context(), job, fleet.Actor{Name: "ann"}); err == nil {
				err = db.pool.QueryRow(t.Context(), count, job).Scan(&n)
			}
			return n, err
		})
		requireNoErrors(t, errs)
		require.Equal(t, acknowledged[len(hosts)], value[int](db, count, job))
	}
}

func TestMaxFailuresCountsAttemptedFailuresAndIndeterminateOnly(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(8)
	job := db.job(jobSpec{maxFailures: 3}, hosts...)
	db.set(job, hosts[0], fleet.StatusFailed, false)
	db.set(job, hosts[1], fleet.StatusFailed, true)
	db.set(job, hosts[2], fleet.StatusIndeterminate, true)
	db.set(job, hosts[3], fleet.StatusSucceeded, true)
	db.set(job, hosts[4], fleet.StatusCancelled, true)
	db.set(job, hosts[5], fleet.StatusSkipped, false)
	require.Equal(t, 2, db.run(job, hosts[6]).Job.Failures)
	db.admitted(job, hosts[6])
	_, err := db.store.EndAttempt(t.Context(), job, hosts[6], fleet.Ending{Status: fleet.StatusFailed, Reason: fleet.ReasonAgentError})
	require.NoError(t, err)

	a := db.admit(job, hosts[7])
	require.Equal(t, fleet.RefusedByPlan, a.Refusal)
	require.Equal(t, fleet.StatusSkipped, a.Plan.Status)
	require.Equal(t, fleet.ReasonMaxFailuresReached, a.Plan.Reason)
	require.Equal(t, 1, value[int](db, `select count(*) from wakeups where job_id = $1 and reason = 'max_failures_reached'`, job))
}

func TestAdmissionJudgesTheEvidenceAgain(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(4)
	job := db.immediate(hosts...)
	db.check(hosts[0], 1, 25*time.Second)
	db.check(hosts[1], 1, 0)
	db.check(hosts[1], 2, 31*time.Second)
	edited := db.check(hosts[2], 1, time.Second)
	db.exec(`update host_health_checks set updated_at = clock_timestamp() where id = $1`, edited)
	redefined := db.check(hosts[3], 1, time.Second)
	db.exec(`update host_health_checks set service_name = 'apache2' where id = $1`, redefined)

	open := db.admit(job, hosts[0])
	require.NotNil(t, open.Attempt)
	require.WithinDuration(t, open.Now.Add(5*time.Second), open.Attempt.SendBefore, 2*time.Second, "not sent on older evidence either")
	for i, why := range map[int]string{1: "31s old", 2: "edited after", 3: "no result yet"} {
		shut := db.admit(job, hosts[i])
		require.Equal(t, fleet.RefusedByGate, shut.Refusal)
		require.Contains(t, shut.Verdict.Detail, why)
	}
}

func TestAnEditOfTheWindowsAfterTheGateRefuses(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(db *runDB, host, window string){
		"shortened": func(db *runDB, _, window string) {
			db.exec(`update maintenance_windows set duration_minutes = 20 where id = $1`, window)
		},
		"disabled": func(db *runDB, _, window string) {
			db.exec(`update maintenance_windows set enabled = false where id = $1`, window)
		},
		"deleted": func(db *runDB, _, window string) { db.exec(`delete from maintenance_windows where id = $1`, window) },
		"blacked out": func(db *runDB, host, _ string) {
			db.window(host, fleet.Blackout, time.Minute, time.Hour)
		},
		"blackout near": func(db *runDB, host, _ string) {
			db.window(host, fleet.Blackout, -10*time.Minute, time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newRunDB(t)
			host := db.host()
			job := db.job(jobSpec{scheduled: true}, host)
			window := db.window(host, fleet.Maintenance, 30*time.Minute, 2*time.Hour)
			require.Equal(t, fleet.PlanGo, fleet.PlanRun(db.run(job, host), 15*time.Minute).Kind)
			db.wait(job, host, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)

			edit(db, host, window)
			a := db.admit(job, host)
			require.Equal(t, fleet.RefusedByPlan, a.Refusal)
			require.Equal(t, fleet.ReasonWindowClosed, a.Plan.Reason)
			require.Contains(t, a.Plan.Detail, "waits for health_check")
			require.Zero(t, value[int](db, `select count(*) from patch_attempts`))
		})
	}
}

func TestARequestMayNotBeSentAfterTheLastStart(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.job(jobSpec{scheduled: true}, host)
	db.window(host, fleet.Maintenance, 30*time.Minute, 2*time.Hour)
	req := request(job, host)
	req.SendWithin = 3 * time.Hour
	a, err := db.store.Admit(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, a.Plan.Span.LastStart, a.Attempt.SendBefore)
}

func TestABlackoutHoldsAnImmediateJobToo(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	db.window(host, fleet.Blackout, 10*time.Minute, time.Hour)
	a := db.admit(job, host)
	require.Equal(t, fleet.RefusedByPlan, a.Refusal)
	require.Equal(t, fleet.WaitBlackout, a.Plan.Wait.Reason)
}

func TestTheFirstCommitWinsBetweenAnIntentAndAnEnd(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(60)
	job := db.immediate(hosts...)
	won, errs := sideBySide(2*len(hosts), func(i int) (bool, error) {
		if i%2 == 0 {
			a, err := db.store.Admit(t.Context(), request(job, hosts[i/2]))
			return a.Attempt != nil, err
		}
		_, err := db.store.EndWaiting(t.Context(), job, hosts[i/2], failed)
		return err == nil, err
	})
	for _, err := range errs {
		require.True(t, err == nil || fleet.IsKind(err, fleet.KindConflict), "%v", err)
	}
	for i, host := range hosts {
		admitted, ended := won[2*i], won[2*i+1]
		require.NotEqual(t, admitted, ended, "exactly one of them")
		want := fleet.StatusFailed
		if admitted {
			want = fleet.StatusRunning
		}
		require.Equal(t, want, db.run(job, host).Row.Status)
		require.Equal(t, admitted, db.run(job, host).Attempt != nil)
	}
}

func TestAHostIsNotDeletedBesideItsIntent(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	tx, err := db.pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it was committed, unless the test failed
	_, err = tx.Exec(t.Context(), `select id from hosts where id = $1 for update`, host)
	require.NoError(t, err)
	var a fleet.Admission
	admitted := make(chan error, 1)
	go func() {
		var err error
		a, err = db.store.Admit(context.WithoutCancel(t.Context()), request(job, host))
		admitted <- err
	}()
	untilWaiting(t, db.owner, 1)
	_, err = tx.Exec(t.Context(), `delete from hosts where id = $1`, host)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-admitted)
	require.Equal(t, fleet.RefusedByPlan, a.Refusal)
	require.Equal(t, fleet.ReasonHostDeleted, a.Plan.Reason)
}
