package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// runDB is a fresh database with the rows that runs work on.
type runDB struct {
	*testing.T
	pool  *pgxpool.Pool
	owner *pgxpool.Pool // for what the application may not do, and for seeing who waits
	store *store.Store
}

func newRunDB(t *testing.T) *runDB {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(storetest.URL(t))
	require.NoError(t, err)
	cfg.MaxConns = 8 // so that parallel transactions really meet
	pool, err := store.Connect(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return &runDB{T: t, pool: pool, owner: storetest.Owner(t, pool), store: store.New(pool, storetest.AuditKey)}
}

func (db *runDB) exec(sql string, args ...any) {
	db.Helper()
	_, err := db.pool.Exec(context.WithoutCancel(db.Context()), sql, args...)
	require.NoError(db, err)
}

// value reads the one column of the one row of a query.
func value[T any](db *runDB, sql string, args ...any) T {
	db.Helper()
	var v T
	require.NoError(db, db.pool.QueryRow(db.Context(), sql, args...).Scan(&v))
	return v
}

func newUUID() string { return uuid.Must(uuid.NewV7()).String() }

func (db *runDB) host() string {
	db.Helper()
	id := newUUID()
	db.exec(`insert into hosts (id, fqdn, address) values ($1, $2, '10.0.0.1')`, id, "h-"+id+".test")
	return id
}

func (db *runDB) hosts(n int) []string {
	db.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = db.host()
	}
	return ids
}

// jobSpec is what a test may want of a job.
type jobSpec struct {
	scheduled   bool
	maxParallel int
	maxFailures int
}

// immediate adds a job without limits that matter, which waits for no window.
func (db *runDB) immediate(hostIDs ...string) string {
	db.Helper()
	return db.job(jobSpec{}, hostIDs...)
}

func (db *runDB) job(s jobSpec, hostIDs ...string) string {
	db.Helper()
	if s.maxParallel == 0 {
		s.maxParallel = 1000
	}
	if s.maxFailures == 0 {
		s.maxFailures = 1000
	}
	id := newUUID()
	db.exec(`insert into jobs (id, created_by, created_by_name, immediate, max_parallel, max_failures, max_parallel_hosts,
		max_failures_hosts, gate_timeout_seconds, max_wait_seconds) values ($1, $1, 'ann', $2, '', '', $3, $4, 3600, 86400)`,
		id, !s.scheduled, s.maxParallel, s.maxFailures)
	for _, h := range hostIDs {
		db.exec(`insert into job_hosts (job_id, host_id, fqdn, zone, batch) values ($1, $2, 'h', 'default', 0)`, id, h)
	}
	return id
}

// set gives job hosts a status, with what the schema wants beside it.
func (db *runDB) set(job, host string, status fleet.Status, attempted bool) {
	db.Helper()
	db.exec(`update job_hosts set status = $3, attempted = $4, phase = case when $3 = 'running' then 'applying' end,
		reason = case when $3 in ('failed', 'cancelled', 'skipped', 'indeterminate') then 'test' end
		where job_id = $1 and host_id = $2`, job, host, string(status), attempted)
}

// window adds a window of a host that started the given time ago, which the schema keeps to the minute.
func (db *runDB) window(host string, kind fleet.WindowKind, ago, duration time.Duration) string {
	db.Helper()
	id := newUUID()
	start := time.Now().UTC().Add(-ago)
	db.exec(`insert into maintenance_windows (id, scope, host_id, kind, time_zone, starts_on, start_time, duration_minutes, recurrence)
		values ($1, 'host', $2, $3, 'UTC', $4::date, $5::time, $6, 'once')`,
		id, host, string(kind), start.Format(time.DateOnly), start.Format("15:04"), int(duration.Minutes()))
	return id
}

// check adds an enabled check with a healthy result of the given age.
func (db *runDB) check(host string, slot int, age time.Duration) string {
	db.Helper()
	id := newUUID()
	db.exec(`insert into host_health_checks (id, host_id, slot, name, check_type, service_name, updated_at)
		values ($1, $2, $3, $4, 'service', 'nginx', now() - interval '1 day')`, id, host, slot, fmt.Sprintf("c%d", slot))
	db.exec(`insert into health_check_states (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
		values ($1, $2, 'healthy', true, 'fine', 1, clock_timestamp() - make_interval(secs => $3), now(), 'healthy', now())`, id, host, age.Seconds())
	return id
}

func request(job, host string) fleet.AdmitRequest {
	return fleet.AdmitRequest{
		JobID: job, HostID: host, AttemptID: newUUID(),
		Gate:       fleet.GatePolicy{MaxResultAge: 30 * time.Second, MaxClockSkew: 5 * time.Second},
		Cutoffs:    fleet.Cutoffs{Plain: 15 * time.Minute, WithReboot: 30 * time.Minute},
		SendWithin: 20 * time.Second, AgentJobs: []string{"seen-1"}, Uptime: time.Hour,
		Packages: []fleet.PackageResult{{Name: "nginx", From: "1", To: "2", Result: fleet.PackagePending}},
	}
}

func (db *runDB) admit(job, host string) fleet.Admission {
	db.Helper()
	a, err := db.store.Admit(db.Context(), request(job, host))
	require.NoError(db, err)
	return a
}

// admitted admits a host that must be.
func (db *runDB) admitted(job, host string) fleet.Attempt {
	db.Helper()
	a := db.admit(job, host)
	require.Empty(db, a.Refusal)
	require.False(db, a.Existed)
	return *a.Attempt
}

func (db *runDB) run(job, host string) fleet.Run {
	db.Helper()
	r, err := db.store.Run(db.Context(), job, host)
	require.NoError(db, err)
	return r
}

// row is a job host as text, whatever columns it has.
func (db *runDB) row(job, host string) string {
	db.Helper()
	return value[string](db, `select row_to_json(jh)::text from job_hosts jh where job_id = $1 and host_id = $2`, job, host)
}

func (db *runDB) wait(job, host string, status fleet.Status, reason fleet.Reason) {
	db.Helper()
	require.NoError(db, db.store.SaveWaiting(db.Context(), job, host, waiting(status, reason)))
}

func waiting(status fleet.Status, reason fleet.Reason) fleet.Waiting {
	return fleet.Waiting{Status: status, Wait: fleet.Wait{Reason: reason, Detail: "waits for " + string(reason)}, Entered: true, StartGate: true}
}

var failed = fleet.Ending{Status: fleet.StatusFailed, Reason: fleet.ReasonWindowClosed, Detail: "closed"}

// sideBySide calls do for 0 to n-1 at the same time, waits for all and returns what they said.
func sideBySide[T any](n int, do func(i int) (T, error)) ([]T, []error) {
	values, errs := make([]T, n), make([]error, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			values[i], errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return values, errs
}

// requireNoErrors demands that nobody failed.
func requireNoErrors(t *testing.T, errs []error) {
	t.Helper()
	require.NoError(t, errors.Join(errs...))
}

func (db *runDB) group() string {
	db.Helper()
	id := newUUID()
	db.exec(`insert into groups (id, name) values ($1, $2)`, id, "g-"+id)
	return id
}
