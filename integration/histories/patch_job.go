package main

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// jobScript is a job of so many batches that ends well.
func jobScript(batches int) map[string][]reply {
	return map[string][]reply{"StartJob": {value(batches)}, "CompleteJob": {value(true)}, "CancelJob": {value(nil)}}
}

// with changes the answers of one activity.
func with(script map[string][]reply, name string, replies ...reply) map[string][]reply {
	script[name] = replies
	return script
}

func jobScenario(batches int, name, branch string, script map[string][]reply, events ...enums.EventType) scenario {
	name = numbered(name, batches)
	return scenario{
		kind: "PatchJob", name: name, branch: fmt.Sprintf("%s; %d batches", branch, batches), script: script, events: events,
		id: "patch-job/job-" + name, input: map[string]any{"job_id": "job-" + name},
	}
}

func patchJobs() []scenario {
	var s []scenario
	for _, n := range []int{0, 1, 2, 5} {
		s = append(s, jobEnds(n)...)
		if n > 0 {
			s = append(s, jobBatches(n)...)
		}
	}
	return s
}

// jobEnds are what becomes of a job apart from its batches.
func jobEnds(n int) []scenario {
	starting := jobScenario(n, "cancelled-starting", "cancelled while it starts", with(jobScript(n), "StartJob", value(n).slowly()), cancelAsked)
	starting.during = cancelAt("StartJob")
	ending := jobScenario(n, "cancelled-ending", "cancelled while its end is noted", with(jobScript(n), "CompleteJob", value(true).slowly()), cancelAsked)
	ending.during = cancelAt("CompleteJob")
	return []scenario{
		jobScenario(n, "completed", "all batches end", jobScript(n), runCompleted),
		jobScenario(n, "start-retried", "the start is noted at the third try", with(jobScript(n), "StartJob", once(2, value(n))...), runCompleted),
		jobScenario(n, "start-failed", "the start can not be noted", with(jobScript(n), "StartJob", failsForGood("no such job")), runFailed),
		jobScenario(n, "end-retried", "the end is noted at the third try", with(jobScript(n), "CompleteJob", once(2, value(true))...), runCompleted),
		jobScenario(n, "end-failed", "the end can not be noted", with(jobScript(n), "CompleteJob", failsForGood("no such job")), runFailed),
		jobScenario(n, "looks-again", "hosts are left, so it looks again after five minutes", with(jobScript(n), "CompleteJob", value(false)), renewed).lasting(5),
		starting, ending,
	}
}

// jobBatches are what becomes of the last batch of a job.
func jobBatches(n int) []scenario {
	failed := jobScenario(n, "batch-failed", "a batch fails, and the job goes on", jobScript(n), childFailed)
	failed.others = map[string]map[string][]reply{lastBatch(failed, n): {"ListBatch": {failsForGood("broken")}}}

	cancelled := jobScenario(n, "cancelled", "cancelled while a batch runs, which is followed to its end", jobScript(n), cancelAsked)
	cancelled.others = map[string]map[string][]reply{lastBatch(cancelled, n): {"ListBatch": {value([]any{}).slowly()}}}
	cancelled.during = func(ctx context.Context, l *live) error {
		if err := l.sees(ctx, enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED, n); err != nil {
			return err
		}
		return l.cancel(ctx)
	}

	unnoted := jobScenario(n, "cancel-not-noted", "the cancellation can not be noted", with(jobScript(n), "CancelJob", failsForGood("no such job")), stepFailed)
	unnoted.others = map[string]map[string][]reply{lastBatch(unnoted, n): {"ListBatch": {value([]any{}).slowly()}}}
	unnoted.during = cancelled.during

	killed := jobScenario(n, "batch-terminated", "a batch is terminated, and the job goes on", jobScript(n), childKilled)
	killed.others = map[string]map[string][]reply{lastBatch(killed, n): {"ListBatch": {hangs()}}}
	killed.during = func(ctx context.Context, l *live) error {
		if err := l.sees(ctx, enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED, n); err != nil {
			return err
		}
		return l.client.TerminateWorkflow(ctx, lastBatch(*l.scenario, n), "", "by an operator")
	}
	return []scenario{failed, cancelled, unnoted, killed, jobElsewhere(n)}
}

// jobElsewhere is a job of which an earlier life runs a batch.
func jobElsewhere(n int) scenario {
	s := jobScenario(n, "batch-elsewhere", "a batch runs already", with(jobScript(n), "StartJob", value(n).slowly()), childRefused)
	s.others = map[string]map[string][]reply{lastBatch(s, n): {"ListBatch": {hangs()}}}
	s.during = func(ctx context.Context, l *live) error {
		_, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: lastBatch(*l.scenario, n), TaskQueue: "patch-manager"},
			"PatchBatch", map[string]any{"job_id": "job-" + l.name, "batch": n - 1})
		return err
	}
	return s
}

func lastBatch(s scenario, n int) string { return fmt.Sprintf("patch-batch/job-%s/%d", s.name, n-1) }
