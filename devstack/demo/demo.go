package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/devstack"
)

const (
	lookInterval = 300 * time.Millisecond
	// After the end of the window every host has long ended; whatever has not never will.
	overtime = 45 * time.Second
)

// Config says where the demonstration runs.
type Config struct {
	Dir     string // scratch, emptied first, and removed unless something is wrong
	Program string // the patch-manager binary
	Environ []string
	Out     io.Writer
	Say     func(format string, args ...any)
}

// Run runs the demonstration and fails unless every host ended as it should.
func Run(ctx context.Context, c Config) error {
	stack, err := devstack.StartStack(ctx, devstack.StackConfig{
		Dir: c.Dir, Fresh: true, Program: c.Program, Environ: c.Environ, Settings: settings, Say: c.Say,
		Hosts: fleetSpec(), Register: devstack.Register,
	})
	if err != nil {
		return err
	}
	d := demonstration{Config: c, stack: stack}
	if err := errors.Join(d.run(ctx), stack.Stop()); err != nil {
		return fmt.Errorf("%w\n(state and logs are kept in %s)", err, c.Dir)
	}
	return devstack.RemoveState(c.Dir)
}

type demonstration struct {
	Config
	stack     *devstack.Stack
	job       job
	rows      []jobHost
	windowEnd time.Time
	recovered bool
}

func (d *demonstration) run(ctx context.Context) error {
	if err := d.prepare(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithDeadlineCause(ctx, d.windowEnd.Add(overtime),
		errors.New("the job has not ended though its window closed long ago"))
	defer cancel()
	if err := d.follow(ctx); err != nil {
		return err
	}
	return d.judge(ctx)
}

func (d *demonstration) prepare(ctx context.Context) error {
	var window devstack.Window
	window, d.windowEnd = openWindow(time.Now())
	if err := d.stack.API.Do(ctx, http.MethodPost, "/maintenance-windows", window, nil); err != nil {
		return err
	}
	var err error
	if d.job, err = createJob(ctx, d.stack.API); err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "\nJob %s over %d hosts. The window closes at %s; from %s on nothing is started.\n%s and %s are unhealthy.\n",
		d.job.ID, hosts, d.windowEnd.Format(time.TimeOnly), d.windowEnd.Add(-cutoff).Format(time.TimeOnly), short(recovering),
		short(hopeless))
	if d.job.Temporal.URL != "" {
		fmt.Fprintf(d.Out, "Its run: %s\n", d.job.Temporal.URL)
	}
	fmt.Fprintln(d.Out)
	return nil
}

// follow prints what happens until the job has ended, and mends the host that recovers.
func (d *demonstration) follow(ctx context.Context) error {
	t := newTimeline(d.Out, time.Now())
	for {
		now, rows, err := d.job.read(ctx, d.stack.API)
		if err != nil {
			return err
		}
		t.update(time.Now(), rows)
		t.silence(time.Now(), rows)
		if now.CompletedAt != nil {
			d.job, d.rows = now, rows
			t.say(time.Now(), "job: %s", now.Status)
			return nil
		}
		if err := d.recover(ctx, t, rows); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-d.stack.Failed():
			return err
		case <-time.After(lookInterval):
		}
	}
}

// recover mends the recovering host once the gate has kept it waiting for more than one look.
func (d *demonstration) recover(ctx context.Context, t *timeline, rows []jobHost) error {
	for _, h := range rows {
		if d.recovered || h.FQDN != recovering || h.Status != "waiting_health_check" {
			continue
		}
		whole, err := d.job.host(ctx, d.stack.API, h.HostID)
		if err != nil {
			return err
		}
		if len(whole.Evaluations) < triesBeforeRecovery {
			continue
		}
		d.stack.Fleet.Host(recovering).SetServiceHealthy("nginx.service", true)
		d.recovered = true
		t.say(time.Now(), "%s: somebody starts nginx", short(recovering))
	}
	return nil
}
