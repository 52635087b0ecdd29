package main

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/health/healthtest"
)

// A dead fleet: every check of its hosts is accepted and never answered, beside hosts that are well.
const (
	deadHosts   = 2000
	deadChecks  = deadHosts * liveChecks
	livingHosts = 500
	deadMemory  = 150 // MiB that the worker may grow by
	// deadDelay is how much later than before the checks of living hosts may come, in seconds: shards store every half
	// second.
	deadDelay = 2
)

// measureDead measures sweeps of living hosts alone, and then of both.
func measureDead(ctx context.Context, b *bench) error {
	return b.withLive(ctx, liveConfig{hosts: livingHosts, silent: deadHosts, interval: sweepInterval}, func(ctx context.Context, l *live) error {
		if err := l.firstSweep(ctx); err != nil {
			return err
		}
		alone, err := l.sweepOfLiving(ctx, false)
		if err != nil {
			return err
		}
		_, before := healthtest.MemoryOf(l.PIDs()["worker"])
		beside, err := l.sweepOfLiving(ctx, true)
		if err != nil {
			return err
		}
		_, with := healthtest.MemoryOf(l.PIDs()["worker"])
		b.add(result{Name: fmt.Sprintf("sweep with %d dead checks, of %s", deadChecks, l.interval), Value: beside.took.Seconds(), Unit: "s", Limit: l.interval.Seconds()})
		b.add(result{Name: "… dead checks without a result", Value: float64(beside.missed), Unit: "checks"})
		b.add(result{Name: "… the worker's memory beyond that for the living", Value: mebibytes(with - before), Unit: "MiB", Limit: deadMemory})
		b.add(result{Name: fmt.Sprintf("… the last of %d living hosts, after the same without dead ones", livingHosts), Value: (beside.last - alone.last).Seconds(), Unit: "s", Limit: deadDelay})
		b.add(result{Name: "… living checks, 99th percentile: alone", Value: alone.p99, Unit: "ms"})
		b.add(result{Name: "… living checks, 99th percentile: beside", Value: beside.p99, Unit: "ms"})
		return nil
	})
}

// living is what a sweep was like.
type living struct {
	took   time.Duration
	missed int           // checks of the whole fleet
	last   time.Duration // after its begin a living host had its result
	p99    float64       // of how long checks of living hosts took, in milliseconds
}

// sweepOfLiving has the dead hosts be swept too, or not, and looks at the next whole sweep.
func (l *live) sweepOfLiving(ctx context.Context, withDead bool) (living, error) {
	var s living
	if err := l.enableDead(ctx, withDead); err != nil {
		return s, err
	}
	_, begin, err := l.usedBy(ctx, 1)
	if err != nil {
		return s, err
	}
	runs, err := l.runs(ctx, begin, begin.Add(l.interval))
	if err != nil {
		return s, err
	}
	s.took, s.missed = runs[0].took, runs[0].result.Missed
	want := livingHosts * liveChecks
	if withDead {
		want += deadChecks
	}
	if got := runs[0].result.Results + s.missed; got != want {
		return s, fmt.Errorf("a sweep knew of %d checks of %d", got, want)
	}
	var checks int
	var last time.Time
	err = l.db.conn.QueryRow(ctx, `
select count(*) filter (where r.healthy), max(r.checked_at), percentile_cont(0.99) within group (order by r.latency_ms)
from host_health_check_results r join host_health_checks c on c.id = r.check_id join hosts h on h.id = c.host_id
where not `+dead+` and r.checked_at >= $1 and r.checked_at < $2`, begin, begin.Add(l.interval)).Scan(&checks, &last, &s.p99)
	if err == nil && checks != livingHosts*liveChecks {
		err = fmt.Errorf("%d checks of living hosts were healthy of %d", checks, livingHosts*liveChecks)
	}
	s.last = last.Sub(begin)
	return s, err
}

// dead tells hosts that never answer by where they are.
const dead = "(h.address like '127.0.2.%')"

func (l *live) enableDead(ctx context.Context, enabled bool) error {
	_, err := l.db.conn.Exec(ctx, "update host_health_checks c set enabled = $1 from hosts h where h.id = c.host_id and "+dead, enabled)
	return err
}
