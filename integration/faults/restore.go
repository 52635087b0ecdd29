package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// restoreDatabase restores a backup in which one job had ended, one waited at its gate and a third was not yet known, after the
// hosts of the second and the third were patched or are about to be. Every host lists the same update afterwards as well, so that only
// what the agents tell of their jobs keeps the second job from patching twice.
func restoreDatabase(ctx context.Context, s *scene) error {
	third := len(s.hosts) / 3
	ended, held, unknown := s.hosts[:third], s.hosts[third:2*third], s.hosts[2*third:]
	for i, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{NotInstalled: []string{openssl}, Duration: time.Duration(1+i%8) * time.Second})
	}
	sicken(held)
	if err := s.awaitUnhealthy(ctx, held); err != nil {
		return err
	}
	if _, err := s.submit(ctx, ended, nil); err != nil {
		return err
	}
	s.awaitEnds(ctx)
	if err := s.submitAndHold(ctx, held); err != nil {
		return err
	}
	backup := filepath.Join(s.dir, "backup")
	if err := s.DumpDatabase(ctx, backup); err != nil {
		return err
	}
	forgotten, err := s.submit(ctx, unknown, nil)
	if err != nil {
		return err
	}
	if err := s.mendAndAwait(ctx, held); err != nil {
		return err
	}
	if err := s.awaitPatches(ctx, unknown); err != nil {
		return err
	}
	return s.restore(ctx, backup, forgotten)
}

// restore goes back to a backup that knows nothing of a job, as an operator does: with the product stopped.
func (s *scene) restore(ctx context.Context, backup, forgotten string) error {
	if err := s.remember(ctx); err != nil {
		return err
	}
	s.faults++
	if _, err := s.StopProduct(); err != nil {
		return err
	}
	if err := s.RestoreDatabase(ctx, backup); err != nil {
		return err
	}
	delete(s.jobs, forgotten)
	s.changed["job.create"]--
	return s.StartProduct(ctx)
}

// remember keeps the intents that the database is about to forget.
func (s *scene) remember(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.DatabaseURL())
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer conn.Close(ctx)
	known, err := intents(ctx, conn)
	maps.Copy(s.remembered, known)
	return err
}
