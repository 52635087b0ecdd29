package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// stage has all scenarios under way and answers their activities.
type stage struct {
	client client.Client
	mu     sync.Mutex
	runs   map[string]*live // by workflow id
}

// live is a scenario under way.
type live struct {
	*scenario
	*stage
	tries map[string]int
}

// enter makes the scenario known to the activities of its run, and of the runs with other ids.
func (st *stage) enter(s *scenario) *live {
	st.mu.Lock()
	defer st.mu.Unlock()
	l := &live{scenario: s, stage: st, tries: map[string]int{}}
	st.runs[s.workflowID()] = l
	for id, script := range s.others {
		st.runs[id] = &live{scenario: &scenario{kind: s.kind, name: s.name, id: id, script: script}, stage: st, tries: map[string]int{}}
	}
	return l
}

// lives returns what is known of the run with the id.
func (st *stage) lives(id string) *live {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.runs[id]
}

// next returns what the next try of an activity comes to.
func (st *stage) next(workflowID, name string) (reply, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	l := st.runs[workflowID]
	if l == nil { // a child that no scenario is about
		return child(name), nil
	}
	replies := l.script[name]
	if len(replies) == 0 {
		return reply{}, fmt.Errorf("%s/%s has no answer for %s", l.kind, l.name, name)
	}
	i := min(l.tries[name], len(replies)-1)
	l.tries[name]++
	return replies[i], nil
}

// child is what the activities of a child answer: it ends at once.
func child(name string) reply {
	switch name {
	case "ListBatch":
		return value([]any{})
	case "PlanHost":
		return value(ended("succeeded", "patched"))
	}
	return value(nil)
}

// answer is every activity.
func (st *stage) answer(ctx context.Context, _ converter.EncodedValues) (any, error) {
	info := activity.GetInfo(ctx)
	r, err := st.next(info.WorkflowExecution.ID, info.ActivityType.Name)
	if err != nil {
		return nil, err
	}
	if r.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if !pause(ctx, r.after) {
		return nil, ctx.Err()
	}
	if r.err != nil || r.value == nil {
		return nil, r.err
	}
	return r.value(), nil
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// run carries a scenario out and returns its history.
func (l *live) run(ctx context.Context) (*history.History, error) {
	run, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: l.workflowID(), TaskQueue: "patch-manager",
	}, l.kind, arguments(l.input)...)
	if err != nil {
		return nil, err
	}
	if l.during != nil {
		if err := l.during(ctx, l); err != nil {
			return nil, err
		}
	}
	h, err := l.history(ctx, run.GetRunID())
	if err != nil {
		return nil, err
	}
	for _, want := range l.events {
		if !slices.Contains(kinds(h), want) {
			return nil, fmt.Errorf("no %s, so it did not take the branch that it is named after: %v", want, kinds(h))
		}
	}
	return h, nil
}

func arguments(input any) []any {
	if input == nil {
		return nil
	}
	return []any{input}
}

func kinds(h *history.History) []enums.EventType {
	var all []enums.EventType
	for _, e := range h.GetEvents() {
		all = append(all, e.GetEventType())
	}
	return all
}

// history waits for the end of a run and reads it whole.
func (l *live) history(ctx context.Context, runID string) (*history.History, error) {
	end := l.client.GetWorkflowHistory(ctx, l.workflowID(), runID, true, enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
	if _, err := end.Next(); err != nil {
		return nil, err
	}
	h := &history.History{}
	events := l.client.GetWorkflowHistory(ctx, l.workflowID(), runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return nil, err
		}
		h.Events = append(h.Events, e)
	}
	return h, nil
}

// sees waits until the run has left an event a number of times.
func (l *live) sees(ctx context.Context, kind enums.EventType, times int) error {
	for {
		n := 0
		events := l.client.GetWorkflowHistory(ctx, l.workflowID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			e, err := events.Next()
			if err != nil {
				return err
			}
			if e.GetEventType() == kind {
				n++
			}
		}
		if n >= times {
			return nil
		}
		if !pause(ctx, 300*time.Millisecond) {
			return fmt.Errorf("%s of %s: %w", kind, l.workflowID(), ctx.Err())
		}
	}
}

// tried waits until an activity was tried a number of times.
func (l *live) tried(ctx context.Context, name string, times int) error {
	for {
		l.mu.Lock()
		n := l.tries[name]
		l.mu.Unlock()
		if n >= times {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return fmt.Errorf("%s of %s: %w", name, l.workflowID(), ctx.Err())
		}
	}
}

func (l *live) cancel(ctx context.Context) error {
	return l.client.CancelWorkflow(ctx, l.workflowID(), "")
}

func (l *live) signal(ctx context.Context, name string) error {
	return l.client.SignalWorkflow(ctx, l.workflowID(), "", name, nil)
}

// cancelAt cancels the run while an activity is at work.
func cancelAt(name string) func(context.Context, *live) error {
	return func(ctx context.Context, l *live) error {
		if err := l.tried(ctx, name, 1); err != nil {
			return err
		}
		return l.cancel(ctx)
	}
}

// terminateAt ends the run from outside while an activity is at work.
func terminateAt(name string) func(context.Context, *live) error {
	return func(ctx context.Context, l *live) error {
		if err := l.tried(ctx, name, 1); err != nil {
			return err
		}
		return l.client.TerminateWorkflow(ctx, l.workflowID(), "", "by an operator")
	}
}
