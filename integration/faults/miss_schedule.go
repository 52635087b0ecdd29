package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// temporal returns a client of Temporal, which the caller closes.
func (s *scene) temporal() (client.Client, error) {
	c, err := client.Dial(client.Options{
		HostPort: s.TemporalAddress(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, fmt.Errorf("dial Temporal: %w", err)
	}
	return c, nil
}

// catchUp is how late a sweep may begin after an outage, as worker/schedules.go has it. What is later waits for the next time that
// it is due: Temporal's own default would make up for all of the last year at once.
const catchUp = 2 * time.Minute

const pollInventory = "poll-inventory" // the schedule

// missSchedule has Temporal away while two sweeps are due: that of inventories longer ago than is made up for once Temporal is
// back, that of checks not so long.
func missSchedule(ctx context.Context, s *scene) error {
	var idle, busy []*host
	for i, h := range s.hosts {
		if i%2 == 0 {
			idle = append(idle, h)
		} else {
			busy = append(busy, h)
		}
	}
	missed := time.Now().Add(7 * time.Second).Truncate(time.Second)
	made := missed.Add(catchUp - 10*time.Second)
	if err := s.putOff(ctx, map[string]time.Time{pollInventory: missed, pollHealth: made}); err != nil {
		return err
	}
	if _, err := s.submit(ctx, busy, map[string]any{"max_parallel": "2"}); err != nil {
		return err
	}
	if err := sleep(ctx, time.Until(missed)-2*time.Second); err != nil {
		return err
	}
	s.kills++
	if err := s.KillTemporal(); err != nil {
		return err
	}
	if time.Now().After(missed) {
		return errors.New("a sweep was due before Temporal was gone")
	}
	if err := sleep(ctx, time.Until(missed.Add(catchUp+2*time.Second))); err != nil {
		return err
	}
	back := time.Now()
	if err := s.RestartTemporal(ctx); err != nil {
		return err
	}
	if err := s.awaitSweep(ctx, idle, back); err != nil {
		return err
	}
	s.expectMadeUp(idle, askPatches, missed, back)
	s.expectMadeUp(idle, askService, made, back)
	return nil
}

// putOff has schedules be due once at an instant, and then not for an hour. When exactly a sweep is due is chance anyway; what
// is to be done about one that was missed stays as the worker wants it.
func (s *scene) putOff(ctx context.Context, due map[string]time.Time) error {
	temporal, err := s.temporal()
	if err != nil {
		return err
	}
	defer temporal.Close()
	for id, at := range due {
		if err := putOff(ctx, temporal, id, at); err != nil {
			return fmt.Errorf("put schedule %s off: %w", id, err)
		}
	}
	return nil
}

func putOff(ctx context.Context, temporal client.Client, id string, due time.Time) error {
	schedule := temporal.ScheduleClient().GetHandle(ctx, id)
	err := schedule.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(is client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		changed := is.Description.Schedule
		changed.Spec = &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{
			Every: time.Hour, Offset: due.Sub(due.Truncate(time.Hour)),
		}}}
		if sweep, ok := changed.Action.(*client.ScheduleWorkflowAction); ok {
			sweep.Args = []any{map[string]any{"interval": 20 * time.Second}} // so that it asks every host soon
		}
		return &client.ScheduleUpdate{Schedule: &changed}, nil
	}})
	for err == nil {
		is, described := schedule.Describe(ctx)
		if err = described; err != nil {
			return err
		}
		if len(is.Info.RunningWorkflows) == 0 && slices.ContainsFunc(is.Info.NextActionTimes, due.Equal) {
			return nil
		}
		for _, sweep := range is.Info.RunningWorkflows { // the next one would be skipped for it
			_ = temporal.TerminateWorkflow(ctx, sweep.WorkflowID, "", "by the harness") // it may have ended
		}
		err = sleep(ctx, lookInterval)
	}
	return err
}

// awaitSweep waits until a sweep of checks has come to some host, and as long as another one that began with it would need for
// that. It gives up after a while.
func (s *scene) awaitSweep(ctx context.Context, hosts []*host, since time.Time) error {
	for until := time.Now().Add(patience); time.Now().Before(until); {
		for _, h := range hosts {
			if first := asked(h, askService, since); !first.IsZero() {
				s.recovers("a sweep is made up for after Temporal answers", first.Sub(since), 30*time.Second)
				return sleep(ctx, 6*time.Second)
			}
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
	return nil
}

// expectMadeUp expects of hosts of no job that a sweep was made up for once, or not at all where it was due too long ago.
func (s *scene) expectMadeUp(hosts []*host, line string, due, back time.Time) {
	late := back.Sub(due)
	most := 0
	for _, h := range hosts {
		asked := 0
		for _, r := range h.Heard() {
			if r.At.After(back) && strings.HasPrefix(r.Line, line) {
				asked++
			}
		}
		most = max(most, asked)
	}
	want := 1
	if late > catchUp {
		want = 0
	}
	s.expect(most == want, "hosts got up to %d requests %s of a sweep that was due %s before Temporal was back, instead of %d",
		most, line, late.Round(time.Second), want)
}
