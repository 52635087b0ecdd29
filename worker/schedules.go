package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/patch-manager/patch-manager/workflows"
)

// The ids of the schedules, which are also the ids of their runs.
const (
	ScheduleHealth    = "poll-health"
	ScheduleInventory = "poll-inventory"
	SchedulePrune     = "prune"
	ScheduleReconcile = "reconcile-jobs"
	ScheduleAudit     = "audit-checkpoint"
)

// The intervals of the schedules that are no settings.
const (
	pruneInterval     = time.Hour
	reconcileInterval = time.Minute
	auditInterval     = 10 * time.Minute
)

// catchUp is how late a run may start after an outage. Temporal's default is a year.
const catchUp = 2 * time.Minute

// runMargin is how much longer than its interval a run may last before Temporal ends it: while a run is stuck, the
// schedule skips.
const runMargin = time.Minute

// schedule starts a workflow at every interval, never two at a time.
type schedule struct {
	id       string
	every    time.Duration
	workflow any
	args     []any
	summary  string
}

func (w *Worker) schedules() []schedule {
	return []schedule{
		{
			id: ScheduleHealth, every: w.cfg.PollInterval, workflow: workflows.PollHealth, summary: "every enabled check of every host",
			args: []any{workflows.SweepInput{Interval: w.cfg.PollInterval}},
		},
		{
			id: ScheduleInventory, every: w.cfg.InventoryInterval, workflow: workflows.PollInventory, summary: "what every host is and what is pending",
			args: []any{workflows.SweepInput{Interval: w.cfg.InventoryInterval}},
		},
		{
			id: SchedulePrune, every: pruneInterval, workflow: workflows.Prune, summary: "partitions ahead, and what is past retention",
			args: []any{w.cfg.Retention},
		},
		{
			id: ScheduleReconcile, every: reconcileInterval, workflow: workflows.ReconcileJobs, summary: "unfinished jobs without a run",
		},
		{
			id: ScheduleAudit, every: auditInterval, workflow: workflows.AuditCheckpoint, summary: "how far the audit entries reach",
		},
	}
}

// keep looks again and again whether Temporal still has what the worker needs, and makes what it lacks: a Temporal that was
// emptied, or a schedule that somebody deleted. It does so until the returned function is called.
func (w *Worker) keep(ctx context.Context) (cease func()) {
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() {
		ticks := time.NewTicker(w.cfg.KeepInterval)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
			if err := w.keepOnce(ctx); err != nil && ctx.Err() == nil {
				w.cfg.Log.Warn("worker can not see whether Temporal has its schedules", "error", err, "next_try_in", w.cfg.KeepInterval)
			}
		}
	})
	return func() {
		cancel()
		keeping.Wait()
	}
}

// keepTimeout bounds one look whether Temporal has the schedules.
const keepTimeout = 10 * time.Second

func (w *Worker) keepOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	if err := w.ensureSearchAttributes(ctx); err != nil {
		return err
	}
	for _, s := range w.schedules() {
		made, err := w.createSchedule(ctx, s)
		if err != nil {
			return fmt.Errorf("keep schedule %s: %w", s.id, err)
		}
		if made {
			w.cfg.Log.Warn("Temporal lacked a schedule, which is made anew", "schedule", s.id)
		}
	}
	return nil
}

// ensureSchedules makes the schedules as the settings want them, whether they exist or not, and has those run at once
// that did not run for longer than their interval. One that somebody paused stays paused.
func (w *Worker) ensureSchedules(ctx context.Context) error {
	for _, s := range w.schedules() {
		if err := w.ensureSchedule(ctx, s); err != nil {
			return fmt.Errorf("keep schedule %s: %w", s.id, err)
		}
	}
	return nil
}

func (w *Worker) ensureSchedule(ctx context.Context, s schedule) error {
	if made, err := w.createSchedule(ctx, s); made || err != nil {
		return err
	}
	handle := w.cfg.Temporal.ScheduleClient().GetHandle(ctx, s.id)
	err := handle.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(is client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		spec := s.spec()
		is.Description.Schedule.Spec, is.Description.Schedule.Action = &spec, s.action()
		is.Description.Schedule.Policy = &client.SchedulePolicies{Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUp}
		return &client.ScheduleUpdate{Schedule: &is.Description.Schedule}, nil
	}})
	if err != nil {
		return err
	}
	return s.triggerOverdue(ctx, handle)
}

// createSchedule makes a schedule where there is none, and has it run at once.
func (w *Worker) createSchedule(ctx context.Context, s schedule) (made bool, err error) {
	_, err = w.cfg.Temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: s.id, Spec: s.spec(), Action: s.action(), Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUp,
		TriggerImmediately: true,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return false, nil
	}
	return err == nil, err
}

// triggerOverdue makes up for the time that nothing ran: results are unknown by now, and the next run is up to an
// interval away.
func (s schedule) triggerOverdue(ctx context.Context, handle client.ScheduleHandle) error {
	is, err := handle.Describe(ctx)
	if err != nil {
		return err
	}
	recent := is.Info.RecentActions
	if is.Schedule.State.Paused || (len(recent) > 0 && time.Since(recent[len(recent)-1].ActualTime) < s.every) {
		return nil
	}
	return handle.Trigger(ctx, client.ScheduleTriggerOptions{Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP})
}

func (s schedule) spec() client.ScheduleSpec {
	return client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: s.every}}}
}

func (s schedule) action() *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{
		ID: s.id, Workflow: s.workflow, Args: s.args, TaskQueue: workflows.QueueMain,
		WorkflowRunTimeout: s.every + runMargin, StaticSummary: s.summary,
	}
}
