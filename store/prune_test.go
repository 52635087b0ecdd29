package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// completed adds a job that was completed so long ago, with evaluations and output.
func (db *sweepDB) completed(ago time.Duration) string {
	db.Helper()
	host := db.host("default")
	job := db.job(fleet.StatusSucceeded, host)
	db.exec(`update jobs set completed_at = now() - make_interval(secs => $2) where id = $1`, job, ago.Seconds())
	for i := range 5 {
		db.exec(`insert into gate_evaluations (job_id, host_id, at, verdict) values ($1, $2, $3, 'shut')`, job, host, startOfTest.Add(time.Duration(i)*time.Second))
		db.exec(`insert into job_host_output (job_id, host_id, seq, line) values ($1, $2, $3, 'x')`, job, host, i)
	}
	return job
}

func (db *sweepDB) attempt(jobID string, finished bool) {
	db.Helper()
	db.exec(`insert into patch_attempts (id, job_id, host_id, number, state, send_before, finished_at)
		select gen_random_uuid(), job_id, host_id, 1, 'accepted', now(), case when $2 then now() end from job_hosts where job_id = $1`, jobID, finished)
}

func TestOnlyCompletedJobsPastRetentionAreOutdated(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	const retention = time.Hour
	oldest, old := db.completed(retention+2*time.Minute), db.completed(retention+time.Minute)
	db.completed(retention - time.Minute)
	unfinished := db.job(fleet.StatusRunning, db.host("default"))
	db.exec(`update jobs set created_at = now() - interval '10 years' where id = $1`, unfinished)

	ids, err := db.store.OutdatedJobs(t.Context(), retention, 10)
	require.NoError(t, err)
	require.Equal(t, []string{oldest, old}, ids)
	ids, err = db.store.OutdatedJobs(t.Context(), retention, 1)
	require.NoError(t, err)
	require.Equal(t, []string{oldest}, ids)
}

func TestAJobWhoseOutcomeNobodySettledIsKeptHoweverOld(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	settled, open := db.completed(2*time.Hour), db.completed(3*time.Hour)
	db.attempt(settled, true)
	db.attempt(open, false)
	ids, err := db.store.OutdatedJobs(t.Context(), time.Hour, 10)
	require.NoError(t, err)
	require.Equal(t, []string{settled}, ids)
}

func TestAPrunedJobGoesWithAllThatBelongsToItInBatches(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	job, other := db.completed(time.Hour), db.completed(time.Hour)
	db.attempt(job, true)
	batches := 0
	require.NoError(t, db.store.PruneJob(t.Context(), job, 2, func() { batches++ }))
	require.Equal(t, 6, batches, "five rows of two tables, two at a time")
	for _, table := range []string{"job_hosts", "gate_evaluations", "job_host_output", "patch_attempts"} {
		require.Zero(t, db.count(fmt.Sprintf(`select count(*) from %s where job_id = $1`, table), job), table)
	}
	require.Equal(t, 1, db.count(`select count(*) from jobs`))
	require.Equal(t, 5, db.count(`select count(*) from job_host_output where job_id = $1`, other))
	require.NoError(t, db.store.PruneJob(t.Context(), job, 2, func() {}), "pruning again is no error")
}

func TestOldOutputGoesInBatchesAndYoungOutputStays(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	job := db.completed(time.Minute)
	db.exec(`update job_host_output set at = now() - interval '1 hour 1 second' where job_id = $1 and seq < 3`, job)
	for _, want := range []int{2, 1, 0} {
		n, err := db.store.PruneOutput(t.Context(), time.Hour, 2)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, 2, db.count(`select count(*) from job_host_output`))
}

func TestWhatEndedOfEnrolmentsAndCertificatesIsForgottenAndWhatMattersStays(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for status, ages := range map[string][]string{"pending": {"47 hours", "48 hours"}, "denied": {"29 days", "30 days"}} {
		for _, age := range ages {
			db.exec(`insert into enrolments (id, machine_id, fqdn, ip_address, remote_addr, remote_network, token_hash, status, created_at, decided_at, decided_by)
				values (gen_random_uuid(), $1 || $2, 'x', '::1', '::1', '::1', sha256(($1 || $2)::bytea), $1, now() - $2::interval - interval '1 second',
					case $1 when 'denied' then now() end, '')`, status, age)
		}
	}
	db.exec(`insert into certificates (serial, host_id, fqdn, issued_at, expires_at) select lpad(d::text, 2, '0'), gen_random_uuid(), 'x',
		now() - interval '1 year', now() - make_interval(days => d, secs => 1) from unnest(array[0, 29, 30]) d`)
	db.exec(`insert into certificates (serial, host_id, fqdn, revoked_at, revoked_by)
		values ('ff', gen_random_uuid(), 'x', now() - interval '10 years', '')`)
	n, err := db.store.PruneExpired(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, 2, db.count(`select count(*) from enrolments where machine_id in ('pending47 hours', 'denied29 days')`))
	require.Equal(t, 2, db.count(`select count(*) from enrolments`))
	require.Equal(t, 3, db.count(`select count(*) from certificates where serial in ('00', '29', 'ff')`))
	require.Equal(t, 3, db.count(`select count(*) from certificates`))
}
