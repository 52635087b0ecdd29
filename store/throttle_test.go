package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// age makes what was taken of every bucket so much older.
func (db *sweepDB) age(by time.Duration) {
	db.Helper()
	db.exec(`update throttles set taken = array(select t - make_interval(secs => $1) from unnest(taken) t order by t),
		forget_at = forget_at - make_interval(secs => $1)`, by.Seconds())
}

func (db *sweepDB) take(bucket string) error {
	return db.store.Take(db.Context(), bucket, 10, time.Minute)
}

// requireRefused holds a refusal to its kind, and returns how long it says to wait.
func requireRefused(t *testing.T, err error) time.Duration {
	t.Helper()
	var refused *fleet.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, fleet.KindTooMany, refused.Kind)
	return refused.Wait
}

func TestExactlyTheLimitPassesWithinThePeriod(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for range 10 {
		require.NoError(t, db.take("a"))
	}
	require.InDelta(t, time.Minute.Seconds(), requireRefused(t, db.take("a")).Seconds(), 5)
	require.NoError(t, db.take("b"), "another bucket is another's")

	db.age(50 * time.Second)
	require.InDelta(t, 10, requireRefused(t, db.take("a")).Seconds(), 5)
	db.age(11 * time.Second)
	require.NoError(t, db.take("a"))
}

func TestNoPeriodHoldsMoreThanTheLimitWhereverItBegins(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for range 5 {
		require.NoError(t, db.take("a"))
	}
	db.age(40 * time.Second)
	for range 5 {
		require.NoError(t, db.take("a"))
	}
	requireRefused(t, db.take("a"))
	db.age(21 * time.Second) // the first five no longer count, the second do
	for range 5 {
		require.NoError(t, db.take("a"))
	}
	require.InDelta(t, 39, requireRefused(t, db.take("a")).Seconds(), 5)
}

func TestRefusedUsesDoNotCount(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for range 10 {
		require.NoError(t, db.take("a"))
	}
	db.age(30 * time.Second)
	for range 20 {
		require.Less(t, requireRefused(t, db.take("a")), 31*time.Second)
	}
	db.age(31 * time.Second)
	require.NoError(t, db.take("a"))
}

func TestExactlyTheLimitPassesOfAHundredAtOnceFromTwoProcesses(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	processes := []*store.Store{store.New(pool, storetest.AuditKey), store.New(pool, storetest.AuditKey)}
	var passed, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			err := processes[i%2].Take(t.Context(), "a", 10, time.Minute)
			switch {
			case err == nil:
				passed.Add(1)
			case fleet.IsKind(err, fleet.KindTooMany):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 10, passed.Load())
	require.EqualValues(t, 90, refused.Load())
}

func TestALimitThatWasLoweredHoldsAtOnce(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for range 10 {
		require.NoError(t, db.take("a"))
		db.age(time.Second)
	}
	// Ten count, so eight of them have to leave before one of three passes; the eighth was taken three seconds ago.
	require.InDelta(t, 57, requireRefused(t, db.store.Take(t.Context(), "a", 3, time.Minute)).Seconds(), 5)
}

func TestABucketIsStoredAsItsHashHoweverItIsNamed(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for _, name := range []string{"", "ann@example.com\x00\xff", string(make([]byte, 1<<20))} {
		require.NoError(t, db.take(name))
	}
	require.Equal(t, 3, db.count(`select count(*) from throttles where length(bucket) = 32`))
	require.Zero(t, db.count(`select count(*) from throttles where position('ann'::bytea in bucket) > 0`))
}

func TestWhatNoLongerCountsIsPrunedAndTheRestStays(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for _, old := range []string{"a", "b", "c"} {
		require.NoError(t, db.take(old))
	}
	db.age(61 * time.Second)
	require.NoError(t, db.take("c"), "is used again")
	require.NoError(t, db.take("d"))
	for _, want := range []int{1, 1, 0} {
		n, err := db.store.PruneExpired(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, 2, db.count(`select count(*) from throttles`))
}

func TestAThrottleWithoutItsDatabaseLetsNothingPass(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	pool.Close()
	require.Error(t, store.New(pool, storetest.AuditKey).Take(t.Context(), "a", 10, time.Minute))
}
