package store_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func (db *runDB) slotWaiters(job string) []string {
	db.Helper()
	ids, err := db.store.SlotWaiters(db.Context(), job)
	require.NoError(db, err)
	return ids
}

// queue lets hosts wait for a slot, the first of them longest.
func (db *runDB) queue(job string, hosts ...string) {
	db.Helper()
	for i, h := range hosts {
		db.wait(job, h, fleet.StatusWaitingSlot, fleet.WaitSlot)
		db.exec(`update job_hosts set slot_wait_started_at = now() - make_interval(mins => $3) where job_id = $1 and host_id = $2`,
			job, h, len(hosts)-i)
	}
}

func TestAFreeSlotIsOfferedToTheHostThatWaitedLongestAndToNobodyElse(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(5)
	job := db.job(jobSpec{maxParallel: 2}, hosts...)
	db.admitted(job, hosts[0])
	db.admitted(job, hosts[1])
	db.queue(job, hosts[4], hosts[2])
	db.wait(job, hosts[3], fleet.StatusWaitingSlot, fleet.WaitHostBusy)
	require.Empty(t, db.slotWaiters(job), "no slot is free")

	_, err := db.store.EndAttempt(t.Context(), job, hosts[0], patched)
	require.NoError(t, err)
	require.Equal(t, []string{hosts[4]}, db.slotWaiters(job))
	require.Empty(t, db.slotWaiters(job), "the slot was offered")
	_, err = db.store.EndAttempt(t.Context(), job, hosts[1], patched)
	require.NoError(t, err)
	require.Equal(t, []string{hosts[2]}, db.slotWaiters(job), "the second slot goes to the next")
	require.Empty(t, db.slotWaiters(job))
}

func TestASlotThatIsNotTakenIsOfferedAgain(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	job := db.job(jobSpec{maxParallel: 1}, hosts...)
	db.queue(job, hosts...)
	require.Equal(t, hosts[:1], db.slotWaiters(job))
	db.wait(job, hosts[0], fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck) // its gate is shut by now
	require.Equal(t, hosts[1:], db.slotWaiters(job))
	db.exec(`update job_hosts set slot_woken_at = slot_woken_at - interval '11 seconds'`)
	require.Equal(t, hosts[1:], db.slotWaiters(job), "the wake-up was lost")
}

func TestAHostThatLostASlotToAnotherIsOfferedTheNextAtOnce(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	job := db.job(jobSpec{maxParallel: 1}, hosts...)
	db.queue(job, hosts[1])
	require.Equal(t, hosts[1:], db.slotWaiters(job))
	db.admitted(job, hosts[0]) // came by its own timer and was first
	require.Equal(t, fleet.RefusedBySlot, db.admit(job, hosts[1]).Refusal)
	db.wait(job, hosts[1], fleet.StatusWaitingSlot, fleet.WaitSlot)

	_, err := db.store.EndAttempt(t.Context(), job, hosts[0], patched)
	require.NoError(t, err)
	require.Equal(t, hosts[1:], db.slotWaiters(job))
}

func TestFreeSlotsAreOfferedOnceThoughManyAskAtTheSameTime(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(30)
	job := db.job(jobSpec{maxParallel: 6}, hosts...)
	db.queue(job, hosts...)
	woken, errs := sideBySide(20, func(int) ([]string, error) { return db.store.SlotWaiters(t.Context(), job) })
	requireNoErrors(t, errs)
	require.ElementsMatch(t, hosts[:6], slices.Concat(woken...))
}

func TestAWakeupMeansTheWaitingRunsOfAHostAGroupAJobOrAll(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(4)
	one, two := db.immediate(hosts[:3]...), db.immediate(hosts[0])
	db.set(one, hosts[2], fleet.StatusRunning, true)
	three := db.immediate(hosts[3])
	db.admitted(three, hosts[3])
	group := newUUID()
	db.exec(`insert into groups (id, name) values ($1, 'g')`, group)
	db.exec(`insert into group_hosts (group_id, host_id) values ($1, $2), ($1, $3)`, group, hosts[1], hosts[2])
	ref := func(job string, host int) fleet.RunRef { return fleet.RunRef{JobID: job, HostID: hosts[host]} }
	for name, c := range map[string]struct {
		host, group, job *string
		want             []fleet.RunRef
	}{
		"host":          {host: &hosts[0], want: []fleet.RunRef{ref(one, 0), ref(two, 0)}},
		"group":         {group: &group, want: []fleet.RunRef{ref(one, 1)}},
		"job":           {job: &one, want: []fleet.RunRef{ref(one, 0), ref(one, 1)}},
		"host and job":  {host: &hosts[0], job: &two, want: []fleet.RunRef{ref(two, 0)}},
		"all":           {want: []fleet.RunRef{ref(one, 0), ref(one, 1), ref(two, 0), ref(three, 3)}},
		"a running one": {host: &hosts[2]},
		// Refused, it waits again, and would have missed what came meanwhile.
		"one whose request is under way": {job: &three, want: []fleet.RunRef{ref(three, 3)}},
	} {
		db.exec(`insert into wakeups (host_id, group_id, job_id, reason) values ($1, $2, $3, $4)`, c.host, c.group, c.job, name)
		ids, refs, err := db.store.Wakeups(t.Context())
		require.NoError(t, err, name)
		require.Len(t, ids, 1, name)
		require.ElementsMatch(t, c.want, refs, name)
		require.NoError(t, db.store.DeleteWakeups(t.Context(), ids), name)
	}
	ids, refs, err := db.store.Wakeups(t.Context())
	require.NoError(t, err)
	require.Empty(t, ids)
	require.Empty(t, refs)
}

func TestManyWakeupsMeanARunOnce(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	host := db.host()
	job := db.immediate(host)
	db.exec(`insert into wakeups (host_id, reason) select $1, 'edited' from generate_series(1, 1001)`, host)
	ids, refs, err := db.store.Wakeups(t.Context())
	require.NoError(t, err)
	require.Len(t, ids, 1000, "bounded")
	require.Equal(t, []fleet.RunRef{{JobID: job, HostID: host}}, refs)
}

func TestACancellationLeavesWordForTheWaitingHostsOnce(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	hosts := db.hosts(2)
	job := db.immediate(hosts...)
	for range 2 {
		require.NoError(t, db.store.CancelJobHost(t.Context(), job, hosts[0], fleet.Actor{Name: "bob"}))
		require.NoError(t, db.store.CancelJob(t.Context(), job, fleet.Actor{Name: "ann"}))
	}
	_, refs, err := db.store.Wakeups(t.Context())
	require.NoError(t, err)
	require.Len(t, refs, 2)
	require.Equal(t, 2, value[int](db, `select count(*) from audit_entries`))
	require.Equal(t, 1, value[int](db, `select count(*) from events where kind = 'job.changed'`))
	require.Equal(t, 1+len(hosts), value[int](db, `select count(*) from events where kind = 'job_host.changed'`), "asked for, and ended")
}
