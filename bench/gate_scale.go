package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/worker/workertest"
	"github.com/patch-manager/patch-manager/workflows"
)

const (
	// gateRetry is so long that whoever needs the timer of his wait is not released while this measures.
	gateRetry = time.Hour
	// sweepPerHost is the interval of the sweep that sees the recovery, for each host: for 5,000 the default of five minutes. The hosts
	// are spread over four fifths of it.
	sweepPerHost = 60 * time.Millisecond
	// shortestSweep is that of a few hosts.
	shortestSweep = 15 * time.Second
	// gatePatience is how long all of it may take.
	gatePatience = gateRetry / 2
	// longWindow outlasts the waits, the last start before its end included.
	longWindow = 2 * gateRetry
)

// measureGateScale has many hosts wait at the gate, mends all of them and lets one sweep see that: no second one, and no
// timer, makes up for a wake-up that was lost.
func measureGateScale(ctx context.Context, b *bench) error {
	hosts := unhealthy(simulated(b.waiting, "gate"))
	return b.with(ctx, hosts, gateSettings(), func(ctx context.Context, s *workertest.System, ids []string) error {
		serving, err := serveBare(s)
		if err != nil {
			return err
		}
		defer serving.Stop()
		job, err := b.holdAtGate(ctx, s, ids, largeParallel)
		if err != nil {
			return err
		}
		bares, err := b.bares(ctx, s)
		if err != nil {
			return err
		}
		mended := time.Now()
		ended, err := b.release(ctx, s, hosts, func(ctx context.Context) error {
			return s.Temporal.GetWorkflow(ctx, workflows.PatchJobID(job), "").Get(ctx, nil)
		})
		if err != nil {
			return err
		}
		after, err := b.bares(ctx, s)
		if err != nil {
			return err
		}
		b.addReleases(s.Fleet, releases{hosts: len(ids), mended: mended, swept: ended, bare: middle(append(bares, after...))})
		return errors.Join(patched(s, hosts), atMost(s, largeParallel))
	})
}

func gateSettings() map[string]string {
	return map[string]string{"gate.retry_interval": gateRetry.String()}
}

func unhealthy(hosts []agenttest.HostSpec) []agenttest.HostSpec {
	for i := range hosts {
		hosts[i].Services[0].Unhealthy = true
	}
	return hosts
}

// holdAtGate starts a job of hosts that are not healthy, and returns once all of them wait for that.
func (b *bench) holdAtGate(ctx context.Context, s *workertest.System, ids []string, parallel int) (string, error) {
	if _, err := s.OpenSite(ctx, longWindow); err != nil {
		return "", err
	}
	if err := wakeupsGone(ctx, s); err != nil {
		return "", err
	}
	start := time.Now()
	job, err := s.StartJob(ctx, workertest.JobSpec{HostIDs: ids, MaxParallel: parallel})
	if err != nil {
		return "", err
	}
	err = until(ctx, gatePatience, func() (bool, error) {
		// The word that the plan leaves before the gate was asked is another one.
		n, err := count(ctx, s, job, "status = 'waiting_health_check' and wait ? 'next_try_at'")
		return n == len(ids), err
	})
	if err == nil {
		b.say("%d hosts wait at the gate after %s", len(ids), time.Since(start).Round(time.Second))
	}
	return job, err
}

// wakeupsGone delivers the word of edits, which would wake the hosts of a job to come as well.
func wakeupsGone(ctx context.Context, s *workertest.System) error {
	if err := s.Client.Wake(ctx); err != nil {
		return err
	}
	return until(ctx, time.Minute, func() (gone bool, err error) {
		err = s.Pool.QueryRow(ctx, "select not exists (select from wakeups)").Scan(&gone)
		return gone, err
	})
}

// release mends hosts, lets one sweep see it while wait lasts, and returns when the sweep ended.
func (b *bench) release(
	ctx context.Context, s *workertest.System, hosts []agenttest.HostSpec, wait func(context.Context) error,
) (time.Time, error) {
	for _, h := range hosts {
		s.Fleet.Host(h.FQDN).SetServiceHealthy(h.Services[0].Name, true)
	}
	ctx, cancel := context.WithTimeout(ctx, gatePatience)
	defer cancel()
	var ended time.Time
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		var err error
		ended, err = sweepOnce(ctx, s)
		return err
	})
	both.Go(func() error { return wait(ctx) })
	err := both.Wait()
	return ended, err
}

// sweepOnce polls every host once, outside of the schedule, and returns when that ended. A check that it misses is one
// whose recovery it did not see.
func sweepOnce(ctx context.Context, s *workertest.System) (time.Time, error) {
	interval := max(shortestSweep, sweepPerHost*time.Duration(len(s.Fleet.Hosts())))
	run, err := s.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "sweep/" + uuid.NewString(), TaskQueue: workflows.QueueMain,
	}, workflows.PollHealth, workflows.SweepInput{Interval: interval})
	if err != nil {
		return time.Time{}, err
	}
	var swept workflows.SweepResult
	err = run.Get(ctx, &swept)
	if err == nil && swept.Missed > 0 {
		err = fmt.Errorf("the sweep missed %d checks", swept.Missed)
	}
	return time.Now(), err
}

// releases is what the hosts' own logs are compared with.
type releases struct {
	hosts         int
	mended, swept time.Time
	bare          float64 // runs per second
}

func (b *bench) addReleases(f *agenttest.Fleet, r releases) {
	at := starts(f)
	first, last := at[0], at[len(at)-1]
	rate := float64(len(at)-1) / last.Sub(first).Seconds()
	b.add(result{Name: fmt.Sprintf("%d hosts at the gate recover: released, from the first to the last", r.hosts), Value: rate, Unit: "per second"})
	b.add(result{Name: "… bare runs of one activity, before and after", Value: r.bare, Unit: "per second"})
	b.add(result{Name: "… releases per bare run", Value: rate / r.bare, Unit: "ratio", Limit: 0.5, AtLeast: true})
	b.add(result{Name: "… the first after they recovered", Value: first.Sub(r.mended).Seconds(), Unit: "s"})
	b.add(result{Name: "… the last after the end of the sweep, each would look again by itself after an hour", Value: max(0, last.Sub(r.swept).Seconds()), Unit: "s", Limit: gateRetry.Seconds()})
	b.add(result{Name: "… patched at a time, at most", Value: float64(f.MostAtOnce()), Unit: "hosts", Limit: largeParallel})
	b.add(result{Name: "… dispatched within one second, at most", Value: float64(mostWithin(at, time.Second)), Unit: "hosts", Limit: largeParallel})
}

// starts are the instants at which hosts were dispatched by their own logs, in order.
func starts(f *agenttest.Fleet) []time.Time {
	var at []time.Time
	for _, e := range f.Executions() {
		at = append(at, e.StartedAt)
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

// mostWithin returns how many of the instants lie within a time at most, wherever it begins.
func mostWithin(at []time.Time, d time.Duration) int {
	most, from := 0, 0
	for i := range at {
		for at[i].Sub(at[from]) >= d {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// atMost fails where more hosts were patched at a time than may be.
func atMost(s *workertest.System, parallel int) error {
	if most := s.Fleet.MostAtOnce(); most > parallel {
		return fmt.Errorf("%d hosts were patched at a time, at most %d may be", most, parallel)
	}
	return nil
}

// count returns how many hosts of a job are as said.
func count(ctx context.Context, s *workertest.System, job, are string) (n int, err error) {
	err = s.Pool.QueryRow(ctx, "select count(*) from job_hosts where job_id = $1 and "+are, job).Scan(&n)
	return n, err
}

// until looks again and again whether done is so.
func until(ctx context.Context, atMost time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s were not enough: %w", atMost, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
