package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Two workers: each is held to a part of one processor, so that there is room for both of them, for Postgres and for the hosts
// on two, and none of them can sweep all of the hosts.
const (
	twoHosts    = 8000
	twoInterval = 30 * time.Second
	twoSweeps   = 2
	heldShare   = 0.3
	heldPeriod  = 50 * time.Millisecond
	// twoRate is how much more two workers must do than one, and twoCost how much more a check may cost.
	twoRate = 1.8
	twoCost = 1.15
)

// measureTwo measures how much of a fleet one worker sweeps, and how much two.
func measureTwo(ctx context.Context, b *bench) error {
	c := liveConfig{hosts: twoHosts, interval: twoInterval, environ: []string{"GOMAXPROCS=1"}}
	return b.withLive(ctx, c, func(ctx context.Context, l *live) (err error) {
		if err := l.firstSweep(ctx); err != nil {
			return err
		}
		workers := []int{l.PIDs()["worker"]}
		release := hold(workers[0])
		defer func() { err = errors.Join(err, release()) }()
		one, err := l.swept(ctx, workers)
		if err != nil {
			return err
		}
		added, err := l.AddWorker(ctx)
		if err != nil {
			return err
		}
		releaseAdded := hold(added)
		defer func() { err = errors.Join(err, releaseAdded()) }()
		workers = append(workers, added)
		two, err := l.swept(ctx, workers)
		if err != nil {
			return err
		}
		b.addTwo(one, two)
		return nil
	})
}

// share is what workers did.
type share struct {
	rate  float64   // healthy results per second, while sweeps went on
	wrong float64   // percent of results that are not healthy, though every host is
	cpu   []float64 // of each worker, in seconds for 1,000 healthy results of all
}

func (b *bench) addTwo(one, two share) {
	b.add(result{Name: fmt.Sprintf("checks of one worker that has %.0f %% of a processor", 100*heldShare), Value: one.rate, Unit: "per second"})
	b.add(result{Name: "… of two such workers", Value: two.rate, Unit: "per second"})
	b.add(result{Name: "… of two for each of one", Value: two.rate / one.rate, Unit: "ratio", Limit: twoRate, AtLeast: true})
	b.add(result{Name: "… healthy checks that were called otherwise, by one", Value: one.wrong, Unit: "%"})
	b.add(result{Name: "… the same, by two", Value: two.wrong, Unit: "%"})
	b.add(result{Name: "… processor for a check, of two workers for one", Value: (two.cpu[0] + two.cpu[1]) / one.cpu[0], Unit: "ratio", Limit: twoCost})
	b.add(result{Name: "… of that: the one that came later", Value: 100 * two.cpu[1] / (two.cpu[0] + two.cpu[1]), Unit: "%"})
}

// swept measures what workers do in some sweeps, after one that is not measured. A sweep that ends late has the next one
// left out, so the time between sweeps does not count.
func (l *live) swept(ctx context.Context, workers []int) (share, error) {
	var s share
	begin := time.Now().Truncate(l.interval).Add(2 * l.interval)
	if err := l.until(ctx, begin); err != nil {
		return s, err
	}
	before, err := cpuOf(workers)
	if err != nil {
		return s, err
	}
	sweeping, end, err := l.sweepsSince(ctx, begin)
	if err != nil {
		return s, err
	}
	after, err := cpuOf(workers)
	if err != nil {
		return s, err
	}
	var healthy, all float64
	err = l.db.conn.QueryRow(ctx, `
select count(*) filter (where healthy), count(*) from host_health_check_results where checked_at >= $1 and checked_at < $2`, begin, end).
		Scan(&healthy, &all)
	if err == nil && healthy == 0 {
		err = errors.New("no check was healthy")
	}
	s.rate, s.wrong = healthy/sweeping.Seconds(), 100*(all-healthy)/all
	for i := range workers {
		s.cpu = append(s.cpu, (after[i]-before[i])/healthy*1000)
	}
	return s, err
}

// sweepsSince waits for the end of some sweeps that began since then, and returns how long they took and when the last one ended.
func (l *live) sweepsSince(ctx context.Context, begin time.Time) (took time.Duration, end time.Time, err error) {
	err = l.await(ctx, 3*twoSweeps*l.interval, func(ctx context.Context) (bool, error) {
		ended, err := l.ended(ctx)
		sweeps := 0
		took, end = 0, begin
		for _, e := range ended {
			start, close := e.GetStartTime().AsTime(), e.GetCloseTime().AsTime()
			if start.Before(begin) {
				continue
			}
			took += close.Sub(start)
			if close.After(end) {
				end = close
			}
			sweeps++
		}
		return sweeps >= twoSweeps, err
	})
	return took, end, err
}

func cpuOf(pids []int) ([]float64, error) {
	used := make([]float64, len(pids))
	for i, pid := range pids {
		var err error
		if used[i], err = serverCPU(pid); err != nil {
			return nil, err
		}
	}
	return used, nil
}

// hold stops a process most of the time, until the function that it returns is called.
func hold(pid int) (release func() error) {
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		run := time.Duration(heldShare * float64(heldPeriod))
		for {
			err := syscall.Kill(pid, syscall.SIGCONT)
			if err != nil {
				ended <- fmt.Errorf("hold worker: %w", err)
				return
			}
			select {
			case <-done:
				ended <- nil
				return
			case <-time.After(run):
			}
			if err := syscall.Kill(pid, syscall.SIGSTOP); err == nil {
				time.Sleep(heldPeriod - run)
			}
		}
	}()
	return func() error { close(done); return <-ended }
}
