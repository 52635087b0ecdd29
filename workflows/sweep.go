package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// SweepInput is what a sweep needs of the settings: how often there is one.
type SweepInput struct {
	Interval time.Duration `json:"interval"`
}

// SweepResult counts what a sweep did, and what it did not reach in time.
type SweepResult struct {
	Shards  int `json:"shards"`
	Hosts   int `json:"hosts"`
	Results int `json:"results"`
	Missed  int `json:"missed"`
}

// errorShards is the type of the error of a sweep of which shards failed.
const errorShards = "shards_failed"

// sweepRun visits the fleet in shards, side by side. A shard that fails, or whose zone has no worker, fails the sweep for
// people to see, but holds up no other.
type sweepRun struct {
	in          SweepInput
	list, visit any // activities
	start       time.Time
	end         time.Time
}

func (s *sweepRun) run(ctx workflow.Context) (SweepResult, error) {
	s.start = workflow.Now(ctx)
	s.end = fleet.NewPace(s.start, s.in.Interval, 0, 0, s.start).End
	var shards []fleet.Shard
	if err := workflow.ExecuteActivity(s.listing(ctx), s.list).Get(ctx, &shards); err != nil {
		return SweepResult{}, err
	}
	visits := make([]workflow.Future, len(shards))
	for i, shard := range shards {
		visits[i] = workflow.ExecuteActivity(s.visiting(ctx, shard), s.visit, activities.ShardInput{
			Shard: shard, Start: s.start, Interval: s.in.Interval,
		})
	}
	return s.collect(ctx, shards, visits)
}

func (s *sweepRun) collect(ctx workflow.Context, shards []fleet.Shard, visits []workflow.Future) (SweepResult, error) {
	result := SweepResult{Shards: len(shards)}
	var failed []string
	for i, visit := range visits {
		var report activities.SweepReport
		if err := visit.Get(ctx, &report); err != nil {
			failed = append(failed, fmt.Sprintf("%d hosts of zone %s: %s", shards[i].Hosts, shards[i].Zone, err))
			continue
		}
		result.Hosts += report.Hosts
		result.Results += report.Results
		result.Missed += report.Missed
	}
	if len(failed) == 0 || ctx.Err() != nil {
		return result, ctx.Err()
	}
	return result, temporal.NewApplicationError(
		fmt.Sprintf("%d of %d shards failed: %s", len(failed), len(shards), strings.Join(failed[:min(len(failed), 10)], "; ")),
		errorShards, result)
}

func (s *sweepRun) left(ctx workflow.Context) time.Duration {
	return max(time.Second, s.end.Sub(workflow.Now(ctx)))
}

func (s *sweepRun) listing(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: QueueMain, StartToCloseTimeout: time.Minute, ScheduleToCloseTimeout: s.left(ctx), RetryPolicy: retryForever,
	})
}

// visiting is for the visit of one shard. It ends by itself with the sweep; the time beyond is for storing what it found
// last, and no more than that, since the next sweep is skipped while this one runs. A zone whose workers are gone ends
// with the sweep, too.
func (s *sweepRun) visiting(ctx workflow.Context, shard fleet.Shard) workflow.Context {
	left := s.left(ctx)
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: AgentQueue(shard.Zone), ScheduleToStartTimeout: left, ScheduleToCloseTimeout: left + shardGrace,
		HeartbeatTimeout: shardHeartbeat, RetryPolicy: retryForever,
		Summary: fmt.Sprintf("%d hosts of zone %s", shard.Hosts, shard.Zone),
	})
}

const (
	// shardGrace is how long after the end of a sweep the last results may be stored.
	shardGrace = 10 * time.Second
	// shardHeartbeat is how long a shard whose worker died waits for another one.
	shardHeartbeat = 15 * time.Second
)
