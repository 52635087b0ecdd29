package store

import (
	"context"
	"time"
)

// LateHosts shows lateHosts to the tests.
type LateHosts struct{ l *lateHosts }

// NewLateHosts makes one that looks by find.
func NewLateHosts(find func(context.Context, time.Time, int32) ([]string, error)) LateHosts {
	return LateHosts{newLateHosts(find)}
}

// From returns the hosts with a result from before the time.
func (l LateHosts) From(ctx context.Context, before time.Time) ([]string, error) {
	found, err := l.l.from(ctx, before)
	return found.hosts, err
}

// The limits.
const (
	LateFor = lateFor
	MaxLate = maxLate
)
