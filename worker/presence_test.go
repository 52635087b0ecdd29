package worker

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// noted is a presence that notes when it was told what, of a worker that began at from.
type noted struct {
	from time.Time
	said []time.Duration
	left []time.Duration

	mu    sync.Mutex
	fails error
	hangs bool        // Temporal does
	stuck atomic.Bool // the database's client does, and does not even heed its deadline

	alive func() error
}

// become has it fail from now on, unless err is nil, and Temporal hangs or not.
func (n *noted) become(err error, hangs bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fails, n.hangs = err, hangs
}

func (n *noted) is() (fails error, hangs bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fails, n.hangs
}

func (n *noted) polls(ctx context.Context) error {
	if _, hangs := n.is(); hangs { // what asks has to be given up
		<-ctx.Done()
	}
	return ctx.Err()
}

func (n *noted) ServeZones(ctx context.Context, workerID string, zones []string) error {
	if workerID != "w" || len(zones) != 2 || ctx.Err() != nil {
		return errors.New("not what was asked for")
	}
	fails, _ := n.is()
	if n.stuck.Load() {
		time.Sleep(time.Hour)
	}
	if fails == nil {
		n.said = append(n.said, time.Since(n.from))
	}
	return fails
}

func (n *noted) LeaveZones(ctx context.Context, _ string) error {
	n.left = append(n.left, time.Since(n.from))
	return ctx.Err()
}

// beating runs a heart in virtual time for as long as during lasts, and returns what was logged.
func beating(t *testing.T, during func(n *noted)) (*noted, string) {
	t.Helper()
	var log bytes.Buffer
	n := &noted{}
	synctest.Test(t, func(t *testing.T) {
		n.from = time.Now()
		h := &heart{
			workerID: "w", zones: []string{"a", "b"}, presence: n, log: slog.New(slog.NewTextHandler(&log, nil)), polls: n.polls,
			pulse: &pulse{},
		}
		n.alive = h.pulse.alive
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); h.run(ctx) }()
		during(n)
		cancel()
		<-ended
	})
	return n, log.String()
}

func TestAWorkerSaysAtOnceAndEveryTenSecondsThatItServesAndAtTheEndThatItLeaves(t *testing.T) {
	t.Parallel()
	n, log := beating(t, func(*noted) { time.Sleep(25 * time.Second) })
	require.Equal(t, []time.Duration{0, 10 * time.Second, 20 * time.Second}, n.said)
	require.Equal(t, []time.Duration{25 * time.Second}, n.left)
	require.Empty(t, log)
}

func TestThatServingCanNotBeSaidIsLoggedOnceAndTriedAgain(t *testing.T) {
	t.Parallel()
	n, log := beating(t, func(n *noted) {
		time.Sleep(time.Second)
		n.become(errors.New("database away"), false)
		time.Sleep(time.Minute)
		n.become(nil, false)
		time.Sleep(10 * time.Second)
	})
	require.Equal(t, []time.Duration{0, 70 * time.Second}, n.said)
	require.Equal(t, 1, strings.Count(log, "database away"), log)
	require.Equal(t, 1, strings.Count(log, "says again"), log)
}

func TestAWorkerThatNothingCanBeGivenToDoesNotSayThatItServes(t *testing.T) {
	t.Parallel()
	n, log := beating(t, func(n *noted) {
		time.Sleep(time.Second)
		n.become(nil, true)
		time.Sleep(40 * time.Second)
	})
	require.Equal(t, []time.Duration{0}, n.said)
	require.Equal(t, 1, strings.Count(log, "deadline exceeded"), log)
	require.Len(t, n.left, 1)
}

func TestAWorkerIsAliveWhileWhatItNeedsIsAwayOrHangs(t *testing.T) {
	t.Parallel()
	beating(t, func(n *noted) {
		require.NoError(t, n.alive(), "nothing is due yet")
		for _, away := range []bool{false, true} {
			n.become(errors.New("database away"), away)
			for range 10 {
				time.Sleep(10 * time.Second)
				require.NoError(t, n.alive())
			}
		}
	})
}

func TestAWorkerThatHangsIsNotAlive(t *testing.T) {
	t.Parallel()
	beating(t, func(n *noted) {
		time.Sleep(time.Second)
		n.stuck.Store(true)
		time.Sleep(aliveFor - time.Second) // since the only beat that ended
		require.NoError(t, n.alive())
		time.Sleep(beatEvery)
		require.ErrorContains(t, n.alive(), "hung for")
	})
}
