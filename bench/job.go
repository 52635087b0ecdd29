package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/patch-manager/patch-manager/worker/workertest"
	"github.com/patch-manager/patch-manager/workflows"
)

const largeParallel = 200

// measureJob runs one large job, most of whose hosts wait for a slot at first, and looks at every history it left.
func measureJob(ctx context.Context, b *bench) error {
	hosts := simulated(b.hosts, "job")
	return b.with(ctx, hosts, nil, func(ctx context.Context, s *workertest.System, ids []string) error {
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
		b.add(result{Name: fmt.Sprintf("job of %d hosts, %d at a time: time", len(ids), largeParallel), Value: took.Seconds(), Unit: "s"})
		b.add(result{Name: "… hosts patched", Value: float64(len(ids)) / took.Seconds(), Unit: "per second"})
		if most := s.Fleet.MostAtOnce(); most > largeParallel {
			return fmt.Errorf("%d hosts were patched at a time, at most %d may be", most, largeParallel)
		}
		if err := patched(s, hosts); err != nil {
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
