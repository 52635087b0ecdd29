package main

import (
	"context"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// step is what an activity of a host's run answers, as JSON.
type step map[string]any

func ended(status, reason string) step {
	return step{"next": "done", "status": status, "reason": reason}
}

func goOn(next, phase string) step { return step{"next": next, "status": "running", "phase": phase} }

// gate leads from the calendar to the gate, whose last start is in an hour.
func gate() reply {
	return reply{value: func() any {
		return step{"next": "dispatch", "status": "waiting_health_check", "deadline": time.Now().Add(time.Hour)}
	}}
}

// waits has the run wait in a status until a timer, where wake is not zero, and the last start, where deadline is not.
func waits(status string, wake, deadline time.Duration) reply {
	return reply{value: func() any {
		s := step{"next": "wait", "status": status, "reason": "wait_" + status}
		if wake != 0 {
			s["wake_at"] = time.Now().Add(wake)
		}
		if deadline != 0 {
			s["deadline"] = time.Now().Add(deadline)
		}
		return s
	}}
}

func in(zone string, r reply) reply {
	return reply{value: func() any {
		s := r.value().(step)
		s["zone"] = zone
		return s
	}}
}

var (
	applied  = value(goOn("follow", "applying"))
	rebooted = value(goOn("reboot", "rebooting"))
	verified = value(goOn("verify", "verifying"))
	anew     = value(step{"next": "", "status": "running"})
	patched  = value(ended("succeeded", "patched"))
	lost     = value(ended("indeterminate", "outcome_unknown"))
)

// The activities of a host's run.
const (
	plan     = "PlanHost"
	dispatch = "DispatchPatch"
	follow   = "FollowPatch"
	reboot   = "RebootHost"
	verify   = "VerifyHost"
)

var steps = []string{plan, dispatch, follow, reboot, verify}

// whole is a run that takes every step; a scenario changes what it is about.
func whole() map[string][]reply {
	return map[string][]reply{
		plan: {gate()}, dispatch: {applied}, follow: {rebooted}, reboot: {verified}, verify: {patched}, "CancelHost": {value(nil)},
	}
}

func withStep(name string, replies ...reply) map[string][]reply {
	s := whole()
	s[name] = replies
	return s
}

func hostScenario(name, branch string, script map[string][]reply, during func(context.Context, *live) error, events ...enums.EventType) scenario {
	return scenario{
		kind: "PatchHost", name: name, branch: branch, script: script, during: during, events: events,
		id:    "patch-host/" + name + "/h1",
		input: map[string]any{"job_id": name, "host_id": "h1", "fqdn": "h1.test", "zone": "default"},
	}
}

func patchHosts() []scenario {
	s := hostPaths()
	s = append(s, hostWaits()...)
	s = append(s, hostCancels()...)
	s = append(s, hostFailures()...)
	return append(s, hostRenewals()...)
}

// hostPaths are the orders of the steps, and the ends after each.
func hostPaths() []scenario {
	s := []scenario{
		hostScenario("whole", "every step once", whole(), nil, runCompleted),
		hostScenario("no-reboot", "verified right after the patch", withStep(follow, verified), nil, runCompleted),
		hostScenario("reboot-only", "rebooted without a patch", withStep(dispatch, rebooted), nil, runCompleted),
		hostScenario("verify-only", "verified without a patch", withStep(dispatch, verified), nil, runCompleted),
		hostScenario("resumed-following", "the plan finds a patch under way", withStep(plan, applied), nil, runCompleted),
		hostScenario("resumed-rebooting", "the plan finds a reboot under way", withStep(plan, rebooted), nil, runCompleted),
		hostScenario("resumed-verifying", "the plan finds a patch to verify", withStep(plan, verified), nil, runCompleted),
		hostScenario("planned-again", "the gate sends the run back to the calendar", withStep(dispatch, anew, applied), nil, runCompleted),
		hostScenario("refused-twice", "the agent refuses and the run waits, twice",
			withStep(dispatch, waits("waiting_slot", time.Second, time.Hour), waits("waiting_slot", time.Second, time.Hour), applied), nil, timerFired),
		hostScenario("rebooted-late", "the reboot waits before it is tried", withStep(reboot, waits("running", time.Second, 0), verified), nil, timerFired),
		hostScenario("verified-late", "what is verified waits", withStep(verify, waits("running", time.Second, 0), patched), nil, timerFired),
		hostScenario("moved-by-plan", "the plan names another zone", withStep(plan, in("dmz", gate())), nil, runCompleted),
		hostScenario("moved-at-the-gate", "the gate names another zone", withStep(dispatch, in("dmz", waits("waiting_slot", time.Second, time.Hour)), applied), nil, timerFired),
		hostScenario("moved-while-followed", "the host is in another zone after its patch", withStep(follow, in("dmz", rebooted)), nil, runCompleted),
	}
	for _, at := range steps {
		s = append(s,
			hostScenario("failed-after-"+at, at+" ends the run as failed", withStep(at, value(ended("failed", "agent_error"))), nil, runCompleted),
			hostScenario("unknown-after-"+at, at+" ends the run as one of which nobody knows", withStep(at, lost), nil, runCompleted))
	}
	return s
}

// hostWaits are the ways in which a wait ends.
func hostWaits() []scenario {
	var s []scenario
	for _, status := range []string{"waiting_window", "waiting_health_check", "waiting_slot"} {
		at := dispatch
		if status == "waiting_window" {
			at = plan
		}
		next := map[string]reply{plan: gate(), dispatch: applied}[at]
		long := withStep(at, waits(status, time.Hour, 2*time.Hour), next)
		s = append(s,
			hostScenario(status+"-timer", "a wait of "+status+" ends by its timer", withStep(at, waits(status, 2*time.Second, time.Hour), next), nil, timerFired),
			hostScenario(status+"-wake", "a wait of "+status+" ends by a wake-up", long, wake(at, 1), signalled),
			hostScenario(status+"-many-wakes", "many wake-ups end a wait of "+status, long, wake(at, 8), signalled),
			hostScenario(status+"-recheck", "a wait of "+status+" ends by a person's recheck", long, recheck(at), updated),
			hostScenario(status+"-no-timer", "a wait of "+status+" without a timer ends by a wake-up", withStep(at, waits(status, 0, 0), next), wake(at, 1), signalled),
			hostScenario(status+"-past", "the last start passes during a wait of "+status+", so the calendar is asked",
				withStep(at, waits(status, 2*time.Second, time.Second), next), nil, timerFired),
			hostScenario(status+"-cancelled", "a wait of "+status+" ends by a cancellation of the run",
				withStep(at, waits(status, time.Hour, 2*time.Hour), value(ended("cancelled", "cancelled_by_user"))), cancelWaiting(at), cancelAsked),
		)
	}
	return append(s, hostScenario("woken-before-its-wait", "a wake-up comes before the wait it is for",
		withStep(plan, waits("waiting_window", time.Hour, 0).slowly(), gate()), func(ctx context.Context, l *live) error {
			if err := l.tried(ctx, plan, 1); err != nil {
				return err
			}
			return l.signal(ctx, "wake")
		}, signalled))
}

// untilWaiting waits until the run has answered the step after which it waits.
func untilWaiting(ctx context.Context, l *live, at string) error {
	if err := l.tried(ctx, at, 1); err != nil {
		return err
	}
	return l.sees(ctx, enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, 1)
}

func wake(at string, times int) func(context.Context, *live) error {
	return func(ctx context.Context, l *live) error {
		if err := untilWaiting(ctx, l, at); err != nil {
			return err
		}
		for range times {
			if err := l.signal(ctx, "wake"); err != nil {
				return err
			}
		}
		return nil
	}
}

func recheck(at string) func(context.Context, *live) error {
	return func(ctx context.Context, l *live) error {
		if err := untilWaiting(ctx, l, at); err != nil {
			return err
		}
		handle, err := l.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: l.workflowID(), UpdateName: "recheck", WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		if err != nil {
			return err
		}
		return handle.Get(ctx, nil)
	}
}

func cancelWaiting(at string) func(context.Context, *live) error {
	return func(ctx context.Context, l *live) error {
		if err := untilWaiting(ctx, l, at); err != nil {
			return err
		}
		return l.cancel(ctx)
	}
}

// hostCancels are cancellations while a step is at work, which is followed to its end.
func hostCancels() []scenario {
	var s []scenario
	for _, at := range steps {
		s = append(s,
			hostScenario("cancelled-at-"+at, "the run is cancelled during "+at, withStep(at, whole()[at][0].slowly()), cancelAt(at), cancelAsked),
			hostScenario("terminated-at-"+at, "the run is terminated during "+at, withStep(at, whole()[at][0].slowly()), terminateAt(at), runTerminated))
	}
	late := withStep(plan, waits("waiting_window", time.Hour, 0), value(ended("cancelled", "cancelled_by_user")))
	late["CancelHost"] = once(2, value(nil))
	failed := withStep(plan, waits("waiting_window", time.Hour, 0))
	failed["CancelHost"] = []reply{failsForGood("no such host")}
	return append(s,
		hostScenario("cancel-noted-late", "the cancellation is noted at the third try", late, cancelWaiting(plan), cancelAsked),
		hostScenario("cancel-not-noted", "the cancellation can not be noted, and fails the run", failed, cancelWaiting(plan), runFailed))
}

// hostFailures are what becomes of each step that fails or is not heard of.
func hostFailures() []scenario {
	var s []scenario
	for _, at := range steps {
		good := whole()[at][0]
		s = append(s,
			hostScenario("retried-"+at, at+" succeeds at the third try", withStep(at, once(2, good)...), nil, runCompleted),
			hostScenario("failed-for-good-"+at, at+" fails the run", withStep(at, failsForGood("broken")), nil, runFailed))
		if at == plan {
			s = append(s, hostScenario("late-plan", "the plan is not heard of for a minute", withStep(at, hangs(), good), nil, runCompleted))
			continue
		}
		s = append(s, hostScenario("no-heartbeat-"+at, "the worker of "+at+" is not heard of", withStep(at, hangs(), good), nil, runCompleted))
		lead := in("nobody", value(goOn(nextOf[at], "")))
		s = append(s, hostScenario("no-worker-"+at, "no worker of the zone takes "+at+" for five minutes, so the calendar is asked anew",
			withStep(plan, lead, in("default", value(goOn("verify", "")))), nil, stepLate).lasting(5))
	}
	short := reply{value: func() any {
		return step{"next": "dispatch", "status": "waiting_health_check", "deadline": time.Now().Add(3 * time.Second)}
	}}
	return append(s,
		hostScenario("dispatch-until-deadline", "the dispatch is tried until its deadline and the calendar is asked",
			map[string][]reply{plan: {short, value(ended("failed", "window_closed"))}, dispatch: {fails("no answer")}}, nil, runCompleted),
		hostScenario("dispatch-hangs-until-deadline", "the dispatch hangs until its deadline and the calendar is asked",
			map[string][]reply{plan: {short, value(ended("failed", "window_closed"))}, dispatch: {hangs()}}, nil, stepLate))
}

var nextOf = map[string]string{dispatch: "dispatch", follow: "follow", reboot: "reboot", verify: "verify"}

// hostRenewals are runs that continue as new, and such as were continued.
func hostRenewals() []scenario {
	s := []scenario{hostScenario("renewed", "the history is full while the run waits", withStep(plan, waits("waiting_window", time.Hour, 0)),
		func(ctx context.Context, l *live) error {
			if err := untilWaiting(ctx, l, plan); err != nil {
				return err
			}
			for range 4100 {
				if err := l.signal(ctx, "wake"); err != nil {
					return err
				}
			}
			return nil
		}, renewed)}
	for _, c := range []struct {
		name, branch string
		state        map[string]any
	}{
		{"wait", "a continued run waits on", map[string]any{"step": step{"next": "wait", "status": "waiting_window", "wake_at": "2026-01-01T00:00:00Z"}, "decisions": 9}},
		{"woken", "a continued run answers the wake-up that it was left", map[string]any{"step": step{"next": "wait", "status": "waiting_window", "wake_at": "2099-01-01T00:00:00Z"}, "woken": true}},
		{"cancelled", "a continued run waits on after a cancellation", map[string]any{"step": step{"next": "wait", "status": "waiting_slot", "wake_at": "2026-01-01T00:00:00Z"}, "cancelled": true}},
		{"plan", "a continued run asks the calendar", map[string]any{"step": step{"next": ""}, "decisions": 9}},
		{"gate", "a continued run waits at the gate", map[string]any{"step": step{"next": "wait", "status": "waiting_slot", "wake_at": "2026-01-01T00:00:00Z", "deadline": "2099-01-01T00:00:00Z"}}},
	} {
		of := hostScenario("continued-"+c.name, c.branch, whole(), nil, runCompleted)
		input := of.input.(map[string]any)
		input["state"] = c.state
		s = append(s, of)
	}
	return s
}

func numbered(name string, n int) string { return fmt.Sprintf("%s-%d", name, n) }
