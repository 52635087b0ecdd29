package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"
)

// scenario is one branch of one kind of run.
type scenario struct {
	kind   string // the workflow type
	name   string // unique within its kind
	branch string // what it is for, in words
	input  any
	id     string // of the run; empty: kind and name
	// script is what activities answer, by their names.
	script map[string][]reply
	// others are the scripts of further runs, by their ids.
	others map[string]map[string][]reply
	// during acts on the run while it is under way.
	during func(context.Context, *live) error
	// minutes is how long the run waits; those that wait longest are begun first.
	minutes int
	// events are what the branch must have left in the history.
	events []enums.EventType
}

// reply is what one try of an activity comes to. The last one of a list holds for all further tries.
type reply struct {
	value func() any
	err   error
	after time.Duration // it works for so long
	hang  bool          // it never answers
}

func (s *scenario) workflowID() string {
	if s.id != "" {
		return s.id
	}
	return s.kind + "/" + s.name
}

func value(v any) reply { return reply{value: func() any { return v }} }

func fails(why string) reply { return reply{err: temporal.NewApplicationError(why, "unavailable")} }

func failsForGood(why string) reply {
	return reply{err: temporal.NewNonRetryableApplicationError(why, "invalid", nil)}
}

// slow is long enough to be seen at work.
const slow = 3 * time.Second

func (r reply) slowly() reply {
	r.after = slow
	return r
}

func hangs() reply { return reply{hang: true} }

// once is what a step answers after a number of tries failed.
func once(tries int, last reply) []reply {
	var all []reply
	for i := range tries {
		all = append(all, fails(fmt.Sprintf("the database does not answer, try %d", i+1)))
	}
	return append(all, last)
}

const (
	timerFired    = enums.EVENT_TYPE_TIMER_FIRED
	signalled     = enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
	cancelAsked   = enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
	renewed       = enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
	stepFailed    = enums.EVENT_TYPE_ACTIVITY_TASK_FAILED
	stepLate      = enums.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
	runFailed     = enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED
	runCancelled  = enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED
	runCompleted  = enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
	runTerminated = enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED
	updated       = enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
	childFailed   = enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED
	childEnded    = enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED
	childKilled   = enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED
	childRefused  = enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED
)

func all() []scenario {
	var s []scenario
	for _, of := range []func() []scenario{
		patchHosts, patchJobs, patchBatches, pollHealth, pollInventory, prunes, checkpoints, checkTests, wakeRuns, reconciles,
	} {
		s = append(s, of()...)
	}
	return s
}

// leaves adds what the branch must have left in the history.
func (s scenario) leaves(events ...enums.EventType) scenario {
	s.events = append(s.events, events...)
	return s
}

// deepFailure fails for good with details and a cause.
func deepFailure() reply {
	cause := temporal.NewApplicationError("connection refused", "dial")
	return reply{err: temporal.NewNonRetryableApplicationError("the database refuses", "invalid", cause, map[string]int{"code": 42})}
}

// ignoreEnd forgives that a run has ended before it could be spoken to.
func ignoreEnd(err error) error {
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	return err
}

// lasting says how long the run waits.
func (s scenario) lasting(minutes int) scenario {
	s.minutes = minutes
	return s
}
