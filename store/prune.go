package store

import (
	"context"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// PruneOutput deletes at most limit lines of output that are older than retention, and returns how many.
func (s *Store) PruneOutput(ctx context.Context, retention time.Duration, limit int) (int, error) {
	n, err := s.q.PruneOutput(ctx, retention.Seconds(), maxRows(limit))
	return int(n), translate(err)
}

// OutdatedJobs returns at most limit jobs that were completed longer ago than retention, the oldest first. A job with an
// unsettled attempt is not among them, however old: it still blocks its host.
func (s *Store) OutdatedJobs(ctx context.Context, retention time.Duration, limit int) ([]string, error) {
	ids, err := s.q.OutdatedJobs(ctx, retention.Seconds(), maxRows(limit))
	return ids, translate(err)
}

// PruneJob deletes a job with all that belongs to it: what may be much in batches of at most limit rows first, each
// calling progress, and then the rest at once.
func (s *Store) PruneJob(ctx context.Context, jobID string, limit int, progress func()) error {
	for _, prune := range []func(context.Context, string, int32) (int64, error){s.q.PruneEvaluations, s.q.PruneJobOutput} {
		for {
			n, err := prune(ctx, jobID, maxRows(limit))
			if err != nil {
				return translate(err)
			}
			progress()
			if n < int64(limit) {
				break
			}
		}
	}
	return translate(s.q.PruneJob(ctx, jobID))
}

// What ended stays for as long as somebody may still ask what became of it; the audit has it for good.
const keepEnded = 30 * 24 * time.Hour

// PruneExpired deletes at most limit rows that nothing depends on any more, and returns how many.
func (s *Store) PruneExpired(ctx context.Context, limit int) (int, error) {
	pruned := 0
	for _, prune := range []func(context.Context, int32) (int64, error){
		s.q.PruneThrottles, s.q.PruneSignOns, s.pruneEnrolments, s.pruneCertificates,
		s.pruneSessions, s.pruneDevices, s.q.PruneSetupCodes, s.q.PruneTokens, s.pruneZoneWorkers,
	} {
		n, err := prune(ctx, maxRows(limit-pruned))
		if err != nil {
			return pruned, translate(err)
		}
		pruned += int(n)
	}
	return pruned, nil
}

func (s *Store) pruneSessions(ctx context.Context, limit int32) (int64, error) {
	return s.q.PruneSessions(ctx, fleet.SessionIdle.Seconds(), limit)
}

func (s *Store) pruneDevices(ctx context.Context, limit int32) (int64, error) {
	return s.q.PruneDevices(ctx, fleet.DeviceMemory.Seconds(), limit)
}

func (s *Store) pruneEnrolments(ctx context.Context, limit int32) (int64, error) {
	return s.q.PruneEnrolments(ctx, 2*fleet.EnrolmentWait.Seconds(), keepEnded.Seconds(), limit)
}

func (s *Store) pruneCertificates(ctx context.Context, limit int32) (int64, error) {
	return s.q.PruneCertificates(ctx, keepEnded.Seconds(), limit)
}

func (s *Store) pruneZoneWorkers(ctx context.Context, limit int32) (int64, error) {
	return s.q.PruneZoneWorkers(ctx, keepEnded.Seconds(), limit)
}
