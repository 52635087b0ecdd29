package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// The bounds of one transaction that prunes.
const (
	pruneRows = 5000
	pruneJobs = 20
)

// Retention is how long things are kept.
type Retention struct {
	Results time.Duration
	Events  time.Duration
	Outputs time.Duration
	Jobs    time.Duration
}

// PruneStore makes and drops partitions, and deletes the rest in small batches.
type PruneStore interface {
	MakePartitions(ctx context.Context) (int, error)
	DropResults(ctx context.Context, retention time.Duration) (int, error)
	DropEvents(ctx context.Context, retention time.Duration) (int, error)
	PruneOutput(ctx context.Context, retention time.Duration, limit int) (int, error)
	OutdatedJobs(ctx context.Context, retention time.Duration, limit int) ([]string, error)
	PruneJob(ctx context.Context, jobID string, limit int, progress func()) error
	PruneExpired(ctx context.Context, limit int) (int, error)
}

// Pruner keeps the database from growing for ever.
type Pruner struct{ store PruneStore }

// NewPruner makes a pruner.
func NewPruner(store PruneStore) *Pruner { return &Pruner{store: store} }

// MakePartitions makes the partitions of the next two days and returns how many it made.
func (p *Pruner) MakePartitions(ctx context.Context) (int, error) {
	made, err := p.store.MakePartitions(ctx)
	return made, retryable(err)
}

// DropResults drops the partitions of results that are wholly past retention and returns how many.
func (p *Pruner) DropResults(ctx context.Context, retention time.Duration) (int, error) {
	dropped, err := p.store.DropResults(ctx, retention)
	return dropped, retryable(err)
}

// DropEvents drops the partitions of events that are wholly past retention and returns how many.
func (p *Pruner) DropEvents(ctx context.Context, retention time.Duration) (int, error) {
	dropped, err := p.store.DropEvents(ctx, retention)
	return dropped, retryable(err)
}

// PruneOutput deletes the output of runs that is past retention and returns how many lines.
func (p *Pruner) PruneOutput(ctx context.Context, retention time.Duration) (int, error) {
	return inBatches(ctx, func() (int, error) { return p.store.PruneOutput(ctx, retention, pruneRows) })
}

// PruneExpired deletes what ended by itself and nothing depends on any more, and returns how many rows.
func (p *Pruner) PruneExpired(ctx context.Context) (int, error) {
	return inBatches(ctx, func() (int, error) { return p.store.PruneExpired(ctx, pruneRows) })
}

// inBatches prunes until a batch is not full, and returns how many rows there were.
func inBatches(ctx context.Context, prune func() (int, error)) (int, error) {
	for rows := 0; ; {
		n, err := prune()
		if err != nil {
			return 0, retryable(err)
		}
		rows += n
		if n < pruneRows {
			return rows, nil
		}
		activity.RecordHeartbeat(ctx)
	}
}

// PruneJobs deletes the jobs that were completed longer ago than retention, with all that belongs to them, and returns
// how many.
func (p *Pruner) PruneJobs(ctx context.Context, retention time.Duration) (int, error) {
	for jobs := 0; ; {
		ids, err := p.store.OutdatedJobs(ctx, retention, pruneJobs)
		if err != nil || len(ids) == 0 {
			return jobs, retryable(err)
		}
		for _, id := range ids {
			if err := p.store.PruneJob(ctx, id, pruneRows, func() { activity.RecordHeartbeat(ctx) }); err != nil {
				return 0, retryable(err)
			}
			jobs++
		}
	}
}
