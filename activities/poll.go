package activities

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"go.temporal.io/sdk/activity"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/gather"
)

// The bounds of a sweep. A shard is small enough that a hanging fleet (50 s for a host with five checks) still gets
// through it at DefaultConcurrency, which grows with the shard, and 10,000 hosts are 20 activities in history.
const (
	pollShardSize      = 500
	maxResultsPerBatch = 1000
	maxResultsPerRound = 5000 // of all shards of this process together
	DefaultConcurrency = 128
	// wakeConcurrency is how many runs are signalled at once when many hosts recover together.
	wakeConcurrency = 16
)

// PollStore keeps what the poller reads and writes.
type PollStore interface {
	PollShards(ctx context.Context, size, most int) ([]fleet.Shard, error)
	ShardChecks(ctx context.Context, shard fleet.Shard, after string, limit int) ([]fleet.HostChecks, error)
	CountChecks(ctx context.Context, shard fleet.Shard, after string) (int, error)
	StoreResults(ctx context.Context, results []fleet.Result) error
	// ReleasableRuns are the runs that wait at the gate of one of the hosts with every enabled check healthy by now.
	ReleasableRuns(ctx context.Context, hostIDs []string) ([]fleet.RunRef, error)
	CheckWithHost(ctx context.Context, hostID, checkID string) (fleet.HostChecks, error)
	StoreTestResult(ctx context.Context, actor fleet.Actor, result fleet.Result) error
}

// Waker makes the run of one host of one job decide anew. A run that is not there is no error.
type Waker interface {
	WakeHost(ctx context.Context, jobID, hostID string) error
}

// Poller runs the health checks of the fleet.
type Poller struct {
	store       PollStore
	runner      *CheckRunner
	waker       Waker
	concurrency int
	beginnings  *beginnings
	log         *slog.Logger

	// What shards store in one instant is one transaction, and what they ask after it one query.
	storing   *gather.Rounds[fleet.Result, struct{}]
	releasing *gather.Rounds[string, []fleet.RunRef]
}

// NewPoller makes a poller that asks at most concurrency hosts at once of each 500 of a shard; 0 means DefaultConcurrency.
func NewPoller(store PollStore, runner *CheckRunner, waker Waker, concurrency int, log *slog.Logger) *Poller {
	if concurrency <= 0 {
		concurrency = DefaultConcurrency
	}
	p := &Poller{store: store, runner: runner, waker: waker, concurrency: concurrency, beginnings: newBeginnings(), log: log}
	p.storing = gather.NewRounds(maxResultsPerRound, storeTimeout, func(ctx context.Context, results []fleet.Result) (struct{}, error) {
		return struct{}{}, store.StoreResults(ctx, results)
	})
	p.releasing = gather.NewRounds(maxResultsPerRound, storeTimeout, store.ReleasableRuns)
	return p
}

// ListPollShards divides the hosts that have enabled checks.
func (p *Poller) ListPollShards(ctx context.Context) ([]fleet.Shard, error) {
	shards, err := p.store.PollShards(ctx, pollShardSize, maxShards)
	return shards, retryable(err)
}

// PollShard runs the enabled checks of one shard, spread over the interval, stores their results and wakes the runs that
// these release. It reports the checks it did not reach in time.
func (p *Poller) PollShard(ctx context.Context, in ShardInput) (SweepReport, error) {
	s := sweep[fleet.Result]{
		in: in, resume: resumed(ctx), concurrency: grown(p.concurrency, in.Shard.Hosts, pollShardSize), beginnings: p.beginnings, maxBatch: maxResultsPerBatch,
		stopping: activity.GetWorkerStopChannel(ctx), beat: heartbeat(ctx),
		page: func(ctx context.Context, after string, limit int) ([]fleet.HostChecks, error) {
			return p.store.ShardChecks(ctx, in.Shard, after, limit)
		},
		visit: func(ctx context.Context, host fleet.HostChecks) ([]fleet.Result, error) {
			return p.runner.Probe(ctx, host.Endpoint, host.Checks)
		},
		store: p.storeBatch,
		count: func(ctx context.Context, after string) (int, error) { return p.store.CountChecks(ctx, in.Shard, after) },
	}
	report, err := s.run(ctx)
	if report.Missed > 0 {
		p.log.Warn("poll did not reach all checks in time", "zone", in.Shard.Zone, "missed", report.Missed, "interval", in.Interval)
	}
	return report, retryable(err)
}

// storeBatch stores results and wakes whom they release. It is judged after every batch by how things are, so that no
// recovery is lost between two batches or two attempts.
func (p *Poller) storeBatch(ctx context.Context, results []fleet.Result) error {
	if _, err := p.storing.Do(ctx, results...); err != nil {
		// Whatever another shard had in the round must not fail this one.
		if err := p.store.StoreResults(ctx, results); err != nil {
			return err
		}
	}
	hosts := recovered(results)
	if len(hosts) == 0 {
		return nil
	}
	runs, err := p.releasing.Do(ctx, hosts...)
	if err != nil {
		return err
	}
	p.wake(ctx, slices.DeleteFunc(slices.Clone(runs), func(r fleet.RunRef) bool { return !slices.Contains(hosts, r.HostID) }))
	return nil
}

// wake signals runs. One that can not be signalled must not keep the others, or the poll: its own timer is the fallback.
func (p *Poller) wake(ctx context.Context, runs []fleet.RunRef) {
	signalAll(ctx, p.waker, runs, func(r fleet.RunRef, err error) {
		p.log.Warn("run could not be woken; it looks again by itself", "job", r.JobID, "host", r.HostID, "error", err)
	})
}

// signalAll signals runs, some at a time: an edit for the whole site may mean ten thousand. Failed may be called by several
// at once.
func signalAll(ctx context.Context, waker Waker, runs []fleet.RunRef, failed func(fleet.RunRef, error)) {
	var waking sync.WaitGroup
	slots := make(chan struct{}, wakeConcurrency)
	for _, r := range runs {
		slots <- struct{}{}
		waking.Go(func() {
			defer func() { <-slots }()
			if err := waker.WakeHost(ctx, r.JobID, r.HostID); err != nil {
				failed(r, err)
			}
		})
	}
	waking.Wait()
}

// recovered returns the hosts of which no result is anything but healthy; no other can have been released.
func recovered(results []fleet.Result) []string {
	healthy := map[string]bool{}
	hosts := []string{}
	for _, r := range results {
		before, known := healthy[r.HostID]
		healthy[r.HostID] = r.Healthy() && (before || !known)
		if !known {
			hosts = append(hosts, r.HostID)
		}
	}
	n := 0
	for _, h := range hosts {
		if healthy[h] {
			hosts[n] = h
			n++
		}
	}
	return hosts[:n]
}

// resumed is where the former attempt of this activity was.
func resumed(ctx context.Context) SweepProgress {
	var p SweepProgress
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &p) != nil {
		return SweepProgress{} // from a version that kept something else: doing it again is safe
	}
	return p
}

func heartbeat(ctx context.Context) func(SweepProgress) {
	return func(p SweepProgress) { activity.RecordHeartbeat(ctx, p) }
}
