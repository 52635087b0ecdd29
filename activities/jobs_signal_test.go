package activities_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// wakeupStore holds one stored wake-up that means runs, until it is deleted.
type wakeupStore struct {
	activities.JobStore
	runs    []fleet.RunRef
	deleted bool
}

func (s *wakeupStore) Wakeups(context.Context) ([]int64, []fleet.RunRef, error) {
	if s.deleted {
		return nil, nil, nil
	}
	return []int64{1}, s.runs, nil
}

func (s *wakeupStore) DeleteWakeups(context.Context, []int64) error {
	s.deleted = true
	return nil
}

// slowSignals takes 20 ms for each signal and fails for one host.
type slowSignals struct {
	activities.Signals
	failing string
	sent    atomic.Int64
}

func (s *slowSignals) WakeHost(ctx context.Context, _, hostID string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	time.Sleep(20 * time.Millisecond) // of a clock that is not real
	if hostID == s.failing {
		return errors.New("temporal is away")
	}
	s.sent.Add(1)
	return nil
}

func tenThousandRuns() []fleet.RunRef {
	runs := make([]fleet.RunRef, 10_000)
	for i := range runs {
		runs[i] = fleet.RunRef{JobID: "job", HostID: fmt.Sprintf("h%05d", i)}
	}
	return runs
}

func TestAnEditForTheSiteReachesTenThousandRunsWellWithinAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, signals, start := &wakeupStore{runs: tenThousandRuns()}, &slowSignals{}, time.Now()
		n, err := activities.NewJobs(store, signals).DeliverWakeups(t.Context())
		require.NoError(t, err)
		require.Equal(t, 10_000, n)
		require.EqualValues(t, 10_000, signals.sent.Load())
		require.True(t, store.deleted)
		require.Less(t, time.Since(start), 20*time.Second)
	})
}

func TestAWakeUpThatCouldNotBeDeliveredStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, signals := &wakeupStore{runs: tenThousandRuns()}, &slowSignals{failing: "h00100"}
		_, err := activities.NewJobs(store, signals).DeliverWakeups(t.Context())
		require.EqualError(t, err, "temporal is away")
		require.False(t, store.deleted)
		require.Less(t, signals.sent.Load(), int64(200), "it gives up at once")
	})
}
