package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

// way is how a line is broken.
type way struct {
	name  string
	mutes bool // nothing is answered over it
	does  []interference
}

var late = map[string]any{"latency": 300, "jitter": 200} // in milliseconds

var ways = []way{
	{"requests are lost", true, []interference{{"cut", upstream, nil}}},
	{"answers are lost", true, []interference{{"cut", downstream, nil}}},
	{"both are lost", true, []interference{{"cut", upstream, nil}, {"cut", downstream, nil}}},
	{"all is late", false, []interference{{"latency", upstream, late}, {"latency", downstream, late}}},
	{"connections are reset", false, []interference{{"reset_peer", downstream, nil}}},
}

// The servers that the manager is cut off from, as the stack calls them, and as /readyz does.
const (
	postgresServer = "postgres"
	temporalServer = "temporal"
	databasePart   = "database"
)

// layNetwork lays a line to each server before the product knows them, and one to each host that is added.
func layNetwork(_ context.Context, s *scene, c *devstack.StackConfig) error {
	s.network = newNetwork()
	s.undo = append(s.undo, s.network.close)
	c.Route = s.network.lay
	return nil
}

// hostsOfAWay are patched while their line, or that to a server, is broken in one of the ways.
const hostsOfAWay = 2

// cutNetwork breaks the lines to hosts about when they are dispatched and while they are followed, and meanwhile those to
// Temporal and to Postgres one way after the other.
func cutNetwork(ctx context.Context, s *scene) error {
	ofAServer := hostsOfAWay * len(ways)
	broken := s.breakLines(s.hosts[:ofAServer])
	if _, err := s.submit(ctx, s.hosts[:ofAServer], nil); err != nil {
		return err
	}
	for i, server := range []string{temporalServer, postgresServer} {
		refused, err := s.impossibleWithout(ctx, server)
		if err != nil {
			return err
		}
		for n, w := range ways {
			from := ofAServer*(1+i) + hostsOfAWay*n
			if err := s.cutServer(ctx, server, w, s.hosts[from:from+hostsOfAWay], refused); err != nil {
				return err
			}
			if server == temporalServer {
				refused = nil // it takes 15 s to be refused
			}
		}
	}
	s.awaitEnds(ctx)
	return s.expectBroken(ctx, broken)
}

// breakage is a line to a host that is broken at some moment for some time.
type breakage struct {
	host string
	way  way
	met  int64
	err  error
	done chan struct{} // closed once the line is mended; the other fields are read after
}

// breakLines has the lines to hosts broken, in each way for one that is about to get its intent and one that is followed.
func (s *scene) breakLines(hosts []*host) (broken []*breakage) {
	for i, h := range hosts {
		b := &breakage{host: h.FQDN(), way: ways[i/hostsOfAWay], done: make(chan struct{})}
		at := "GET /system/info" // the last that is asked before an intent
		if i%hostsOfAWay > 0 {
			at = "GET /jobs/"
			h.PlanJobs(agenttest.JobPlan{Duration: 5 * time.Second})
		}
		after, lasts := between(s.random, 0, 30*time.Millisecond), between(s.random, 4*time.Second, 9*time.Second)
		h.Inject(at, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r)
			time.AfterFunc(after, func() { b.last(s.network.line(b.host), lasts) })
		})
		broken = append(broken, b)
	}
	return broken
}

// last breaks a line for some time.
func (b *breakage) last(l *line, lasts time.Duration) {
	mend, err := l.breakBy(b.way)
	if err != nil {
		b.err = err
		close(b.done)
		return
	}
	time.AfterFunc(lasts, func() {
		b.met, b.err = mend()
		close(b.done)
	})
}

func (s *scene) expectBroken(ctx context.Context, broken []*breakage) error {
	for _, b := range broken {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the line to %s was not broken: %w", b.host, ctx.Err())
		case <-b.done:
		}
		if b.err != nil {
			return b.err
		}
		s.faults++
		s.expect(b.met > 0, "nothing was sent between the manager and %s while %s", b.host, b.way.name)
	}
	return nil
}

// cutServer breaks the line to a server about when an intent is committed, asks the API meanwhile, and mends it.
func (s *scene) cutServer(ctx context.Context, server string, w way, hosts []*host, refused []question) error {
	moments := make(chan struct{})
	for _, h := range hosts {
		h.Inject("GET /system/info", agenttest.Always, s.then(moments))
	}
	if _, err := s.submit(ctx, hosts, nil); err != nil {
		return err
	}
	came, err := s.awaitMoment(ctx, moments, 15*time.Second)
	if err != nil {
		return err
	}
	s.expect(came, "no host was about to get its intent when the line to %s was broken", server)
	s.faults++
	mend, err := s.network.line(server).breakBy(w)
	if err != nil {
		return err
	}
	lasts := time.NewTimer(between(s.random, 4*time.Second, 6*time.Second))
	asked := s.askMeanwhile(ctx, server, w, refused)
	select {
	case <-ctx.Done():
	case <-lasts.C:
	}
	met, err := mend()
	if err := errors.Join(asked, err); err != nil {
		return err
	}
	s.expect(met > 0, "nothing was sent between the manager and %s while %s", server, w.name)
	took, err := s.awaitReady(ctx)
	s.recovers("the API is ready after the network is back", took, 10*time.Second)
	return err
}

var listHosts = question{method: http.MethodGet, path: "/api/v1/hosts"}

// impossibleWithout are requests that can not be fulfilled without a server.
func (s *scene) impossibleWithout(ctx context.Context, server string) ([]question, error) {
	if server == postgresServer {
		return []question{listHosts}, nil
	}
	test, err := s.testNow(ctx, s.hosts[0])
	return []question{test}, err
}

// askMeanwhile asks the API what it can answer while the line to a server is broken. What it can not it refuses, and it is right
// about what it lacks.
func (s *scene) askMeanwhile(ctx context.Context, server string, w way, refused []question) error {
	while := fmt.Sprintf("%s between the manager and %s", w.name, server)
	if !w.mutes {
		answer, err := s.ask(ctx, listHosts)
		s.expect(err != nil || answer.status == http.StatusOK || answer.refuses(), "GET /hosts while %s: %s", while, answer)
		return err
	}
	var errs []error
	if server == temporalServer {
		errs = append(errs, s.expectAway(ctx, temporalServer, http.StatusOK), s.expectRead(ctx, while))
	} else {
		errs = append(errs, s.expectAway(ctx, databasePart, http.StatusServiceUnavailable))
	}
	for _, q := range refused {
		errs = append(errs, s.expectRefused(ctx, while, q))
	}
	return errors.Join(errs...)
}

func (s *scene) expectRead(ctx context.Context, while string) error {
	answer, err := s.ask(ctx, listHosts)
	if err != nil {
		return err
	}
	s.expect(answer.status == http.StatusOK, "GET /hosts while %s: %s", while, answer)
	return nil
}
