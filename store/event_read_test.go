package store_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

var everything = fleet.Scope{All: true}

const insertTestEvent = `insert into events (kind, subject_id) values ('test', $1)`

func (db *sweepDB) now() fleet.EventPosition {
	db.Helper()
	p, err := db.store.EventsNow(db.Context())
	require.NoError(db, err)
	return p
}

func (db *sweepDB) page(after fleet.EventPosition, limit int) fleet.EventPage {
	db.Helper()
	page, err := db.store.EventsAfter(db.Context(), everything, after, limit)
	require.NoError(db, err)
	return page
}

// eventsWithin is how long events may stay unseen in a test: transactions of every database of the server hold them up.
const eventsWithin = 20 * time.Second

// follow reads pages of at most limit events until it has seen n of them, and says where it is then.
func (db *sweepDB) follow(after fleet.EventPosition, limit, n int) ([]fleet.Event, fleet.EventPosition) {
	db.Helper()
	var seen []fleet.Event
	for deadline := time.Now().Add(eventsWithin); len(seen) < n; {
		require.True(db, time.Now().Before(deadline), "%d events are too few", len(seen))
		page := db.page(after, limit)
		require.False(db, page.Lost)
		require.LessOrEqual(db, len(page.Events), limit)
		require.GreaterOrEqual(db, page.Next.Compare(after), 0)
		seen = append(seen, page.Events...)
		after = page.Next
	}
	return seen, after
}

func subjects(events []fleet.Event) []string {
	var s []string
	for _, e := range events {
		s = append(s, e.SubjectID)
	}
	return s
}

// begin starts a transaction that has written the events and is not over.
func (db *sweepDB) begin(subjects ...string) pgx.Tx {
	db.Helper()
	tx, err := db.pool.Begin(db.Context())
	require.NoError(db, err)
	db.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	for _, s := range subjects {
		_, err := tx.Exec(db.Context(), insertTestEvent, s)
		require.NoError(db, err)
	}
	return tx
}

func TestASlowTransactionIsNotOvertakenByALaterOne(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	start := db.now()
	slow := db.begin("slow 1")
	db.exec(insertTestEvent, "fast")

	held := db.page(start, 10)
	require.Empty(t, held.Events, "a lower transaction may still commit")
	_, err := slow.Exec(t.Context(), insertTestEvent, "slow 2")
	require.NoError(t, err)
	require.NoError(t, slow.Commit(t.Context()))

	for _, limit := range []int{1, 2, 3, 10} {
		for _, after := range []fleet.EventPosition{start, held.Next} {
			seen, end := db.follow(after, limit, 3)
			require.Equal(t, []string{"slow 1", "slow 2", "fast"}, subjects(seen))
			require.Empty(t, db.page(end, limit).Events)
		}
	}
}

func TestWhatATransactionTookBackIsNotServedAndHoldsNothingUp(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	start := db.now()
	undone := db.begin("undone")
	db.exec(insertTestEvent, "done")
	require.NoError(t, undone.Rollback(t.Context()))
	seen, _ := db.follow(start, 10, 1)
	require.Equal(t, []string{"done"}, subjects(seen))
}

func TestAReaderAmongManyWritersSeesEachEventOnceAndInOrder(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	start := db.now()
	const writers, rounds = 3, 60
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range rounds {
				tx, err := db.pool.Begin(t.Context())
				if err != nil {
					return
				}
				for range 1 + rand.IntN(3) {
					_, _ = tx.Exec(t.Context(), insertTestEvent, "x")
				}
				_ = tx.Commit(t.Context())
			}
		})
	}
	// Read while they write, in pages that end anywhere.
	seen, at := db.follow(start, 2, writers*rounds)
	wg.Wait()
	rest, end := db.follow(at, 3, db.count(`select count(*) from events`)-len(seen))
	seen = append(seen, rest...)
	require.Empty(t, db.page(end, 3).Events)
	for i := 1; i < len(seen); i++ {
		require.Positive(t, seen[i].Position.Compare(seen[i-1].Position))
	}
	require.Len(t, seen, db.count(`select count(*) from events`))
}

func TestAPageHoldsAsManyEventsAsAskedForAndSaysWhenItIsFull(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	start := db.now()
	db.exec(`insert into events (kind, subject_id) select 'test', n from generate_series(1, 3) n`)
	db.follow(start, 10, 3)
	full := db.page(start, 3)
	require.Len(t, full.Events, 3)
	require.True(t, full.More)
	require.Equal(t, full.Events[2].Position, full.Next)
	last := db.page(full.Next, 3)
	require.Empty(t, last.Events)
	require.False(t, last.More)
	require.False(t, db.page(start, 4).More)
}

func TestEventsResumeBehindExactlyTheOneNamed(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	start := db.now()
	db.exec(`insert into events (kind, subject_id) values ('test', 'a'), ('test', 'b')`)
	db.exec(insertTestEvent, "c")
	all, _ := db.follow(start, 10, 3)
	for i, e := range all {
		require.Equal(t, subjects(all[i+1:]), subjects(db.page(e.Position, 10).Events))
	}
}

func TestAPositionBehindWhichEventsWereDroppedIsLostAndALaterOneIsNot(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	old := time.Now().Add(-48 * time.Hour)
	db.make(old, old)
	start := db.now()
	db.exec(`insert into events (kind, subject_id, at) values ('test', 'old', $1)`, old)
	db.exec(insertTestEvent, "new")
	events, _ := db.follow(start, 10, 2)

	dropped, err := db.store.DropEvents(t.Context(), 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 1, dropped)
	for _, p := range []fleet.EventPosition{{}, start, events[0].Position} {
		page := db.page(p, 10)
		require.True(t, page.Lost, p)
		require.Empty(t, page.Events)
		require.GreaterOrEqual(t, page.Next.Compare(events[1].Position), 0)
	}
	seen, _ := db.follow(fleet.EventPosition{XID: events[0].Position.XID + 1}, 10, 1)
	require.Equal(t, []string{"new"}, subjects(seen))
}

func TestDroppingAnEmptyPartitionLosesNoPosition(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	db.exec(insertTestEvent, "kept")
	old := time.Now().Add(-48 * time.Hour)
	db.make(old, old)
	dropped, err := db.store.DropEvents(t.Context(), 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 1, dropped)
	seen, _ := db.follow(fleet.EventPosition{XID: 1}, 10, 1)
	require.Equal(t, []string{"kept"}, subjects(seen))
}

func TestAPositionThatThisDatabaseHasNotReachedIsLost(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	start := db.now()
	open := db.begin("open") // so that the counter is ahead of the oldest open transaction
	next := uint64(db.count(`select pg_snapshot_xmax(pg_current_snapshot())::text::bigint`))
	require.False(t, db.page(fleet.EventPosition{XID: next, ID: 7}, 10).Lost)
	for _, xid := range []uint64{next + 1_000_000, 1<<64 - 1} {
		page := db.page(fleet.EventPosition{XID: xid}, 10)
		require.True(t, page.Lost)
		require.GreaterOrEqual(t, page.Next.Compare(start), 0)
		require.Less(t, page.Next.XID, xid)
	}
	require.NoError(t, open.Rollback(t.Context()))
}

func TestEventsAreReadWithinTheScope(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	start := db.now()
	mine, other := db.group(), db.group()
	insert := `insert into events (kind, subject_id, group_ids, site) values ('test', $1, $2, $3)`
	db.exec(insert, "mine", []string{other, mine}, false)
	db.exec(insert, "other", []string{other}, false)
	db.exec(insert, "admins", []string{}, false)
	db.exec(insert, "site", []string{}, true)
	db.follow(start, 10, 4)
	for _, c := range []struct {
		want  []string
		scope fleet.Scope
	}{
		{[]string{"mine", "site"}, fleet.Scope{Groups: []string{mine}}},
		{[]string{"site"}, fleet.Scope{Groups: []string{}}},
		{[]string{"mine", "other", "admins", "site"}, everything},
	} {
		page, err := db.store.EventsAfter(t.Context(), c.scope, start, 10)
		require.NoError(t, err)
		require.Equal(t, c.want, subjects(page.Events))
	}
}

func TestReadingOnLooksIntoTheIndex(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	db.exec(`insert into events (kind, subject_id) select 'test', n from generate_series(1, 20000) n`)
	db.exec(`analyze events`)
	rows, err := db.pool.Query(t.Context(), `explain select * from events where (xid, id) > ('5'::xid8, 7::bigint)
		and xid < '9'::xid8 and (true or site or group_ids && '{}'::uuid[]) order by xid, id limit 500`)
	require.NoError(t, err)
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Contains(t, strings.Join(plan, "\n"), "Index Cond: ((ROW(xid, id) > ROW(")
}
