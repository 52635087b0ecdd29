package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// pruneSteps are the activities of Prune, in their order.
var pruneSteps = []string{"MakePartitions", "DropResults", "DropEvents", "PruneOutput", "PruneJobs", "PruneExpired"}

func prunes() []scenario {
	of := func(name, branch string, replies map[string][]reply) scenario {
		script := map[string][]reply{}
		for _, step := range pruneSteps {
			script[step] = []reply{value(nil)}
		}
		for step, r := range replies {
			script[step] = r
		}
		return scenario{
			kind: "Prune", name: name, branch: branch, script: script,
			input: map[string]time.Duration{"Results": 96 * time.Hour, "Events": 24 * time.Hour, "Outputs": 2160 * time.Hour, "Jobs": 9600 * time.Hour},
		}
	}
	s := []scenario{of("completed", "every step once", nil).leaves(runCompleted)}
	for i, step := range pruneSteps {
		cancelled := of("cancelled-at-"+step, "cancelled during "+step, map[string][]reply{step: {value(nil).slowly()}}).leaves(cancelAsked)
		cancelled.during = cancelAt(step)
		terminated := of("terminated-at-"+step, "terminated during "+step, map[string][]reply{step: {value(nil).slowly()}}).leaves(runTerminated)
		terminated.during = terminateAt(step)
		s = append(s, cancelled, terminated,
			of("retried-"+step, step+" succeeds at the third try", map[string][]reply{step: once(2, value(nil))}).leaves(runCompleted),
			of("no-heartbeat-"+step, "the worker of "+step+" is not heard of", map[string][]reply{step: {hangs(), value(nil)}}).leaves(runCompleted),
			of("failed-"+step, step+" fails for good and holds up no other", map[string][]reply{step: {failsForGood("broken")}}).leaves(stepFailed))
		for _, other := range pruneSteps[i+1:] {
			s = append(s, of("failed-"+step+"-"+other, step+" and "+other+" fail for good",
				map[string][]reply{step: {failsForGood("broken")}, other: {failsForGood("broken")}}).leaves(stepFailed))
		}
	}
	return s
}

func checkpoints() []scenario {
	return chains("AuditCheckpoint", nil, []string{"CheckpointAudit"}, "12:sha256:00ff")
}

func reconciles() []scenario {
	return chains("ReconcileJobs", nil, []string{"StartUnfinishedJobs", "DeliverWakeups"}, nil)
}

// chains are the branches of a run that is one activity after the other, each crossed with how many tries it takes.
func chains(kind string, input any, names []string, result any) []scenario {
	var s []scenario
	for _, at := range names {
		for tries := range 4 {
			s = append(s, chainAt(kind, input, names, at, tries, result)...)
		}
	}
	return s
}

func chainAt(kind string, input any, names []string, at string, tries int, result any) []scenario {
	of := func(name, branch string, last ...reply) scenario {
		script := map[string][]reply{}
		for _, n := range names {
			script[n] = []reply{value(result)}
		}
		failed := once(tries, reply{})
		script[at] = append(failed[:tries], last...)
		return scenario{
			kind: kind, name: numbered(strings.ToLower(name+"-"+at), tries), input: input, script: script,
			branch: fmt.Sprintf("%s at %s, after %d tries failed", branch, at, tries),
		}
	}
	cancelled := of("cancelled", "cancelled while it is at work", value(result).slowly()).leaves(runCancelled)
	cancelled.during = afterTries(at, tries, cancelAt(at))
	terminated := of("terminated", "terminated while it is at work", value(result).slowly()).leaves(runTerminated)
	terminated.during = afterTries(at, tries, terminateAt(at))
	told := of("signalled", "a signal comes that nobody asked for, while it is at work", value(result).slowly()).leaves(signalled, runCompleted)
	told.during = afterTries(at, tries, func(ctx context.Context, l *live) error { return l.signal(ctx, "wake") })
	twice := of("cancelled-twice", "cancelled twice while it is at work", value(result).slowly()).leaves(runCancelled)
	twice.during = afterTries(at, tries, func(ctx context.Context, l *live) error {
		if err := l.cancel(ctx); err != nil {
			return err
		}
		return ignoreEnd(l.cancel(ctx))
	})
	return []scenario{
		of("completed", "it succeeds", value(result)).leaves(runCompleted),
		of("slow", "it succeeds after three seconds", value(result).slowly()).leaves(runCompleted),
		of("empty", "it succeeds and has nothing to say", reply{}).leaves(runCompleted),
		of("failed", "it fails for good", failsForGood("broken")).leaves(stepFailed, runFailed),
		of("failed-with-cause", "it fails for good, with details and a cause", deepFailure()).leaves(stepFailed, runFailed),
		of("hung", "its worker hangs for a minute, and the next try succeeds", hangs(), value(result)).leaves(runCompleted),
		cancelled, terminated, told, twice,
	}
}

// afterTries acts once the tries before have failed.
func afterTries(name string, tries int, do func(context.Context, *live) error) func(context.Context, *live) error {
	return func(ctx context.Context, l *live) error {
		if err := l.tried(ctx, name, tries+1); err != nil {
			return err
		}
		return do(ctx, l)
	}
}

// checkTests are of a run that is tried once, crossed with where the host is and what its check is.
func checkTests() []scenario {
	var s []scenario
	for _, c := range []struct{ zone, request string }{{"default", "r1"}, {"default", ""}, {"dmz", "r2"}, {"dmz", ""}} {
		of := func(name, branch string, r reply) scenario {
			where := c.zone
			if c.request == "" {
				where += "-anonymous"
			}
			return scenario{
				kind: "TestCheck", name: name + "-" + where, branch: fmt.Sprintf("%s; zone %s, request %q", branch, c.zone, c.request),
				input:  map[string]any{"HostID": "h1", "CheckID": "c1", "Zone": c.zone, "Actor": map[string]any{"Name": "ada", "RequestID": c.request}},
				script: map[string][]reply{"TestCheck": {r}},
			}
		}
		found := func(outcome, detail string) reply {
			return value(map[string]any{"Outcome": outcome, "Detail": detail, "Latency": 12 * time.Millisecond, "CheckedAt": "2026-01-01T00:00:00Z"})
		}
		cancelled := of("cancelled", "cancelled while the check is run", found("healthy", "").slowly()).leaves(runCancelled)
		cancelled.during = cancelAt("TestCheck")
		terminated := of("terminated", "terminated while the check is run", found("healthy", "").slowly()).leaves(runTerminated)
		terminated.during = terminateAt("TestCheck")
		late := of("no-worker", "no worker of the zone takes the check in time", found("healthy", "")).leaves(stepLate, runFailed)
		late.input.(map[string]any)["Zone"] = "nobody"
		s = append(s,
			of("healthy", "the check is healthy", found("healthy", "")).leaves(runCompleted),
			of("unhealthy", "the check is not healthy", found("unhealthy", "status 500")).leaves(runCompleted),
			of("unknown", "the check could not be told", found("unknown", "no answer")).leaves(runCompleted),
			of("slow", "the check takes three seconds", found("healthy", "").slowly()).leaves(runCompleted),
			of("gone", "the check is gone", failsForGood("not found")).leaves(stepFailed, runFailed),
			of("failed", "the database is away, and nothing is tried again", fails("the database does not answer")).leaves(stepFailed, runFailed),
			of("failed-with-cause", "the check fails, with details and a cause", deepFailure()).leaves(stepFailed, runFailed),
			of("hung", "the worker hangs until time is up", hangs()).leaves(stepLate, runFailed),
			cancelled, terminated, late)
	}
	return s
}

// wakeRuns deliver in rounds, for as long as signals come.
func wakeRuns() []scenario {
	const deliver = "DeliverWakeups"
	var s []scenario
	for rounds := range 5 {
		of := func(name, branch string, last reply, do func(context.Context, *live) error) scenario {
			script := make([]reply, 0, rounds+1)
			for range rounds {
				script = append(script, value(nil).slowly())
			}
			return scenario{
				kind: "WakeRuns", name: numbered(name, rounds), branch: fmt.Sprintf("%s, after %d further rounds", branch, rounds),
				script: map[string][]reply{deliver: append(script, last)}, during: afterRounds(deliver, rounds, do),
			}
		}
		nothing := func(context.Context, *live) error { return nil }
		s = append(s,
			of("delivered", "the last round delivers", value(nil), nothing).leaves(runCompleted),
			of("slow", "the last round takes three seconds", value(nil).slowly(), nothing).leaves(runCompleted),
			of("told-many", "many signals come in the last round", value(nil).slowly(), func(ctx context.Context, l *live) error {
				for range 6 {
					if err := l.signal(ctx, "deliver"); err != nil {
						return err
					}
				}
				return nil
			}).leaves(signalled, runCompleted),
			of("failed", "the last round fails for good", failsForGood("broken"), nothing).leaves(stepFailed, runFailed),
			of("failed-with-cause", "the last round fails, with details and a cause", deepFailure(), nothing).leaves(stepFailed, runFailed),
			of("cancelled", "cancelled in the last round", value(nil).slowly(), cancelAt(deliver)).leaves(runCancelled),
			of("terminated", "terminated in the last round", value(nil).slowly(), terminateAt(deliver)).leaves(runTerminated),
			of("told-and-cancelled", "told and then cancelled in the last round", value(nil).slowly(), func(ctx context.Context, l *live) error {
				if err := l.signal(ctx, "deliver"); err != nil {
					return err
				}
				return l.cancel(ctx)
			}).leaves(signalled, runCancelled))
	}
	return s
}

// afterRounds has the run deliver again so many times, by a signal during each round, and then acts.
func afterRounds(name string, rounds int, do func(context.Context, *live) error) func(context.Context, *live) error {
	return func(ctx context.Context, l *live) error {
		for i := range rounds {
			if err := l.tried(ctx, name, i+1); err != nil {
				return err
			}
			if err := l.signal(ctx, "deliver"); err != nil {
				return err
			}
		}
		if err := l.tried(ctx, name, rounds+1); err != nil {
			return err
		}
		return do(ctx, l)
	}
}
