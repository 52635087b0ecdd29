package main

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// measureGrowth compares what a result costs, worker and Postgres together, in a fleet of 1,000 checks and in one of 50,000.
// Both are on one server and get as many results, in turns.
func (b *bench) measureGrowth(ctx context.Context, large *database) error {
	small, err := b.another(ctx, large)
	if err != nil {
		return err
	}
	defer small.close(ctx)
	few, err := growing(ctx, small, growthSmall)
	if err != nil {
		return err
	}
	many, err := growing(ctx, large, growthLarge)
	if err != nil {
		return err
	}
	var ratio, took []float64
	for range b.rounds {
		ofFew, err := growthCost(ctx, few, growthLarge/growthSmall)
		if err != nil {
			return err
		}
		ofMany, err := growthCost(ctx, many, 1)
		if err != nil {
			return err
		}
		ratio, took = append(ratio, ofMany/ofFew), append(took, ofMany)
	}
	b.add(result{Name: "storing among 50,000 checks", Value: per1000(took, growthLarge), Unit: "s per 1,000"})
	b.add(result{Name: "… of the same among 1,000", Value: middle(ratio), Unit: "ratio", Limit: 1.15})
	return nil
}

// another opens a second database of the server.
func (b *bench) another(ctx context.Context, db *database) (*database, error) {
	if _, err := db.conn.Exec(ctx, "create database small"); err != nil {
		return nil, err
	}
	u, err := url.Parse(db.url)
	if err != nil {
		return nil, err
	}
	u.Path = "/small"
	return b.openDatabase(ctx, u.String(), db.pid)
}

// growing adds so many checks, and their states.
func growing(ctx context.Context, db *database, checks int) (*sweeps, error) {
	added, err := db.addServices(ctx, checks/5)
	if err != nil {
		return nil, err
	}
	s := &sweeps{db: db, checks: added, at: time.Now().UTC().Truncate(time.Hour)}
	if err := s.store(ctx, s.next(time.Minute)); err != nil {
		return nil, err
	}
	_, err = db.conn.Exec(ctx, "vacuum analyze")
	return s, err
}

// growthCost stores a number of sweeps and returns the seconds of processors that this process and the server took.
func growthCost(ctx context.Context, s *sweeps, n int) (float64, error) {
	before, err := serverCPU(s.db.pid)
	if err != nil {
		return 0, err
	}
	own, err := ownCPU(func() error {
		for range n {
			if err := s.store(ctx, s.next(time.Second)); err != nil {
				return err
			}
		}
		return nil
	})
	after, readErr := serverCPU(s.db.pid)
	return own + after - before, errors.Join(err, readErr)
}
