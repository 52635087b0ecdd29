package api_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
)

// lateStore does something between the moment a request was let in and the change that it asks for.
type lateStore struct {
	*store.Store
	meanwhile func()
}

func (l lateStore) UpdateHost(ctx context.Context, by fleet.Caller, id string, in fleet.HostInput) error {
	l.meanwhile()
	return l.Store.UpdateHost(ctx, by, id, in)
}

func TestAChangeIsNotMadeByRightsThatWereTakenAwayAfterItCameIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ as, meanwhile string }{
		"the membership":  {"operator in the group", `delete from group_users where user_id = (select id from users where name = 'operator')`},
		"the role":        {"operator in the group", `update group_users set role = 'viewer'`},
		"the token":       {"operator in the group", `update api_tokens set revoked_at = now()`},
		"the token's end": {"operator in the group", `update api_tokens set expires_at = now()`},
		"the session":     {"operator in the group with a session", `delete from sessions`},
		"the account":     {"operator in the group", `update users set disabled_at = now() where name = 'operator'`},
		"the office":      {administrator, `update users set is_admin = false where name = 'admin'`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, row{})
			op, r := operations(t)["updateHost"], matrix["updateHost"]
			var before map[string]string
			w.serve(func(cfg *apiConfig) {
				cfg.Store = lateStore{w.store, func() {
					w.exec(c.meanwhile)
					before = w.state()
				}}
			})
			a := w.send(c.as, op, w.inside, r)
			require.Equal(t, 403, a.status, "%s", a.body)
			require.Equal(t, "rights_changed", a.json(t)["code"])
			require.Equal(t, before, w.state())
		})
	}
}

func TestAChangeIsMadeByRightsThatWereAddedToAfterItCameIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, row{})
	for _, meanwhile := range []string{
		`update group_users set role = 'operator'`,
		`update users set is_admin = true where name = 'operator'`,
		`update api_tokens set expires_at = now() + interval '1 hour' where expires_at is null`,
	} {
		w.serve(func(cfg *apiConfig) { cfg.Store = lateStore{w.store, func() { w.exec(meanwhile) }} })
		a := w.send("operator in the group", operations(t)["updateHost"], w.inside, matrix["updateHost"])
		require.Equal(t, 200, a.status, "%s", a.body)
	}
}

// TestTakingARightAwayIsAnsweredAfterTheChangesThatItHeld holds a change up after its rights were read.
func TestTakingARightAwayIsAnsweredAfterTheChangesThatItHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, row{})
	ops := operations(t)
	var user string
	require.NoError(t, w.pool.QueryRow(t.Context(), `select id::text from users where name = 'operator'`).Scan(&user))
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `select from hosts where id = $1 for update`, w.inside["hosts"])
	require.NoError(t, err)
	answers := make(chan int, 2)
	call := func(as string, op operation, path string, r row) {
		answers <- w.sendTo(as, op, path, w.inside, r).status
	}
	go call("operator in the group", ops["updateHost"], ops["updateHost"].pathOf(w.inside), matrix["updateHost"])
	w.waitForLocks(1)
	go call(administrator, ops["deleteGroupUser"], ops["deleteGroupUser"].pathWith([]string{w.inside["groups"], user}), row{})
	w.waitForLocks(2)
	require.Empty(t, answers)
	require.NoError(t, tx.Rollback(t.Context()))
	require.ElementsMatch(t, []int{200, 204}, []int{<-answers, <-answers})
	require.Equal(t, 1, w.count(`select count(*) from audit_entries earlier join audit_entries later on earlier.seq < later.seq
		where earlier.action = 'host.update' and later.action = 'group.user.delete'`))
}

// waitForLocks waits until so many sessions of the database wait for a lock.
func (s *site) waitForLocks(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return s.count(`select count(distinct l.pid) from pg_locks l join pg_stat_activity a using (pid)
			where not l.granted and a.datname = current_database()`) == n
	}, streamWithin, 5*time.Millisecond)
}
