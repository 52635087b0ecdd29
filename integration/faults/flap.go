package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

// flap is how the health of a host goes away between the evaluation of its gate and its intent, at the last that its agent is
// asked in between.
type flap struct {
	of   string // service or agenttest.WebPage
	seen seenBy
	last time.Duration // how long it stays away at least
}

// seenBy is who has stored that a host is unhealthy before its agent answers.
type seenBy int

const (
	nobody seenBy = iota
	aPoll
	somebody // who tests the check
)

// The ways to flap. Those that the manager has seen outlast its next look at the gate.
var flaps = []flap{
	{service, aPoll, 6 * time.Second},
	{agenttest.WebPage, aPoll, 6 * time.Second},
	{service, nobody, 0},
	{service, aPoll, 6 * time.Second},
	{agenttest.WebPage, nobody, 0},
	{service, somebody, 6 * time.Second},
	{agenttest.WebPage, aPoll, 6 * time.Second},
	{service, aPoll, 6 * time.Second},
}

// flapRounds is how many jobs patch each host.
const flapRounds = 2

// flapping is a host whose health goes away once in a round.
type flapping struct {
	*host
	flap
	stays time.Duration

	mu             sync.Mutex
	known, mendeds []time.Time // by round: when the manager knew, and when it was mended
	err            error
}

// flapHealth has the health of hosts go away after their checks were asked and before the intent, some of it seen and stored by
// then, which no intent may follow on.
func flapHealth(ctx context.Context, s *scene) error {
	list := make([]*flapping, len(s.hosts))
	for i, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{NotInstalled: []string{openssl}}) // so that the next job finds something to do as well
		f := flaps[i%len(flaps)]
		list[i] = &flapping{host: h, flap: f, stays: f.last + between(s.random, 500*time.Millisecond, 3*time.Second)}
	}
	for range flapRounds {
		for _, f := range list {
			f.Inject(askInfo, 1, s.flapBeforeIntent(ctx, f))
		}
		if _, err := s.submit(ctx, s.hosts, nil); err != nil {
			return err
		}
		s.awaitEnds(ctx)
	}
	for _, f := range list {
		if err := s.expectFlaps(f); err != nil {
			return err
		}
	}
	return nil
}

// flapBeforeIntent takes the health away, has the manager see it where it is to, answers, and mends the host after a while.
func (s *scene) flapBeforeIntent(ctx context.Context, f *flapping) agenttest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		s.met.Add(1)
		f.set(false)
		err := s.see(ctx, f)
		known := time.Now()
		next.ServeHTTP(w, r)
		time.AfterFunc(f.stays, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.known, f.mendeds, f.err = append(f.known, known), append(f.mendeds, time.Now()), errors.Join(f.err, err)
			f.set(true)
		})
	}
}

func (f *flapping) set(healthy bool) {
	if f.of == service {
		f.SetServiceHealthy(service, healthy)
	} else {
		f.SetWebHealthy(healthy)
	}
}

// see returns once whoever is to see that a host is unhealthy has stored it.
func (s *scene) see(ctx context.Context, f *flapping) error {
	switch f.seen {
	case aPoll:
		return s.awaitUnhealthy(ctx, []*host{f.host})
	case somebody:
		path, err := s.one(ctx, f.host, "health-checks", func(c named) bool { return c.Name == "service" })
		if err != nil {
			return err
		}
		// A test that a busy worker comes to too late for an answer is audited all the same, so that none is counted.
		var p *devstack.Problem
		err = s.API.Do(ctx, http.MethodPost, path+"/test", nil, nil)
		if errors.As(err, &p) && p.Status == http.StatusServiceUnavailable {
			return s.awaitUnhealthy(ctx, []*host{f.host})
		}
		return err
	}
	return nil
}

// expectFlaps expects that a host was patched by each job, and never from when the manager knew that it was unhealthy until it
// was mended.
func (s *scene) expectFlaps(f *flapping) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	done := s.Fleet.ExecutionsOf(f.FQDN(), applied)
	s.expect(len(f.known) == flapRounds, "the health of %s went away %d times before an intent", f.FQDN(), len(f.known))
	s.expect(len(done) == flapRounds, "%s was patched %d times by %d jobs", f.FQDN(), len(done), flapRounds)
	for i, known := range f.known {
		mended := f.mendeds[i]
		sent := slices.ContainsFunc(f.Heard(), func(r agenttest.Request) bool {
			return r.Line == sendApply && r.At.After(known) && r.At.Before(mended)
		})
		s.expect(f.seen == nobody || !sent, "%s was sent a patch between %s, when it was known to be unhealthy, and %s, when it was mended",
			f.FQDN(), at(known), at(mended))
	}
	if f.err != nil {
		return fmt.Errorf("have the manager see that %s is unhealthy: %w", f.FQDN(), f.err)
	}
	return nil
}
