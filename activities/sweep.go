package activities

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// sweepPage is how many hosts are read at once. What was read is up to a page's share of the interval old when it is
// used, so it is small.
const sweepPage = 50

// maxShards is how many shards a sweep has at most, besides the last one of each zone: Temporal lets a run have 2,000 activities
// under way. The shards of more hosts are larger.
const maxShards = 1000

// mostGrown bounds what a larger shard takes of a worker.
const mostGrown = 16

// grown is how many hosts are visited at a time of a shard that may have more than size hosts.
func grown(concurrency, hosts, size int) int {
	return concurrency * min(max(1, (hosts+size-1)/size), mostGrown)
}

// errStopping ends the attempt of a worker that is told to stop; the next one goes on from the heartbeat.
var errStopping = errors.New("the worker stops; another one goes on from here")

// ShardInput is one shard's part of a sweep that began at Start and must be over before Start plus Interval.
type ShardInput struct {
	Shard    fleet.Shard
	Start    time.Time
	Interval time.Duration
}

// SweepProgress is the heartbeat of a shard: every host up to After is done and stored.
type SweepProgress struct {
	After   string `json:"after"`
	Hosts   int    `json:"hosts"`
	Results int    `json:"results"`
}

// SweepReport says what a sweep stored and what it did not reach in time: checks in a poll, hosts in an inventory.
type SweepReport struct {
	Hosts   int `json:"hosts"`
	Results int `json:"results"`
	Missed  int `json:"missed"`
}

// sweep visits the hosts of a shard, each at its turn and a bounded number at once, and stores what the visits found in
// batches. It knows nothing of Temporal.
type sweep[R any] struct {
	in          ShardInput
	resume      SweepProgress
	concurrency int         // hosts at once
	beginnings  *beginnings // those of all shards
	maxBatch    int         // results stored at once
	stopping    <-chan struct{}

	page  func(ctx context.Context, after string, limit int) ([]fleet.HostChecks, error)
	visit func(ctx context.Context, host fleet.HostChecks) ([]R, error) // fails only when ctx ends
	store func(ctx context.Context, results []R) error
	count func(ctx context.Context, after string) (int, error) // what is left after a host
	beat  func(SweepProgress)
}

// visited is what the visit of the nth host found.
type visited[R any] struct {
	n       int
	hostID  string
	results []R
}

func (s *sweep[R]) run(ctx context.Context) (SweepReport, error) {
	walking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-s.stopping:
			stop(errStopping)
		case <-walking.Done():
		}
	}()
	visits := make(chan visited[R], s.concurrency)
	c := &collector[R]{sweep: s, progress: s.resume, stop: stop, done: map[int]visited[R]{}}
	var collecting sync.WaitGroup
	collecting.Go(func() { c.run(ctx, visits) })
	started, through, err := s.walk(walking, visits)
	close(visits)
	collecting.Wait()

	if cause := context.Cause(walking); cause != nil {
		return SweepReport{}, cause
	}
	if err != nil {
		return SweepReport{}, err
	}
	return s.report(ctx, c, through && c.next == started)
}

// walk starts the visits, waits for them all, and returns how many it started and whether it came to the last host.
func (s *sweep[R]) walk(ctx context.Context, visits chan<- visited[R]) (started int, through bool, err error) {
	p := fleet.NewPace(s.in.Start, s.in.Interval, s.in.Shard.Hosts, s.resume.Hosts, time.Now())
	ctx, cancel := context.WithDeadline(ctx, p.End)
	defer cancel()
	var visitors sync.WaitGroup
	defer visitors.Wait()
	slots := make(chan struct{}, s.concurrency)
	for after := s.resume.After; ; {
		hosts, err := s.page(ctx, after, sweepPage)
		if ctx.Err() != nil {
			return started, false, nil
		}
		if err != nil || len(hosts) == 0 {
			return started, err == nil, err
		}
		for _, host := range hosts {
			if !waitUntil(ctx, p.Turn(s.resume.Hosts+started)) || !take(ctx, slots) {
				return started, false, nil
			}
			begun, ok := s.beginnings.begin(ctx)
			if !ok {
				return started, false, nil
			}
			n := started
			visitors.Go(func() {
				defer func() { begun(); <-slots }()
				if results, err := s.visit(ctx, host); err == nil {
					visits <- visited[R]{n: n, hostID: host.Endpoint.HostID, results: results}
				}
			})
			started++
		}
		after = hosts[len(hosts)-1].Endpoint.HostID
	}
}

// report counts what was stored and, unless all was, what was missed.
func (s *sweep[R]) report(ctx context.Context, c *collector[R], complete bool) (SweepReport, error) {
	r := SweepReport{Hosts: c.progress.Hosts + len(c.done), Results: c.progress.Results}
	beyond := 0
	for _, v := range c.done {
		beyond += len(v.results)
	}
	r.Results += beyond
	if complete {
		return r, nil
	}
	left, err := s.count(ctx, c.progress.After)
	r.Missed = max(left-beyond, 0)
	return r, err
}

// waitUntil waits for an instant and reports whether it came before the end of ctx.
func waitUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func take(ctx context.Context, slots chan<- struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
