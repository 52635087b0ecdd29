package activities

import (
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// calm are beginnings of a process that has all the processors it needs.
func calm() *beginnings {
	b := newBeginnings()
	b.short = func() bool { return false }
	return b
}

func TestHostsOfManyShardsThatAreAllDueBeginByAndBy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := calm()
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
		b := calm()
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
		require.Empty(t, b.slots, "and no one twice")
	})
}

func TestWhileProcessorsAreShortAVisitMakesRoomOnlyWhenItIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var short atomic.Bool
		short.Store(true)
		b := calm()
		b.short = short.Load
		ends := make([]func(), maxBeginnings)
		for i := range ends {
			ends[i], _ = b.begin(t.Context())
		}
		time.Sleep(longestBeginning - 2*beginningTime)
		require.Len(t, b.slots, maxBeginnings)
		ends[0]()
		require.Len(t, b.slots, maxBeginnings-1)
		short.Store(false)
		time.Sleep(beginningTime + time.Millisecond)
		require.Empty(t, b.slots, "none waits for a processor any more")
		for _, end := range ends {
			end() // and no one makes room twice, or this would hang
		}
	})
}

func TestHostsThatNeverAnswerMakeRoomHoweverShortProcessorsAre(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := calm()
		b.short = func() bool { return true }
		for range maxBeginnings {
			_, ok := b.begin(t.Context())
			require.True(t, ok)
		}
		start := time.Now()
		_, ok := b.begin(t.Context())
		require.True(t, ok)
		require.Equal(t, longestBeginning, time.Since(start))
		time.Sleep(time.Minute) // the other ones make room
	})
}

func TestAProcessIsCrowdedWhereOneInTenWaitsForAProcessor(t *testing.T) {
	t.Parallel()
	waits := func(short, long uint64) *metrics.Float64Histogram {
		return &metrics.Float64Histogram{
			Counts: []uint64{short, 0, long}, Buckets: []float64{math.Inf(-1), 0.01, crowdedWait.Seconds(), math.Inf(1)},
		}
	}
	require.False(t, isCrowded(waits(0, 0), nil), "nothing to do")
	require.False(t, isCrowded(waits(90, 10), nil), "at the limit")
	require.True(t, isCrowded(waits(89, 11), nil), "one past it")
	require.False(t, isCrowded(waits(189, 11), []uint64{89, 0, 11}), "what was before does not count")
	require.True(t, isCrowded(waits(1000, 20), []uint64{1000, 0, 0}), "and what is now counts alone")
}

//nolint:paralleltest // the processors are the whole process's
func TestWorkThatWaitsForAProcessorIsNoticed(t *testing.T) {
	procs := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(procs)
	c := newCrowding()
	c.short()
	var all sync.WaitGroup
	for range 400 { // each takes the one processor for a millisecond
		all.Go(func() {
			for until := time.Now().Add(time.Millisecond); time.Now().Before(until); {
			}
		})
	}
	all.Wait()
	require.True(t, c.short())
}

func TestNobodyBeginsAfterTheEndOfASweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := calm()
		b.slots = make(chan struct{}) // never any room
		w := newSweepWorld(10)
		s := w.sweep(10 * time.Second)
		s.beginnings = b
		report, err := s.run(t.Context())
		require.NoError(t, err)
		require.Equal(t, SweepReport{Missed: 10}, report)
		require.Equal(t, 9*time.Second, time.Since(w.start))
	})
}

func TestMoreHostsOfALargerShardAreVisitedAtATime(t *testing.T) {
	t.Parallel()
	for hosts, want := range map[int]int{0: 128, 1: 128, 500: 128, 501: 256, 1000: 256, 2001: 640, 8000: 2048, 8001: 2048} {
		require.Equal(t, want, grown(DefaultConcurrency, hosts, pollShardSize), hosts)
	}
}
