package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// sweepDB is a fresh database with the rows that polling works on.
type sweepDB struct {
	*testing.T
	pool  *pgxpool.Pool
	store *store.Store
}

func newSweepDB(t *testing.T) *sweepDB {
	t.Helper()
	pool := storetest.New(t)
	return &sweepDB{T: t, pool: pool, store: store.New(pool, storetest.AuditKey)}
}

func (db *sweepDB) exec(sql string, args ...any) {
	db.Helper()
	_, err := db.pool.Exec(db.Context(), sql, args...)
	require.NoError(db, err)
}

func (db *sweepDB) host(zone string) string {
	db.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	db.exec(`insert into hosts (id, fqdn, address, zone) values ($1, $2, '10.0.0.1', $3)`, id, "h-"+id+".example", zone)
	return id
}

func (db *sweepDB) group(hostIDs ...string) string {
	db.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	db.exec(`insert into groups (id, name) values ($1, $2)`, id, "g-"+id)
	for _, h := range hostIDs {
		db.exec(`insert into group_hosts (group_id, host_id) values ($1, $2)`, id, h)
	}
	return id
}

// check adds the nth check of a host.
func (db *sweepDB) check(hostID string, n int) fleet.Check {
	db.Helper()
	c := fleet.Check{ID: uuid.Must(uuid.NewV7()).String(), HostID: hostID}
	err := db.pool.QueryRow(db.Context(), `insert into host_health_checks (id, host_id, slot, name, check_type, service_name)
		values ($1, $2, $3, $4, 'service', 'nginx') returning defined_at`, c.ID, hostID, n, fmt.Sprintf("c%d", n)).Scan(&c.DefinedAt)
	require.NoError(db, err)
	return c
}

// job adds a job of which the hosts have the status.
func (db *sweepDB) job(status fleet.Status, hostIDs ...string) string {
	db.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	db.exec(`insert into jobs (id, created_by, created_by_name, max_parallel, max_failures, max_parallel_hosts, max_failures_hosts,
		gate_timeout_seconds, max_wait_seconds) values ($1, $1, 'ann', '10', '3', 10, 3, 3600, 3600)`, id)
	for _, h := range hostIDs {
		db.exec(`insert into job_hosts (job_id, host_id, fqdn, zone, batch, status, phase) values ($1, $2, 'h', 'default', 0, $3,
			case when $3 = 'running' then 'applying' end)`, id, h, string(status))
	}
	return id
}

func (db *sweepDB) put(results ...fleet.Result) {
	db.Helper()
	require.NoError(db, db.store.StoreResults(db.Context(), results))
}

func (db *sweepDB) count(sql string, args ...any) int {
	db.Helper()
	var n int
	require.NoError(db, db.pool.QueryRow(db.Context(), sql, args...).Scan(&n))
	return n
}

// storedState is a row of health_check_states as the tests look at it.
type storedState struct {
	Outcome     fleet.Outcome
	Detail      string
	CheckedAt   time.Time
	Since       time.Time
	Consecutive int
	Shown       fleet.Outcome
	ShownSince  time.Time
}

func (db *sweepDB) state(checkID string) storedState {
	db.Helper()
	var s storedState
	err := db.pool.QueryRow(db.Context(), `select outcome, detail, checked_at, since, consecutive, shown, shown_since from health_check_states
		where check_id = $1`, checkID).Scan(&s.Outcome, &s.Detail, &s.CheckedAt, &s.Since, &s.Consecutive,
		&s.Shown, &s.ShownSince)
	require.NoError(db, err)
	s.CheckedAt, s.Since, s.ShownSince = s.CheckedAt.UTC(), s.Since.UTC(), s.ShownSince.UTC()
	return s
}

type storedEvent struct {
	Subject string
	Groups  []string
	Payload map[string]any
}

func (db *sweepDB) events(kind string) []storedEvent {
	db.Helper()
	rows, err := db.pool.Query(db.Context(), `select subject_id, group_ids::text[], payload from events where kind = $1 order by id`, kind)
	require.NoError(db, err)
	defer rows.Close()
	events := []storedEvent{}
	for rows.Next() {
		var e storedEvent
		var payload json.RawMessage
		require.NoError(db, rows.Scan(&e.Subject, &e.Groups, &payload))
		require.NoError(db, json.Unmarshal(payload, &e.Payload))
		events = append(events, e)
	}
	require.NoError(db, rows.Err())
	return events
}

// result is what a run of c after the given number of seconds found.
func result(c fleet.Check, after int, o fleet.Outcome) fleet.Result {
	return fleet.Result{
		CheckID: c.ID, HostID: c.HostID, Outcome: o, Detail: string(o), Latency: 7 * time.Millisecond,
		CheckedAt: startOfTest.Add(time.Duration(after) * time.Second), DefinedAt: c.DefinedAt,
	}
}

// startOfTest lies within the partitions that there are, as exact as the database.
var startOfTest = time.Now().UTC().Add(-10 * time.Minute).Truncate(time.Millisecond)

func (db *sweepDB) inTransaction(do func(ctx context.Context, exec func(sql string, args ...any))) {
	db.Helper()
	tx, err := db.pool.Begin(db.Context())
	require.NoError(db, err)
	do(db.Context(), func(sql string, args ...any) {
		_, err := tx.Exec(db.Context(), sql, args...)
		require.NoError(db, err)
	})
	require.NoError(db, tx.Commit(db.Context()))
}

// meet has a writer of a healthy result of held and an unhealthy one of fresh, which has no state, find that another has made
// that state meanwhile, of an earlier healthy result.
func (db *sweepDB) meet(held, fresh fleet.Check) {
	db.Helper()
	db.put(result(held, 0, fleet.OutcomeHealthy))
	lock := db.begin()
	_, err := lock.Exec(db.Context(), `select from health_check_states where check_id = $1 for update`, held.ID)
	require.NoError(db, err)

	stored := make(chan error, 1)
	go func() {
		stored <- db.store.StoreResults(db.Context(), []fleet.Result{
			result(held, 2, fleet.OutcomeHealthy), result(fresh, 2, fleet.OutcomeUnhealthy),
		})
	}()
	untilWaiting(db.T, storetest.Owner(db.T, db.pool), 1)
	db.put(result(fresh, 1, fleet.OutcomeHealthy))
	require.NoError(db, lock.Rollback(db.Context()))

	require.NoError(db, <-stored)
}
