package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/workflows"
)

// The bounds where Config does not say.
const (
	// DefaultMaxActivities is high because following a patch holds its place for as long as the patch takes, and a place
	// that is waiting costs a goroutine only.
	DefaultMaxActivities    = 2000
	DefaultMaxWorkflowTasks = 100
	DefaultStopTimeout      = 20 * time.Second
	DefaultKeepInterval     = time.Minute
)

// pollers is how many requests for tasks each queue has open at Temporal.
const pollers = 8

// deadlockTimeout is how long a workflow task may compute; the default of a second is short for a busy small machine.
const deadlockTimeout = 5 * time.Second

// Config says what a worker serves.
type Config struct {
	// Temporal is a client that need not have a connection yet (client.NewLazyClient); it stays the caller's to close.
	Temporal   client.Client
	Namespace  string // empty means client.DefaultNamespace
	Zones      []string
	Activities Activities
	Presence   Presence

	PollInterval      time.Duration // of health checks
	InventoryInterval time.Duration
	Retention         activities.Retention

	MaxActivities    int           // at a time, for each task queue; 0 means DefaultMaxActivities
	MaxWorkflowTasks int           // at a time; 0 means DefaultMaxWorkflowTasks
	StopTimeout      time.Duration // for what runs when told to stop; 0 means DefaultStopTimeout
	KeepInterval     time.Duration // between two looks whether Temporal still has the schedules; 0 means DefaultKeepInterval
	Log              *slog.Logger  // nil means slog.Default()
}

// Worker serves the task queues of workflows and of the zones whose hosts it reaches.
type Worker struct {
	cfg   Config
	ready atomic.Bool
	pulse pulse
	// notOurs is told once, though it is looked at each minute, that the search attributes are Temporal's operator's.
	notOurs sync.Once
}

// New makes a worker; nothing happens before Run.
func New(cfg Config) *Worker {
	if cfg.Namespace == "" {
		cfg.Namespace = client.DefaultNamespace
	}
	if len(cfg.Zones) == 0 {
		cfg.Zones = []string{fleet.DefaultZone}
	}
	if cfg.MaxActivities <= 0 {
		cfg.MaxActivities = DefaultMaxActivities
	}
	if cfg.MaxWorkflowTasks <= 0 {
		cfg.MaxWorkflowTasks = DefaultMaxWorkflowTasks
	}
	if cfg.StopTimeout <= 0 {
		cfg.StopTimeout = DefaultStopTimeout
	}
	if cfg.KeepInterval <= 0 {
		cfg.KeepInterval = DefaultKeepInterval
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Worker{cfg: cfg}
}

// Ready reports whether the task queues are served.
func (w *Worker) Ready() bool { return w.ready.Load() }

// Run serves until ctx ends, then lets what is running stop in order and returns nil. While Temporal is away it waits for
// it. It fails when Temporal refuses what the worker needs for good: a search attribute of another type, or a namespace
// that is deleted meanwhile.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.persist(ctx, "prepare Temporal", w.ensureSearchAttributes); err != nil {
		return ended(ctx, err)
	}
	fatal := make(chan error, 1+len(w.cfg.Zones))
	var serving []sdk.Worker
	start := func(context.Context) (err error) {
		serving, err = w.start(fatal)
		return err
	}
	if err := w.persist(ctx, "start worker", start); err != nil {
		return ended(ctx, err)
	}
	defer stop(serving)
	if err := w.persist(ctx, "keep schedules", w.ensureSchedules); err != nil {
		return ended(ctx, err)
	}
	w.ready.Store(true)
	defer w.ready.Store(false)
	defer w.beat(ctx)()
	defer w.keep(ctx)()
	w.cfg.Log.Info("worker serves", "zones", w.cfg.Zones, "namespace", w.cfg.Namespace)
	select {
	case <-ctx.Done():
		w.cfg.Log.Info("worker stops")
		return nil
	case err := <-fatal:
		return fmt.Errorf("worker ended: %w", err)
	}
}

// The bounds of waiting between two tries of something that Temporal refused.
const (
	retryFirst = time.Second
	retryMost  = 15 * time.Second
)

// errForGood marks what trying again does not mend.
var errForGood = errors.New("can not be mended by waiting")

// persist tries do until it succeeds, fails for good or ctx ends.
func (w *Worker) persist(ctx context.Context, what string, do func(context.Context) error) error {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		err := do(ctx)
		if err == nil || errors.Is(err, errForGood) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.cfg.Log.Warn("worker waits for Temporal", "to", what, "error", err, "next_try_in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ended is nil where the caller ended it.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// start serves all queues, or none: a worker that failed to start can not be started again, so each try makes new ones.
func (w *Worker) start(fatal chan<- error) ([]sdk.Worker, error) {
	made := []sdk.Worker{w.newWorker(workflows.QueueMain, false, fatal)}
	for _, zone := range w.cfg.Zones {
		made = append(made, w.newWorker(workflows.AgentQueue(zone), true, fatal))
	}
	for i, serving := range made {
		if err := serving.Start(); err != nil {
			stop(made[:i])
			return nil, err
		}
	}
	return made, nil
}

func (w *Worker) newWorker(queue string, activitiesOnly bool, fatal chan<- error) sdk.Worker {
	made := sdk.New(w.cfg.Temporal, queue, w.options(activitiesOnly, fatal))
	if !activitiesOnly {
		registerWorkflows(made)
	}
	registerActivities(made, w.cfg.Activities)
	return made
}

// heartbeatThrottle is how long Temporal's client may hold heartbeats back, which left to itself does so for four fifths of their
// timeout. That is as long for shards of a sweep; a host that is being patched would be silent for 24 of its 30 s.
const heartbeatThrottle = 12 * time.Second

// options has no deployment version: a run that is pinned to one waits for ever once an upgrade has removed it.
func (w *Worker) options(activitiesOnly bool, fatal chan<- error) sdk.Options {
	return sdk.Options{
		DisableWorkflowWorker:                  activitiesOnly,
		MaxConcurrentActivityExecutionSize:     w.cfg.MaxActivities,
		MaxConcurrentWorkflowTaskExecutionSize: w.cfg.MaxWorkflowTasks,
		MaxConcurrentActivityTaskPollers:       pollers,
		MaxConcurrentWorkflowTaskPollers:       pollers,
		DeadlockDetectionTimeout:               deadlockTimeout,
		MaxHeartbeatThrottleInterval:           heartbeatThrottle,
		WorkerStopTimeout:                      w.cfg.StopTimeout,
		OnFatalError: func(err error) {
			select {
			case fatal <- err:
			default: // one is enough to end us
			}
		},
	}
}

// stop stops workers side by side, so that they share the time that running activities get.
func stop(serving []sdk.Worker) {
	var stopping sync.WaitGroup
	for _, s := range serving {
		stopping.Go(s.Stop)
	}
	stopping.Wait()
}
