package main

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// batchScript is a batch of so many hosts.
func batchScript(hosts int) map[string][]reply {
	return map[string][]reply{"ListBatch": {listed(hosts)}, "AbandonHost": {value(nil)}, "CancelHost": {value(nil)}}
}

func listed(n int) reply {
	hosts := []map[string]string{}
	for i := range n {
		id := fmt.Sprintf("h%d", i+1)
		hosts = append(hosts, map[string]string{"host_id": id, "fqdn": id + ".test", "zone": "default"})
	}
	return value(hosts)
}

func batchScenario(hosts int, name, branch string, script map[string][]reply, events ...enums.EventType) scenario {
	name = numbered(name, hosts)
	return scenario{
		kind: "PatchBatch", name: name, branch: fmt.Sprintf("%s; %d hosts", branch, hosts), script: script, events: events,
		id: "patch-batch/batch-" + name + "/0", input: map[string]any{"job_id": "batch-" + name, "batch": 0},
	}
}

func patchBatches() []scenario {
	s := []scenario{batchScenario(0, "empty", "all hosts have ended before", batchScript(0), runCompleted)}
	for _, n := range []int{1, 2, 5, 20} {
		s = append(s, batchLists(n)...)
		s = append(s, batchHosts(n)...)
		s = append(s, batchElsewhere(n))
	}
	return s
}

func batchLists(n int) []scenario {
	cancelled := batchScenario(n, "cancelled-listing", "cancelled before any host's run was started", with(batchScript(n), "ListBatch", listed(n).slowly()), cancelAsked)
	cancelled.during = cancelAt("ListBatch")
	unnoted := batchScenario(n, "cancel-not-noted", "cancelled before any host's run was started, which can not be noted",
		with(with(batchScript(n), "ListBatch", listed(n).slowly()), "CancelHost", failsForGood("no such host")), stepFailed)
	unnoted.during = cancelled.during
	return []scenario{
		batchScenario(n, "completed", "all hosts end", batchScript(n), runCompleted),
		batchScenario(n, "list-retried", "the hosts are listed at the third try", with(batchScript(n), "ListBatch", once(2, listed(n))...), runCompleted),
		batchScenario(n, "list-failed", "the hosts can not be listed", with(batchScript(n), "ListBatch", failsForGood("no such job")), runFailed),
		cancelled, unnoted,
	}
}

// batchHosts are what becomes of the last host of a batch.
func batchHosts(n int) []scenario {
	again := batchScenario(n, "host-restarted", "the run of a host fails and is started again", batchScript(n), childFailed, timerFired)
	again.others = lastHostPlans(again, n, failsForGood("broken"), value(ended("succeeded", "patched")))

	lostHost := batchScenario(n, "host-abandoned", "the run of a host fails three times and the host is ended", batchScript(n), childFailed, timerFired).lasting(3)
	lostHost.others = lastHostPlans(lostHost, n, failsForGood("broken"))

	kept := batchScenario(n, "host-not-abandoned", "a host whose run fails can not be ended either",
		with(batchScript(n), "AbandonHost", failsForGood("no such host")), childFailed, stepFailed).lasting(3)
	kept.others = lastHostPlans(kept, n, failsForGood("broken"))

	cancelled := batchScenario(n, "cancelled", "cancelled while a host's run is under way", batchScript(n), cancelAsked, childEnded)
	cancelled.others = lastHostPlans(cancelled, n, value(ended("succeeded", "patched")).slowly())
	cancelled.during = func(ctx context.Context, l *live) error {
		if err := l.sees(ctx, enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED, n); err != nil {
			return err
		}
		return l.cancel(ctx)
	}

	killed := batchScenario(n, "host-terminated", "the run of a host is terminated and started again", batchScript(n), childKilled, timerFired)
	killed.others = lastHostPlans(killed, n, hangs(), value(ended("succeeded", "patched")))
	killed.during = func(ctx context.Context, l *live) error {
		if err := l.sees(ctx, enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED, n); err != nil {
			return err
		}
		if err := l.lives(lastHost(*l.scenario, n)).tried(ctx, plan, 1); err != nil {
			return err
		}
		return l.client.TerminateWorkflow(ctx, lastHost(*l.scenario, n), "", "by an operator")
	}
	return []scenario{again, lostHost, kept, cancelled, killed}
}

// batchElsewhere is a batch of which an earlier life runs a host.
func batchElsewhere(n int) scenario {
	s := batchScenario(n, "host-elsewhere", "the run of a host is under way already, so the batch looks again after five minutes",
		with(batchScript(n), "ListBatch", listed(n).slowly()), childRefused, renewed).lasting(5)
	s.others = lastHostPlans(s, n, waits("waiting_window", 0, 0))
	s.during = func(ctx context.Context, l *live) error {
		_, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: lastHost(*l.scenario, n), TaskQueue: "patch-manager"},
			"PatchHost", map[string]any{"job_id": "batch-" + l.name, "host_id": fmt.Sprintf("h%d", n), "fqdn": "last.test", "zone": "default"})
		return err
	}
	return s
}

func lastHost(s scenario, n int) string { return fmt.Sprintf("patch-host/batch-%s/h%d", s.name, n) }

func lastHostPlans(s scenario, n int, replies ...reply) map[string]map[string][]reply {
	return map[string]map[string][]reply{lastHost(s, n): {plan: replies}}
}
