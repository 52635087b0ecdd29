package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// sweepWorld is a fleet for a sweep on virtual time: what happened, and when after the start.
type sweepWorld struct {
	mu      sync.Mutex
	start   time.Time
	hosts   []string
	visits  map[string]time.Duration // of the first visit
	active  int
	busiest int
	batches [][]string
	stored  []time.Duration
	beats   []SweepProgress
	took    func(host string) time.Duration
	failing error
}

func newSweepWorld(hosts int) *sweepWorld {
	w := &sweepWorld{start: time.Now(), visits: map[string]time.Duration{}, took: func(string) time.Duration { return time.Millisecond }}
	for n := range hosts {
		w.hosts = append(w.hosts, fmt.Sprintf("h%05d", n))
	}
	return w
}

func (w *sweepWorld) sweep(interval time.Duration) *sweep[string] {
	return &sweep[string]{
		in:          ShardInput{Shard: fleet.Shard{Hosts: len(w.hosts)}, Start: w.start, Interval: interval},
		concurrency: 10, beginnings: calm(), maxBatch: 100, stopping: make(chan struct{}),
		page: w.page, visit: w.visit, store: w.store, count: w.count,
		beat: func(p SweepProgress) { w.beats = append(w.beats, p) },
	}
}

func (w *sweepWorld) after(host string) int {
	n, found := slices.BinarySearchFunc(w.hosts, host, cmp.Compare[string])
	if found {
		n++
	}
	return n
}

func (w *sweepWorld) page(_ context.Context, after string, limit int) ([]fleet.HostChecks, error) {
	rest := w.hosts[w.after(after):]
	page := []fleet.HostChecks{}
	for _, id := range rest[:min(limit, len(rest))] {
		page = append(page, fleet.HostChecks{Endpoint: fleet.Endpoint{HostID: id}})
	}
	return page, nil
}

func (w *sweepWorld) visit(ctx context.Context, host fleet.HostChecks) ([]string, error) {
	id := host.Endpoint.HostID
	w.mu.Lock()
	if _, again := w.visits[id]; !again {
		w.visits[id] = time.Since(w.start)
	}
	w.active++
	w.busiest = max(w.busiest, w.active)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.active--
		w.mu.Unlock()
	}()
	if !waitUntil(ctx, time.Now().Add(w.took(id))) {
		return nil, ctx.Err()
	}
	return []string{id}, nil
}

func (w *sweepWorld) store(_ context.Context, results []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return w.failing
	}
	w.batches = append(w.batches, results)
	w.stored = append(w.stored, time.Since(w.start))
	return nil
}

func (w *sweepWorld) count(_ context.Context, after string) (int, error) {
	return len(w.hosts) - w.after(after), nil
}

func (w *sweepWorld) storedHosts() []string {
	all := slices.Concat(w.batches...)
	slices.Sort(all)
	return all
}

func TestASweepVisitsEveryHostOnceAtItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(120)
		report, err := w.sweep(5 * time.Minute).run(t.Context())
		require.NoError(t, err)
		require.Equal(t, SweepReport{Hosts: 120, Results: 120}, report)
		require.Equal(t, w.hosts, w.storedHosts())
		for n, id := range w.hosts {
			require.Equal(t, time.Duration(n)*2*time.Second, w.visits[id])
		}
		require.Less(t, time.Since(w.start), 4*time.Minute)
		require.Equal(t, SweepProgress{After: "h00119", Hosts: 120, Results: 120}, w.beats[len(w.beats)-1])
	})
}

func TestAResultIsStoredWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(120)
		_, err := w.sweep(5 * time.Minute).run(t.Context())
		require.NoError(t, err)
		for i, batch := range w.batches {
			for _, id := range batch {
				require.LessOrEqual(t, w.stored[i]-w.visits[id], time.Second+time.Millisecond)
			}
		}
	})
}

func TestABatchIsNeverLargerThanItsBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(1000)
		_, err := w.sweep(500 * time.Millisecond).run(t.Context())
		require.NoError(t, err)
		largest := 0
		for _, batch := range w.batches {
			largest = max(largest, len(batch))
		}
		require.Equal(t, 100, largest)
		require.Equal(t, w.hosts, w.storedHosts())
	})
}

func TestNoMoreHostsAreVisitedAtOnceThanAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(500)
		w.took = func(string) time.Duration { return time.Second }
		_, err := w.sweep(5 * time.Minute).run(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, w.busiest, "one every 480 ms")

		w = newSweepWorld(500)
		w.took = func(string) time.Duration { return time.Second }
		_, err = w.sweep(55 * time.Second).run(t.Context())
		require.NoError(t, err)
		require.Equal(t, 10, w.busiest)
	})
}

func TestWhatASweepDoesNotReachInTimeCountsAsMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(1000)
		w.took = func(string) time.Duration { return 10 * time.Second }
		report, err := w.sweep(5 * time.Minute).run(t.Context())
		require.NoError(t, err)
		require.Equal(t, 295*time.Second, time.Since(w.start), "it ends 5 s before the next")
		require.Equal(t, SweepReport{Hosts: 290, Results: 290, Missed: 710}, report)
		require.Len(t, w.storedHosts(), 290, "a visit that was broken off is not a result")
	})
}

func TestAHangingHostHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(240)
		w.took = func(host string) time.Duration {
			if host == "h00003" {
				return time.Hour
			}
			return time.Millisecond
		}
		report, err := w.sweep(time.Minute).run(t.Context())
		require.NoError(t, err)
		require.Equal(t, SweepReport{Hosts: 239, Results: 239, Missed: 1}, report)
		for n, id := range w.hosts {
			require.Equal(t, time.Duration(n)*200*time.Millisecond, w.visits[id])
		}
		require.Equal(t, SweepProgress{After: "h00002", Hosts: 3, Results: 3}, w.beats[len(w.beats)-1])
	})
}

func TestARetryGoesOnAfterTheLastHostThatIsStoredAndKeepsThePace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(120)
		s := w.sweep(5 * time.Minute)
		s.resume = SweepProgress{After: "h00059", Hosts: 60, Results: 60}
		report, err := s.run(t.Context())
		require.NoError(t, err)
		require.Equal(t, SweepReport{Hosts: 120, Results: 120}, report)
		require.Equal(t, w.hosts[60:], w.storedHosts())
		require.Equal(t, 120*time.Second, w.visits["h00060"])
	})
}

func TestARetryAfterTheEndOnlyCountsWhatWasMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(120)
		s := w.sweep(5 * time.Minute)
		s.in.Start = w.start.Add(-5 * time.Minute)
		s.resume = SweepProgress{After: "h00059", Hosts: 60, Results: 60}
		report, err := s.run(t.Context())
		require.NoError(t, err)
		require.Equal(t, SweepReport{Hosts: 60, Results: 60, Missed: 60}, report)
		require.Empty(t, w.visits)
	})
}

func TestAWorkerThatStopsKeepsWhatItFoundAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(120)
		s := w.sweep(5 * time.Minute)
		stopping := make(chan struct{})
		s.stopping = stopping
		time.AfterFunc(100*time.Second+10*time.Millisecond, func() { close(stopping) })
		_, err := s.run(t.Context())
		require.ErrorIs(t, err, errStopping)
		require.Equal(t, w.hosts[:51], w.storedHosts())
		require.Equal(t, SweepProgress{After: "h00050", Hosts: 51, Results: 51}, w.beats[len(w.beats)-1])
		require.Less(t, time.Since(w.start), 101*time.Second)
	})
}

func TestAStoreThatIsAwayEndsTheAttemptAndTheHeartbeatStaysBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(120)
		time.AfterFunc(10*time.Second+500*time.Millisecond, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.failing = errors.New("database away")
		})
		_, err := w.sweep(5 * time.Minute).run(t.Context())
		require.EqualError(t, err, "database away")
		last := w.beats[len(w.beats)-1]
		require.Equal(t, len(w.storedHosts()), last.Hosts)
		require.Equal(t, w.hosts[last.Hosts-1], last.After)
		require.Less(t, time.Since(w.start), 15*time.Second)
	})
}

func TestAPageThatCanNotBeReadEndsTheAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSweepWorld(120).sweep(5 * time.Minute)
		s.page = func(context.Context, string, int) ([]fleet.HostChecks, error) {
			return nil, errors.New("database away")
		}
		_, err := s.run(t.Context())
		require.EqualError(t, err, "database away")
	})
}

func TestASweepHeartbeatsAlsoWhileItWaitsForTheNextTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(2)
		_, err := w.sweep(5 * time.Minute).run(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(w.beats), 120)
	})
}

func TestHostsAddedDuringASweepAreVisitedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(60)
		s := w.sweep(5 * time.Minute)
		w.hosts = append(w.hosts, "h00060")
		report, err := s.run(t.Context())
		require.NoError(t, err)
		require.Equal(t, SweepReport{Hosts: 61, Results: 61}, report)
	})
}

func TestACancelledSweepEndsWithWhatEndedIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(120)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		_, err := w.sweep(5 * time.Minute).run(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}
