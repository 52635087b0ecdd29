package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/patch-manager/patch-manager/worker/workertest"
	"github.com/patch-manager/patch-manager/workflows"
)

// How many runs each round of the comparison starts, and how many starts are under way at a time.
const (
	perRound     = 100
	startsAtOnce = 16
)

const bareQueue = "bare"

// bare is the least that a durable run can be: one activity.
func bare(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	return workflow.ExecuteActivity(ctx, nothing).Get(ctx, nil)
}

func nothing(context.Context) error { return nil }

// measureRate compares how many hosts end per second with how many bare runs do, in turns, so that whatever else the
// machine does meets both.
func measureRate(ctx context.Context, b *bench) error {
	hosts := simulated(perRound*b.rounds, "rate")
	return b.with(ctx, hosts, nil, func(ctx context.Context, s *workertest.System, ids []string) error {
		serving, err := serveBare(s)
		if err != nil {
			return err
		}
		defer serving.Stop()
		var bares, products, ratios []float64
		for ids := range slices.Chunk(ids, perRound) {
			least, err := rateOfBare(ctx, s)
			if err != nil {
				return err
			}
			ours, err := rateOfHosts(ctx, s, ids)
			if err != nil {
				return err
			}
			b.say("rate: %.1f bare runs a second, %.1f hosts a second", least, ours)
			bares, products, ratios = append(bares, least), append(products, ours), append(ratios, ours/least)
		}
		b.add(result{Name: "bare runs of one activity", Value: middle(bares), Unit: "per second"})
		b.add(result{Name: "hosts patched", Value: middle(products), Unit: "per second"})
		b.add(result{Name: "hosts per bare run", Value: middle(ratios), Unit: "ratio", Limit: 0.3, AtLeast: true})
		return patched(s, hosts)
	})
}

// serveBare carries out bare runs until it is stopped.
func serveBare(s *workertest.System) (sdk.Worker, error) {
	serving := sdk.New(s.Temporal, bareQueue, sdk.Options{})
	serving.RegisterWorkflow(bare)
	serving.RegisterActivity(nothing)
	return serving, serving.Start()
}

// bares measures rounds of bare runs.
func (b *bench) bares(ctx context.Context, s *workertest.System) ([]float64, error) {
	var rates []float64
	for range b.rounds {
		rate, err := rateOfBare(ctx, s)
		if err != nil {
			return nil, err
		}
		rates = append(rates, rate)
	}
	b.say("bare runs a second: %.1f", rates)
	return rates, nil
}

func rateOfBare(ctx context.Context, s *workertest.System) (float64, error) {
	start := time.Now()
	runs := make([]client.WorkflowRun, perRound)
	starting, startCtx := errgroup.WithContext(ctx)
	starting.SetLimit(startsAtOnce)
	for i := range runs {
		starting.Go(func() (err error) {
			runs[i], err = s.Temporal.ExecuteWorkflow(startCtx, client.StartWorkflowOptions{
				ID: fmt.Sprintf("bare/%d/%d", start.UnixNano(), i), TaskQueue: bareQueue,
			}, bare)
			return err
		})
	}
	if err := starting.Wait(); err != nil {
		return 0, err
	}
	for _, run := range runs {
		if err := run.Get(ctx, nil); err != nil {
			return 0, err
		}
	}
	return perRound / time.Since(start).Seconds(), nil
}

func rateOfHosts(ctx context.Context, s *workertest.System, ids []string) (float64, error) {
	job, err := s.NewJob(ctx, workertest.JobSpec{HostIDs: ids})
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := s.Client.StartJob(ctx, job); err != nil {
		return 0, err
	}
	err = s.Temporal.GetWorkflow(ctx, workflows.PatchJobID(job), "").Get(ctx, nil)
	return float64(len(ids)) / time.Since(start).Seconds(), err
}

func middle(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
