package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

var admin = fleet.Caller{Principal: fleet.Principal{UserID: newUUID(), Name: "ann", Admin: true}}

// blackoutOf is a blackout of all days that began yesterday.
func blackoutOf(o fleet.WindowOwner) fleet.Window {
	w := fleet.Window{
		Kind: fleet.Blackout, TimeZone: "UTC", StartsOn: fleet.DateOf(time.Now().UTC().AddDate(0, 0, -1)), DurationMinutes: 24 * 60,
		Recurrence: fleet.Daily, Enabled: true,
	}
	w.Own(o)
	return w
}

// untilWaiting returns once n sessions of the owner's database wait for a lock, which the application's role can not see.
func untilWaiting(t *testing.T, owner *pgxpool.Pool, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, owner.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting))
		return waiting == n
	}, 10*time.Second, 5*time.Millisecond, "%d wait for a lock", n)
}

func TestAnEditUnderWayIsSeenByTheAdmissionOrAnsweredAfterIt(t *testing.T) {
	t.Parallel()
	type edit func(ctx context.Context, db *runDB, host, group string) error
	blackout := func(ctx context.Context, db *runDB, o fleet.WindowOwner) error {
		_, err := db.store.CreateWindow(ctx, admin, blackoutOf(o))
		return err
	}
	for name, do := range map[string]edit{
		"blackout of the host": func(ctx context.Context, db *runDB, host, _ string) error {
			return blackout(ctx, db, fleet.WindowOwner{Scope: fleet.ScopeHost, ID: host})
		},
		"blackout of a group": func(ctx context.Context, db *runDB, _, group string) error {
			return blackout(ctx, db, fleet.WindowOwner{Scope: fleet.ScopeGroup, ID: group})
		},
		"blackout of the site": func(ctx context.Context, db *runDB, _, _ string) error {
			return blackout(ctx, db, fleet.WindowOwner{Scope: fleet.ScopeSite})
		},
		"a check more": func(ctx context.Context, db *runDB, host, _ string) error {
			return db.store.CreateCheck(ctx, admin, fleet.Check{
				ID: newUUID(), HostID: host, Name: "nginx", Type: fleet.CheckService, ServiceName: "nginx", Enabled: true,
				FailureThreshold: 1, SuccessThreshold: 1,
			})
		},
		"out of the group with the window": func(ctx context.Context, db *runDB, host, group string) error {
			return db.store.DeleteGroupHost(ctx, admin, group, host)
		},
		"the group with the window deleted": func(ctx context.Context, db *runDB, _, group string) error {
			return db.store.DeleteGroup(ctx, admin, group)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newRunDB(t)
			host, group := db.host(), db.group()
			db.exec(`insert into group_hosts (group_id, host_id) values ($1, $2)`, group, host)
			db.exec(`update maintenance_windows set scope = 'group', host_id = null, group_id = $2 where id = $1`,
				db.window(host, fleet.Maintenance, time.Hour, 3*time.Hour), group)
			job := db.job(jobSpec{scheduled: true}, host)

			// The edit is stopped at its last statement, its audit entry.
			hold, err := db.owner.Begin(t.Context())
			require.NoError(t, err)
			_, err = hold.Exec(t.Context(), `lock table audit_entries in share mode`)
			require.NoError(t, err)
			edited, admitted := make(chan error, 1), make(chan fleet.Admission, 1)
			go func() { edited <- do(t.Context(), db, host, group) }()
			untilWaiting(t, db.owner, 1)
			go func() {
				a, _ := db.store.Admit(t.Context(), request(job, host))
				admitted <- a
			}()
			untilWaiting(t, db.owner, 2)
			require.NoError(t, hold.Commit(t.Context()))
			require.NoError(t, <-edited)
			require.NotEmpty(t, (<-admitted).Refusal)
			require.Zero(t, value[int](db, `select count(*) from patch_attempts`))
		})
	}
}

func TestEventsOfAJobGoToTheGroupsThatSeeItsHostsToday(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	then, today := db.group(), db.group()
	moved, gone := db.host(), db.host()
	job := db.immediate(moved, gone)
	db.exec(`update job_hosts set group_ids = array[$1::uuid]`, then)
	db.exec(`insert into group_hosts (group_id, host_id) values ($1, $2)`, today, moved)
	told := func(kind, subject string) []string {
		return value[[]string](db, `select array(select unnest(group_ids)::text order by 1) from events
			where kind = $1 and subject_id = $2 order by id desc limit 1`, kind, subject)
	}
	db.wait(job, moved, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Equal(t, []string{today}, told("job_host.changed", job+"/"+moved))

	db.exec(`delete from hosts where id = $1`, gone)
	db.wait(job, gone, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Equal(t, []string{then}, told("job_host.changed", job+"/"+gone), "the copy speaks for a host that is gone")
	require.NoError(t, db.store.CancelJob(t.Context(), job, fleet.Actor{Name: "ann"}))
	require.Equal(t, []string{then, today}, told("job.changed", job))
}
