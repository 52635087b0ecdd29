package main

import (
	"context"
	"fmt"
	"time"

	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/patch-manager/patch-manager/health/healthtest"
	"github.com/patch-manager/patch-manager/workflows"
)

// The limits of sweeps, on two processors.
const (
	processors    = 2
	workerMemory  = 400 // MiB
	sweepInterval = 5 * time.Minute
	sweepsInARow  = 3
	// The small fleet has as many hosts in its shorter interval as one of 10,000 in five minutes.
	smallFleet      = 1000
	smallInterval   = 30 * time.Second
	smallFleetShare = 8 // percent of an interval, of worker, Postgres and Temporal together
	// The events of a sweep's history: an activity and the decision after it for each shard, and what any sweep has.
	eventsPerShard = 6
	eventsOfAny    = 12
)

// measureSweeps measures what a small fleet costs.
func measureSweeps(ctx context.Context, b *bench) error {
	return b.measureSweepsOf(ctx, liveConfig{hosts: smallFleet, interval: smallInterval})
}

// measureFleet measures whether a large one is swept in time.
func measureFleet(ctx context.Context, b *bench) error {
	return b.measureSweepsOf(ctx, liveConfig{hosts: b.fleet, interval: b.interval})
}

// measureSweepsOf measures whole sweeps of the running product: its schedule, its worker, its database, one after the other.
func (b *bench) measureSweepsOf(ctx context.Context, c liveConfig) error {
	return b.withLive(ctx, c, func(ctx context.Context, l *live) error {
		if err := l.firstSweep(ctx); err != nil {
			return err
		}
		used, begin, err := l.usedBy(ctx, sweepsInARow)
		if err != nil {
			return err
		}
		runs, err := l.runs(ctx, begin, begin.Add(sweepsInARow*l.interval))
		if err != nil {
			return err
		}
		b.addSweeps(l, runs)
		b.addUse(l, used)
		return l.complete(ctx, begin, runs)
	})
}

// sweepRun is a sweep as Temporal tells of it.
type sweepRun struct {
	began, took time.Duration // the first since the measurement began
	events      int64
	result      workflows.SweepResult
}

// firstSweep waits for the end of the sweep that a start triggers, whose time is none of the schedule's.
func (l *live) firstSweep(ctx context.Context) error {
	return l.await(ctx, 2*l.interval, func(ctx context.Context) (bool, error) {
		ended, err := l.ended(ctx)
		return len(ended) > 0, err
	})
}

// ended lists the sweeps that have ended.
func (l *live) ended(ctx context.Context) ([]*workflowpb.WorkflowExecutionInfo, error) {
	list, err := l.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowType = '%s' and CloseTime is not null", workflows.TypePollHealth), PageSize: 100,
	})
	return list.GetExecutions(), err
}

// await looks each second whether done is so.
func (l *live) await(ctx context.Context, atMost time.Duration, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for {
		ok, err := done(ctx)
		if ok || err != nil {
			return err
		}
		select {
		case err := <-l.Failed():
			return err
		case <-ctx.Done():
			return fmt.Errorf("%s were not enough: %w", atMost, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// use is what processes took of the processors, in seconds, by their name.
type use map[string]float64

func (l *live) used() (use, error) {
	pids := l.PIDs()
	pids["agents and pages"] = l.crowd
	u := use{}
	for name, pid := range pids {
		cpu, err := serverCPU(pid)
		if err != nil {
			return nil, err
		}
		u[name] = cpu
	}
	return u, nil
}

// usedBy returns what a number of sweeps took, each of a whole interval, and when the first of them began.
func (l *live) usedBy(ctx context.Context, sweeps int) (use, time.Time, error) {
	begin := time.Now().Truncate(l.interval).Add(l.interval)
	if err := l.until(ctx, begin); err != nil {
		return nil, begin, err
	}
	before, err := l.used()
	if err != nil {
		return nil, begin, err
	}
	if err := l.until(ctx, begin.Add(time.Duration(sweeps)*l.interval)); err != nil {
		return nil, begin, err
	}
	after, err := l.used()
	for name := range after {
		after[name] -= before[name]
	}
	return after, begin, err
}

func (l *live) until(ctx context.Context, at time.Time) error {
	return l.await(ctx, time.Until(at)+time.Minute, func(context.Context) (bool, error) { return !time.Now().Before(at), nil })
}

// runs returns the sweeps that began in a time, once all of them have ended.
func (l *live) runs(ctx context.Context, from, to time.Time) ([]sweepRun, error) {
	var runs []sweepRun
	want := int(to.Sub(from) / l.interval)
	err := l.await(ctx, 30*time.Second, func(ctx context.Context) (bool, error) {
		ended, err := l.ended(ctx)
		if err != nil {
			return false, err
		}
		runs = nil
		for _, e := range ended {
			start := e.GetStartTime().AsTime()
			if start.Before(from) || !start.Before(to) {
				continue
			}
			r := sweepRun{began: start.Sub(from), took: e.GetCloseTime().AsTime().Sub(start), events: e.GetHistoryLength()}
			run := l.temporal.GetWorkflow(ctx, e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
			if err := run.Get(ctx, &r.result); err != nil {
				return false, err
			}
			runs = append(runs, r)
		}
		return len(runs) == want, nil
	})
	if err != nil {
		err = fmt.Errorf("%d sweeps of %d ended: %w", len(runs), want, err)
	}
	return runs, err
}

func (b *bench) addSweeps(l *live, runs []sweepRun) {
	var longest time.Duration
	var missed int
	var events, most int64
	for _, r := range runs {
		longest = max(longest, r.took)
		missed += r.result.Missed
		events, most = max(events, r.events), int64(eventsOfAny+eventsPerShard*r.result.Shards)
	}
	b.add(result{Name: fmt.Sprintf("%d sweeps of %d hosts: the longest of %s", len(runs), l.hosts, l.interval), Value: longest.Seconds(), Unit: "s", Limit: l.interval.Seconds()})
	b.add(result{Name: "… checks that were missed", Value: float64(missed), Unit: "checks"})
	b.add(result{Name: fmt.Sprintf("… history of one, of %d shards", runs[0].result.Shards), Value: float64(events), Unit: "events", Limit: float64(most)})
}

// addUse adds what was used for each interval.
func (b *bench) addUse(l *live, u use) {
	share := func(seconds float64) float64 { return 100 * seconds / sweepsInARow / processors / l.interval.Seconds() }
	ours := result{Name: "… worker, Postgres and Temporal, of two processors", Value: share(u["worker"] + u["postgres"] + u["temporal"]), Unit: "%"}
	if l.hosts == smallFleet && l.interval == smallInterval {
		ours.Limit = smallFleetShare
	}
	b.add(ours)
	for _, name := range []string{"worker", "postgres", "temporal", "api", "agents and pages"} {
		b.add(result{Name: "… of that: " + name, Value: share(u[name]), Unit: "%"})
	}
	_, most := healthtest.MemoryOf(l.PIDs()["worker"])
	b.add(result{Name: "… the worker's memory at its most", Value: mebibytes(most), Unit: "MiB", Limit: workerMemory})
}

// complete fails unless every check has one result of each sweep, and no other.
func (l *live) complete(ctx context.Context, begin time.Time, runs []sweepRun) error {
	for _, r := range runs {
		if r.result.Results != l.hosts*liveChecks || r.result.Missed != 0 {
			return fmt.Errorf("a sweep stored %d results of %d, and missed %d", r.result.Results, l.hosts*liveChecks, r.result.Missed)
		}
	}
	other, err := value[int](ctx, l, `
select count(*) from host_health_checks c
where $1 <> (select count(*) from host_health_check_results r where r.check_id = c.id and r.checked_at >= $2 and r.checked_at < $3 and r.healthy)`,
		len(runs), begin, begin.Add(time.Duration(len(runs))*l.interval))
	if err == nil && other > 0 {
		err = fmt.Errorf("%d checks have more or fewer results than there were sweeps", other)
	}
	return err
}
