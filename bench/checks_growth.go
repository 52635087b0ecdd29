package main

import (
	"context"
	"errors"
	"net/url"
)

// growthSmall and growthLarge are how many checks there are while the same number of them is carried out; so many shards at a
// time, which the small fleet has.
const (
	growthSmall  = 1_000
	growthLarge  = 50_000
	growthShards = 2
	growthShard  = growthSmall / checksPerHost / growthShards // hosts
)

// measureGrowth compares what a check costs, read, carried out and stored, worker and Postgres together, in a fleet of 1,000
// and in one of 50,000. Both are on one server and carry out as many, in turns.
func (b *bench) measureGrowth(ctx context.Context, large *database) error {
	pages, err := b.targets(ctx, order{Role: rolePages, Count: pageServers})
	if err != nil {
		return err
	}
	defer pages.end()
	small, err := b.another(ctx, large)
	if err != nil {
		return err
	}
	defer small.close(ctx)
	few, err := growing(ctx, small, pages.urls, growthSmall)
	if err != nil {
		return err
	}
	many, err := growing(ctx, large, pages.urls, growthLarge)
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
	b.add(result{Name: "a check among 50,000, with Postgres", Value: per1000(took, growthLarge), Unit: "s per 1,000"})
	b.add(result{Name: "… of one among 1,000", Value: middle(ratio), Unit: "ratio", Limit: 1.15})
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
func growing(ctx context.Context, db *database, pages []string, checks int) (*pollOf, error) {
	p, _, err := newPollOf(ctx, db, pages, checks/checksPerHost)
	if err != nil {
		return nil, err
	}
	p.shardsAtOnce = growthShards
	if err := p.sweep(ctx, growthShard, dueNow()); err != nil {
		return nil, err
	}
	_, err = db.conn.Exec(ctx, "vacuum analyze")
	return p, err
}

// growthCost does a number of sweeps and returns the seconds of processors that this process and the server took.
func growthCost(ctx context.Context, p *pollOf, n int) (float64, error) {
	before, err := serverCPU(p.db.pid)
	if err != nil {
		return 0, err
	}
	own, err := ownCPU(func() error {
		for range n {
			if err := p.sweep(ctx, growthShard, dueNow()); err != nil {
				return err
			}
		}
		return nil
	})
	after, readErr := serverCPU(p.db.pid)
	return own + after - before, errors.Join(err, readErr)
}
