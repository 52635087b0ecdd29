package main

import (
	"context"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// misbehaving is what an agent does to some request.
type misbehaving struct {
	request string
	times   int
	fault   agenttest.Fault
	then    *misbehaving // from when that is met
}

// hanging agents take requests and do not answer, or so slowly that it is as good as none.
var hanging = []misbehaving{
	{"POST /patches/apply", 1, agenttest.AcceptThenHang(), nil},
	{"POST /patches/apply", 1, agenttest.Hang(), nil},
	{"GET /jobs/", 2, agenttest.Hang(), nil},
	{"GET /jobs/", 2, agenttest.Drip(time.Second), nil},
	{"GET /health", 1, agenttest.Hang(), nil},
	{"GET /patches", 1, agenttest.Drip(time.Second), nil},
}

// afterAccepting agents do what is asked and then say something else, some also when they are asked what became of it.
var afterAccepting = []misbehaving{
	{"POST /patches/apply", 1, agenttest.AcceptThenReset(), nil},
	{"POST /patches/apply", 1, acceptThenFail, nil},
	{"POST /patches/apply", 1, agenttest.Truncate(5), nil},
	{"POST /patches/apply", 1, agenttest.AcceptThenReset(), &misbehaving{"GET /jobs", 2, agenttest.Reset(), nil}},
	{"POST /patches/apply", 1, acceptThenFail, &misbehaving{"GET /jobs", 2, agenttest.Answer(http.StatusInternalServerError, ""), nil}},
}

func acceptThenFail(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(discarded{}, r)
	agenttest.Problem(http.StatusInternalServerError, "INTERNAL_ERROR", 0)(w, r, next)
}

// discarded is an answer that nobody gets.
type discarded struct{}

func (discarded) Header() http.Header         { return http.Header{} }
func (discarded) Write(b []byte) (int, error) { return len(b), nil }
func (discarded) WriteHeader(int)             {}

// misbehave has the agents of hosts misbehave, each in one of the ways, and patches all of them.
func misbehave(ways []misbehaving) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		for i, h := range s.hosts {
			s.misbehaves(h, ways[i%len(ways)])
		}
		_, err := s.submit(ctx, s.hosts, nil)
		return err
	}
}

// misbehaves counts a fault when it is met.
func (s *scene) misbehaves(h *host, m misbehaving) {
	h.Inject(m.request, m.times, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		s.met.Add(1)
		if m.then != nil {
			s.misbehaves(h, *m.then)
		}
		m.fault(w, r, next)
	})
}

// restartAgents has agents restart and hosts reboot in the midst of their patch; both forget their jobs.
func restartAgents(ctx context.Context, s *scene) error {
	for _, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{Duration: 4 * time.Second})
	}
	if _, err := s.submit(ctx, s.hosts, map[string]any{"max_parallel": "50%", "allow_reboot": true}); err != nil {
		return err
	}
	met := map[string]bool{}
	for len(met) < len(s.hosts) {
		for i, h := range s.hosts {
			if met[h.FQDN()] || len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) == 0 {
				continue
			}
			met[h.FQDN()] = true
			s.faults++
			after := between(s.random, 0, 4*time.Second)
			if i%2 == 0 {
				time.AfterFunc(after, h.RestartAgent)
			} else {
				time.AfterFunc(after, h.Reboot)
			}
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
	return nil
}
