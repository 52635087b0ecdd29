package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// TestCheckInput names the check that Actor wants run now.
type TestCheckInput struct {
	HostID  string
	CheckID string
	Actor   fleet.Actor
}

// TestCheckResult is what the run of a check found; the detail is bounded and never holds the body.
type TestCheckResult struct {
	Outcome   fleet.Outcome
	Detail    string
	Latency   time.Duration
	CheckedAt time.Time
}

// TestCheck runs one check now, also a disabled one, stores its result together with the audit entry, and wakes the runs
// that this releases.
func (p *Poller) TestCheck(ctx context.Context, in TestCheckInput) (TestCheckResult, error) {
	host, err := p.store.CheckWithHost(ctx, in.HostID, in.CheckID)
	if err != nil {
		return TestCheckResult{}, retryable(err)
	}
	results, err := p.runner.Probe(ctx, host.Endpoint, host.Checks)
	if err != nil {
		return TestCheckResult{}, err
	}
	r := results[0]
	if err := p.store.StoreTestResult(ctx, in.Actor, r); err != nil {
		return TestCheckResult{}, retryable(fmt.Errorf("store result of check %s: %w", in.CheckID, err))
	}
	p.wakeReleased(ctx, results)
	return TestCheckResult{Outcome: r.Outcome, Detail: r.Detail, Latency: r.Latency, CheckedAt: r.CheckedAt}, nil
}

// wakeReleased is for a result that is stored already: failing now would ask for it to be stored again.
func (p *Poller) wakeReleased(ctx context.Context, results []fleet.Result) {
	hosts := recovered(results)
	if len(hosts) == 0 {
		return
	}
	runs, err := p.store.ReleasableRuns(ctx, hosts)
	if err != nil {
		p.log.Warn("runs that a tested check releases could not be read; they look again by themselves", "error", err)
		return
	}
	p.wake(ctx, runs)
}
