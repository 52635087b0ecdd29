package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// apiLimit is how long the 99th of 100 answers may take, in milliseconds.
	apiLimit = 30
	apiHosts = 10_000
	// Each read is asked for so often, one after the other with a pause between, as people and scripts do.
	apiReads = 1000
	apiPause = 20 * time.Millisecond
)

// measureAPI measures what the API takes for lists and counts while the fleet is polled, and then the event stream.
func measureAPI(ctx context.Context, b *bench) error {
	return b.withLive(ctx, liveConfig{hosts: apiHosts, interval: sweepInterval}, func(ctx context.Context, l *live) error {
		if err := l.firstSweep(ctx); err != nil {
			return err
		}
		if _, err := l.db.conn.Exec(ctx, "analyze"); err != nil { // as the server itself does within a minute
			return err
		}
		if err := l.until(ctx, time.Now().Truncate(l.interval).Add(l.interval+l.interval/20)); err != nil { // in the midst of a sweep
			return err
		}
		for _, read := range []struct{ name, path string }{
			{"a page of hosts", "/hosts?limit=100"},
			{"hosts by name", "/hosts?limit=100&q=7f"},
			{"unhealthy hosts", "/hosts?limit=100&health=unhealthy"},
			{"hosts by health", "/hosts?limit=100&sort=health"},
			{"the largest page of hosts", "/hosts?limit=200"},
			{"the summary", "/fleet/summary"},
		} {
			took, err := l.answers(ctx, read.path)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("API of %d hosts that are polled: %s", l.hosts, read.name)
			b.add(result{Name: name + ", p99", Value: milliseconds(percentile(took, 99)), Unit: "ms", Limit: apiLimit})
			b.add(result{Name: "… the middle one", Value: milliseconds(percentile(took, 50)), Unit: "ms"})
		}
		return b.measureStream(ctx, l)
	})
}

// answers reads a path again and again and returns how long each answer took.
func (l *live) answers(ctx context.Context, path string) ([]time.Duration, error) {
	took := make([]time.Duration, apiReads)
	for i := range took {
		start := time.Now()
		if err := l.API.Do(ctx, http.MethodGet, path, nil, nil); err != nil {
			return nil, err
		}
		took[i] = time.Since(start)
		time.Sleep(apiPause)
	}
	return took, nil
}
