package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// retryForever: a database or a network that is away comes back; permanent errors are marked by the activities.
var retryForever = &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second}

// quick is for activities that only need the database.
func quick(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: QueueMain, StartToCloseTimeout: time.Minute, RetryPolicy: retryForever, Summary: summary,
	})
}

// pickup is how long a step waits for a worker of the host's zone before the database is asked anew: the host may have been
// moved to a zone whose workers live.
const pickup = 5 * time.Minute

// stepHeartbeat is after how long without a word of it a step is taken for lost with its worker.
const stepHeartbeat = 30 * time.Second

// agentMutate is for the dispatch: it may be tried until the deadline, from which on nothing may be sent to the host. A try that
// no worker has got, though Temporal noted that one has, is found by the heartbeat.
func agentMutate(ctx workflow.Context, zone, summary string, left time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: AgentQueue(zone), StartToCloseTimeout: 5 * time.Minute, HeartbeatTimeout: stepHeartbeat, ScheduleToCloseTimeout: left,
		ScheduleToStartTimeout: pickup, RetryPolicy: retryForever, Summary: summary,
	})
}

// agentFollow is for the long steps, which bound themselves by the settings and tell that they are alive.
func agentFollow(ctx workflow.Context, zone, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: AgentQueue(zone), StartToCloseTimeout: 48 * time.Hour, HeartbeatTimeout: stepHeartbeat, ScheduleToStartTimeout: pickup,
		RetryPolicy: retryForever, Summary: summary,
	})
}
