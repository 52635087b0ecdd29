package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// troubleKeys starts the worker with a key that is missing, another one and one that others may read, which it must refuse and say,
// and then has the keys rotated by commands that are killed, while hosts whose checks need their passwords are patched.
func troubleKeys(ctx context.Context, s *scene) error {
	key := filepath.Join(s.dir, "keys", "health-check.key")
	good, err := os.ReadFile(key)
	if err != nil {
		return fmt.Errorf("read key: %w", err)
	}
	other := make([]byte, len(good))
	_, _ = rand.Read(other) // it never fails
	for _, trouble := range []struct {
		name string
		make func() error
	}{
		{"missing", func() error { return os.Remove(key) }},
		{"of another installation", func() error { return os.WriteFile(key, other, 0o600) }},
		{"readable by others", func() error { return os.Chmod(key, 0o644) }}, //nolint:gosec // that is the trouble
	} {
		if err := s.startWithKey(ctx, trouble.name, trouble.make); err != nil {
			return err
		}
		if err := os.WriteFile(key, good, 0o600); err != nil {
			return fmt.Errorf("put the key back: %w", err)
		}
		if err := os.Chmod(key, 0o600); err != nil {
			return fmt.Errorf("put the key back: %w", err)
		}
	}
	if err := s.StartWorker(ctx); err != nil {
		return err
	}
	if _, err := s.submit(ctx, s.hosts, map[string]any{"max_parallel": "4"}); err != nil {
		return err
	}
	return s.rotateAndDie(ctx)
}

// startWithKey expects that a worker does not start with a key that is in trouble, and names it.
func (s *scene) startWithKey(ctx context.Context, name string, trouble func() error) error {
	s.kills++
	if err := s.KillWorker(); err != nil {
		return err
	}
	if err := trouble(); err != nil {
		return fmt.Errorf("make the key %s: %w", name, err)
	}
	err := s.StartWorker(ctx)
	s.expect(err != nil && strings.Contains(err.Error(), "health-check.key"), "a worker with a key that is %s: %v", name, err)
	return nil
}

// rotateAndDie rotates the keys, each time but the last by a command that is killed soon after it began.
func (s *scene) rotateAndDie(ctx context.Context) error {
	for range 12 {
		within, cancel := context.WithTimeout(ctx, between(s.random, 20*time.Millisecond, 250*time.Millisecond))
		_, err := s.Command(within, "keys", "rotate")
		cancel()
		if err != nil { // it was not faster
			s.kills++
		}
		if err := sleep(ctx, between(s.random, 0, time.Second)); err != nil {
			return err
		}
	}
	if _, err := s.Command(ctx, "keys", "rotate"); err != nil {
		return err
	}
	said, err := s.Command(ctx, "keys", "verify")
	if err != nil {
		return err
	}
	s.expect(said == fmt.Sprintf("all %d passwords open", len(s.hosts)), "after the rotations: %s", said)
	if err := s.awaitPatches(ctx, s.hosts); err != nil {
		return err
	}
	return nil
}
