package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// turnsPerRound: turns are short, because what else the machine does changes from second to second.
const turnsPerRound = 3

// Gatus with its Postgres store, seconds per 1,000 checks of itself and Postgres together, and how many times the floor of
// that machine these were. It can not be built here; both were recorded.
const (
	gatusSeconds = 0.83 + 5.2
	gatusFloors  = 77
)

// measureChecks compares what checks take of the processors with the least that Go's library takes for the same requests.
// The targets are a process of their own, so that only the client's side counts.
func measureChecks(ctx context.Context, b *bench) error {
	return errors.Join(
		b.withDatabase(ctx, func(ctx context.Context, db *database) error {
			return errors.Join(b.measureHTTP(ctx, db), b.measureServices(ctx, db))
		}),
		b.withDatabase(ctx, b.measureGrowth),
	)
}

// addCompared adds what a side takes per 1,000 checks, where a turn is of so many, and its ratio to the floor.
func (b *bench) addCompared(name string, checks int, took, floor []float64, limit float64) {
	b.add(result{Name: name, Value: per1000(took, checks), Unit: "s per 1,000"})
	b.add(result{Name: name + ", of the floor", Value: middle(ratios(took, floor)), Unit: "ratio", Limit: limit})
}

// atOnce does n pieces of work, as many at once as the poller visits hosts of a shard.
func atOnce(n int, do func(i int) error) error {
	var all errgroup.Group
	all.SetLimit(activities.DefaultConcurrency)
	for i := range n {
		all.Go(func() error { return do(i) })
	}
	return all.Wait()
}

func healthyOr(r fleet.Result) error {
	if !r.Healthy() {
		return fmt.Errorf("a healthy target was not: %s", r.Detail)
	}
	return nil
}
