package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/failpoint"
)

// place is where in a dispatch the worker dies, and what the host must have come to.
type place struct {
	name       string
	point      string // empty where it is the agent's doing
	executions int
	status     string
}

// A request that nobody can be sure of is never sent again, so the second place has a host that no patch reached.
var places = []place{
	{"before the intent", failpoint.BeforeIntent, 1, "succeeded"},
	{"between intent and request", failpoint.BeforeRequest, 0, "indeterminate"},
	{"between request and answer", "", 1, "succeeded"},
	{"between answer and record", failpoint.BeforeRecord, 1, "succeeded"},
}

// killAtFailpoints kills the worker at each place of a dispatch, with a host of its own for each. What the host of a place
// must have come to is told by what can be known: a request that may have been sent counts as sent.
func killAtFailpoints(ctx context.Context, s *scene) error {
	rounds := len(s.hosts) / len(places)
	if s.quick {
		rounds = 1
	}
	for i := range rounds * len(places) {
		if err := s.dieAt(ctx, places[i%len(places)], s.hosts[i]); err != nil {
			return err
		}
	}
	s.awaitEnds(ctx)
	runs, err := s.runs(ctx)
	if err != nil {
		return err
	}
	for i := range rounds * len(places) {
		p, h := places[i%len(places)], s.hosts[i]
		done := len(s.Fleet.ExecutionsOf(h.FQDN(), applied))
		s.expect(done == p.executions, "%s, where the worker died %s, carried out %d patches instead of %d", h.FQDN(), p.name, done, p.executions)
		one := slices.IndexFunc(runs, func(r run) bool { return r.FQDN == h.FQDN() })
		s.expect(one >= 0 && runs[one].Status == p.status, "%s, where the worker died %s, is not %s", h.FQDN(), p.name, p.status)
	}
	return nil
}

// dieAt starts a job over a host, waits until the worker died at the place, and starts it again.
func (s *scene) dieAt(ctx context.Context, p place, h *host) error {
	if err := s.arm(p, h); err != nil {
		return err
	}
	died := s.WorkerEnded()
	if _, err := s.submit(ctx, []*host{h}, nil); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("the worker did not come %s of %s: %w", p.name, h.FQDN(), ctx.Err())
	case <-died:
	}
	s.kills++
	return s.StartWorker(ctx)
}

func (s *scene) arm(p place, h *host) error {
	if p.point == "" {
		h.Inject("POST /patches/apply", 1, killBeforeAnswer(s.KillWorker))
		return nil
	}
	if err := os.WriteFile(filepath.Join(s.failpoints(), p.point+"@"+h.id), nil, 0o600); err != nil {
		return fmt.Errorf("arm a failpoint: %w", err)
	}
	return nil
}

// killBeforeAnswer does what is asked, and kills whoever asked before it could be answered. That nobody dies is found by who
// waits for it.
func killBeforeAnswer(kill func() error) agenttest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		agenttest.AcceptThenHang()(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			_ = kill()
		}))
	}
}
