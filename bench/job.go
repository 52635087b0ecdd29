package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/patch-manager/patch-manager/worker/workertest"
	"github.com/patch-manager/patch-manager/workflows"
)

const (
	jobHosts      = 2000
	fullJobHosts  = 10_000
	largeParallel = 200
)

// measureJob runs one large job, most of whose hosts wait for a slot at first, and looks at every history it left.
func measureJob(ctx context.Context, b *bench) error {
	hosts := simulated(b.hosts, "job")
	return b.with(ctx, hosts, nil, func(ctx context.Context, s *workertest.System, ids []string) error {
		serving, err := serveBare(s)
		if err != nil {
			return err
		}
		defer serving.Stop()
		bares, err := b.bares(ctx, s)
		if err != nil {
			return err
		}
		job, err := s.NewJob(ctx, workertest.JobSpec{HostIDs: ids, MaxParallel: largeParallel})
		if err != nil {
			return err
		}
		start := time.Now()
		if err := s.Client.StartJob(ctx, job); err != nil {
			return err
		}
		if err := s.Temporal.GetWorkflow(ctx, workflows.PatchJobID(job), "").Get(ctx, nil); err != nil {
			return err
		}
		took := time.Since(start)
		after, err := b.bares(ctx, s)
		if err != nil {
			return err
		}
		b.add(result{Name: fmt.Sprintf("job of %d hosts, %d at a time: time", len(ids), largeParallel), Value: took.Seconds(), Unit: "s"})
		rate, bare := float64(len(ids))/took.Seconds(), middle(append(bares, after...))
		b.add(result{Name: "… hosts patched", Value: rate, Unit: "per second"})
		b.add(result{Name: "… bare runs of one activity, before and after", Value: bare, Unit: "per second"})
		b.add(result{Name: "… hosts per bare run", Value: rate / bare, Unit: "ratio", Limit: 0.3, AtLeast: true})
		if err := errors.Join(atMost(s, largeParallel), patched(s, hosts)); err != nil {
			return err
		}
		return b.measureHistories(ctx, s, len(ids))
	})
}

// measureHistories finds the longest history of each type.
func (b *bench) measureHistories(ctx context.Context, s *workertest.System, hosts int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	longest := map[string]int64{}
	for count := 0; count < hosts; { // what lists runs lags behind them
		count, longest = 0, map[string]int64{}
		var page []byte
		for {
			list, err := s.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
				Query: "CloseTime is not null", PageSize: 500, NextPageToken: page,
			})
			if err != nil {
				return fmt.Errorf("list runs: %w", err)
			}
			for _, run := range list.GetExecutions() {
				kind := run.GetType().GetName()
				longest[kind] = max(longest[kind], run.GetHistoryLength())
				if kind == workflows.TypePatchHost {
					count++
				}
			}
			if page = list.GetNextPageToken(); len(page) == 0 {
				break
			}
		}
	}
	for _, kind := range []string{workflows.TypePatchJob, workflows.TypePatchBatch, workflows.TypePatchHost} {
		b.add(result{Name: "… longest history of " + kind, Value: float64(longest[kind]), Unit: "events", Limit: 10240})
	}
	return nil
}
