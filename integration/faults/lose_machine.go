package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// kept are the folders that a backup has besides the database.
var kept = []string{"temporal", "keys", "pki"}

// loseMachine has the machine of the manager and all that was on it disappear while hosts wait at the gate, for their window and
// for a slot, and others are patched, and sets up an empty one from a backup that was made a while before, as docs/backup.md says.
func loseMachine(ctx context.Context, s *scene) error {
	third := len(s.hosts) / 3
	held, early, others := s.hosts[:third], s.hosts[third:2*third], s.hosts[2*third:]
	start := wholeMinute(time.Now().Add(time.Minute))
	for _, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{Duration: between(s.random, time.Second, 4*time.Second)})
	}
	sicken(held)
	for _, h := range early {
		if err := s.moveWindow(ctx, h, start, start.Add(time.Hour)); err != nil {
			return err
		}
	}
	if err := s.awaitUnhealthy(ctx, held); err != nil {
		return err
	}
	if err := s.submitAndHold(ctx, held); err != nil {
		return err
	}
	if _, err := s.submit(ctx, s.hosts[third:], map[string]any{"max_parallel": "3"}); err != nil {
		return err
	}
	if err := s.awaitPatches(ctx, others[:2]); err != nil {
		return err
	}
	if err := s.backUp(ctx); err != nil {
		return err
	}
	if err := s.awaitPatches(ctx, others[:4]); err != nil {
		return err
	}
	if err := s.setUpAnew(ctx); err != nil {
		return err
	}
	serves := time.Now()
	if err := s.mendAndAwait(ctx, held); err != nil {
		return err
	}
	s.recovers("hosts that waited are patched by a restored manager", time.Since(serves), 30*time.Second)
	return s.awaitPatches(ctx, s.hosts)
}

func (s *scene) backup(of string) string { return filepath.Join(s.dir, "backup", of) }

// backUp makes a backup. Only the Temporal of tests, whose state is a file, has to be stopped for it.
func (s *scene) backUp(ctx context.Context) error {
	s.kills++
	if err := s.KillTemporal(); err != nil {
		return err
	}
	if err := os.Mkdir(s.backup(""), 0o700); err != nil {
		return fmt.Errorf("make folder of the backup: %w", err)
	}
	for _, folder := range kept {
		if err := copyFolder(ctx, filepath.Join(s.dir, folder), s.backup(folder)); err != nil {
			return err
		}
	}
	if err := s.DumpDatabase(ctx, s.backup("patch-manager.dump")); err != nil {
		return err
	}
	return s.RestartTemporal(ctx)
}

// setUpAnew loses everything and goes on with what the backup has.
func (s *scene) setUpAnew(ctx context.Context) error {
	if err := s.remember(ctx); err != nil {
		return err
	}
	s.faults++
	_, err := s.StopProduct()
	if err := errors.Join(err, s.KillTemporal(), s.ReplacePostgres(ctx)); err != nil {
		return err
	}
	for _, folder := range kept {
		lost := filepath.Join(s.dir, folder)
		if err := errors.Join(os.RemoveAll(lost), copyFolder(ctx, s.backup(folder), lost)); err != nil {
			return err
		}
	}
	if err := s.RestoreDatabase(ctx, s.backup("patch-manager.dump")); err != nil {
		return err
	}
	if err := s.RestartTemporal(ctx); err != nil {
		return err
	}
	if _, err := s.Command(ctx, "keys", "verify"); err != nil {
		return err
	}
	if _, err := s.Command(ctx, "audit", "verify"); err != nil {
		return err
	}
	return s.StartProduct(ctx)
}

// copyFolder copies a folder with the owners and modes of what is in it, which keys are refused without.
func copyFolder(ctx context.Context, from, to string) error {
	if out, err := exec.CommandContext(ctx, "cp", "--archive", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, out)
	}
	return nil
}
