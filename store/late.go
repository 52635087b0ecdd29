package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/gather"
)

const (
	// lateFor is how long hosts that were found late serve whoever asks.
	lateFor = 5 * time.Second
	// maxLate is up to how many hosts are named in a query; with more, polling has come to a halt, and all are looked at.
	maxLate = 500

	maxAskedLate = 1000
	lateTimeout  = 30 * time.Second
)

// lateHosts finds the hosts with a result that is too old, which is a look at all states: it is taken once for all who ask within
// seconds. It finds those that will be late within these seconds, too; only a result that is too old already when it is stored is
// seen so much later. Where checks are polled every few seconds, all are late by that, and counted one by one.
type lateHosts struct {
	find   func(ctx context.Context, before time.Time, most int32) ([]string, error)
	rounds *gather.Rounds[time.Time, late]

	mu    sync.Mutex
	known late
}

// late are hosts of which some result is too old, and perhaps some more.
type late struct {
	hosts  []string
	many   bool // they are too many to name
	before time.Time
	until  time.Time
}

// serves reports whether the hosts are all that have a result from before the time.
func (l late) serves(before time.Time) bool {
	return !before.After(l.before) && time.Now().Before(l.until)
}

func newLateHosts(find func(context.Context, time.Time, int32) ([]string, error)) *lateHosts {
	l := &lateHosts{find: find}
	l.rounds = gather.NewRounds(maxAskedLate, lateTimeout, l.look)
	return l
}

// from returns the hosts that have a result from before the time.
func (l *lateHosts) from(ctx context.Context, before time.Time) (late, error) {
	if known := l.last(); known.serves(before) {
		return known, nil
	}
	return l.rounds.Do(ctx, before)
}

// look finds the hosts for all who ask, unless who came just before them has.
func (l *lateHosts) look(ctx context.Context, asked []time.Time) (late, error) {
	before := slices.MaxFunc(asked, time.Time.Compare)
	if known := l.last(); known.serves(before) {
		return known, nil
	}
	next := late{before: before.Add(lateFor), until: time.Now().Add(lateFor)}
	hosts, err := l.find(ctx, next.before, maxLate+1)
	if err != nil {
		return late{}, fmt.Errorf("look for old results: %w", err)
	}
	if next.many = len(hosts) > maxLate; !next.many {
		next.hosts = append(next.hosts, hosts...)
	}
	l.mu.Lock()
	l.known = next
	l.mu.Unlock()
	return next, nil
}

func (l *lateHosts) last() late {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known
}
