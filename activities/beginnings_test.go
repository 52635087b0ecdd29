package activities

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestHostsOfManyShardsThatAreAllDueBeginByAndBy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := newBeginnings()
		var sweeps errgroup.Group
		worlds := make([]*sweepWorld, 10)
		for i := range worlds {
			w := newSweepWorld(100)
			w.took = func(string) time.Duration { return 20 * time.Second } // they hang
			s := w.sweep(5 * time.Minute)
			s.in.Shard.Hosts = 100_000_000 // all of them are due at once
			s.concurrency, s.beginnings = 100, shared
			worlds[i] = w
			sweeps.Go(func() error { _, err := s.run(t.Context()); return err })
		}
		require.NoError(t, sweeps.Wait())
		began := map[int]int{} // hosts by the time that a beginning takes
		for _, w := range worlds {
			require.Len(t, w.visits, 100)
			for _, at := range w.visits {
				began[int(at/beginningTime)]++
			}
		}
		for _, n := range began {
			require.LessOrEqual(t, n, maxBeginnings)
		}
	})
}

func TestAVisitThatIsOverMakesRoomAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBeginnings()
		start := time.Now()
		var first func()
		for i := range maxBeginnings {
			end, ok := b.begin(t.Context())
			require.True(t, ok)
			if i == 0 {
				first = end
			}
		}
		require.Zero(t, time.Since(start), "as many as may begin do so at once")
		time.AfterFunc(time.Millisecond, first)
		_, ok := b.begin(t.Context())
		require.True(t, ok)
		require.Equal(t, time.Millisecond, time.Since(start))
		_, ok = b.begin(t.Context())
		require.True(t, ok)
		require.Equal(t, beginningTime, time.Since(start), "one that only waits makes room too")
		time.Sleep(time.Second) // the others make room
		first()
		require.Empty(t, b, "and no one twice")
	})
}

func TestNobodyBeginsAfterTheEndOfASweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := make(beginnings)
		w := newSweepWorld(10)
		s := w.sweep(10 * time.Second)
		s.beginnings = b // never any room
		report, err := s.run(t.Context())
		require.NoError(t, err)
		require.Equal(t, SweepReport{Missed: 10}, report)
		require.Equal(t, 9*time.Second, time.Since(w.start))
	})
}
