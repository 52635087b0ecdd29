package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// badHosts are the ways in which each host of answerBadly answers badly: one of its own to each request, or one to all.
func badHosts() (hosts [][]badAnswer) {
	special := map[string]int{}
	for _, b := range badAnswers {
		if b.to == nil {
			continue
		}
		at := special[b.to[0]]
		special[b.to[0]]++
		if at == len(hosts) {
			hosts = append(hosts, nil)
		}
		hosts[at] = append(hosts[at], b)
	}
	for _, b := range badAnswers {
		if b.to == nil {
			hosts = append(hosts, []badAnswer{b})
		}
	}
	return hosts
}

func isTo(list []badAnswer, request string) bool {
	return slices.ContainsFunc(list, func(b badAnswer) bool { return b.isTo(request) })
}

func (b badAnswer) isTo(request string) bool { return b.to == nil || slices.Contains(b.to, request) }

// gaveBadly remembers which bad answers were given to which requests.
type gaveBadly struct {
	mu    sync.Mutex
	given map[string]map[string]bool // by answer, by request
}

// add reports whether nobody was answered so before.
func (g *gaveBadly) add(answer, request string) (first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	first = !g.given[answer][request]
	if g.given[answer] == nil {
		g.given[answer] = map[string]bool{}
	}
	g.given[answer][request] = true
	return first
}

// answerBadly has agents answer in every bad way. No such answer opens a gate, and what may have been carried out is never asked
// for again.
func answerBadly(ctx context.Context, s *scene) error {
	bad, given := badHosts(), &gaveBadly{given: map[string]map[string]bool{}}
	if err := s.answerBadlyAtTheGate(ctx, bad, given); err != nil {
		return err
	}
	s.awaitEnds(ctx)
	if err := s.expectPatchedAfterAll(ctx, bad); err != nil {
		return err
	}
	if err := s.takeNothing(ctx, bad, given); err != nil {
		return err
	}
	for _, b := range badAnswers {
		for _, request := range requests {
			s.expect(!b.isTo(request) || given.given[b.name][request], "nobody was answered with %s to %s", b.name, request)
		}
	}
	return nil
}

// answerBadlyAtTheGate has hosts answer badly about a healthy service until the gate has kept all of them, and then to every
// other request once.
func (s *scene) answerBadlyAtTheGate(ctx context.Context, bad [][]badAnswer, given *gaveBadly) error {
	var kept []*host
	names := map[string]bool{}
	for i, h := range s.hosts {
		if !isTo(bad[i], askService) {
			s.answerRestBadly(h, bad[i], given)
			continue
		}
		s.answersBadly(h, bad[i], askService, agenttest.Always, given, carriedOut)
		kept = append(kept, h)
		names[h.FQDN()] = true
	}
	if err := s.awaitUnhealthy(ctx, kept); err != nil {
		return err
	}
	if _, err := s.submit(ctx, s.hosts, nil); err != nil {
		return err
	}
	s.awaitRuns(ctx, func(r run) bool { return !names[r.FQDN] || r.atTheGate() })
	for i, h := range s.hosts {
		if names[h.FQDN()] {
			s.expect(!slices.Contains(h.Requests(), sendApply), "%s was sent a patch, and has answered about its service with %s", h.FQDN(), bad[i][0].name)
			h.ClearFaults()
			s.answerRestBadly(h, bad[i], given)
		}
	}
	return nil
}

// answerRestBadly has a host answer badly once to each request but those about services. What it is asked to do it does.
func (s *scene) answerRestBadly(h *host, bad []badAnswer, given *gaveBadly) {
	for _, request := range requests {
		if request != askService {
			s.answersBadly(h, bad, request, 1, given, carriedOut)
		}
	}
}

// answersBadly has a host answer badly to a request, where one of its ways is for that, and counts a fault when it is met.
func (s *scene) answersBadly(h *host, bad []badAnswer, request string, times int, given *gaveBadly, right func(*http.Request, http.Handler) reply) {
	i := slices.IndexFunc(bad, func(b badAnswer) bool { return b.isTo(request) })
	if i < 0 {
		return
	}
	h.Inject(request, times, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if given.add(bad[i].name, request) || times == 1 {
			s.met.Add(1)
		}
		bad[i].give(w, r, right(r, next))
	})
}

// takeNothing has hosts answer the request to patch just as badly, and not carry it out. Nobody can know that.
func (s *scene) takeNothing(ctx context.Context, bad [][]badAnswer, given *gaveBadly) error {
	var sent []*host
	for i, h := range s.hosts {
		if isTo(bad[i], sendApply) {
			h.ResetPatches()
			s.answersBadly(h, bad[i], sendApply, 1, given, notCarriedOut)
			sent = append(sent, h)
		}
	}
	job, err := s.submit(ctx, sent, nil)
	if err != nil {
		return err
	}
	s.awaitEnds(ctx)
	runs, err := s.runsOf(ctx, job)
	if err != nil {
		return err
	}
	byName := byName(runs)
	for _, h := range sent {
		s.expectRun(h, "a bad answer to a request that it does not carry out", byName[h.FQDN()], "indeterminate", 2, 1)
	}
	return nil
}

// carriedOut does what is asked.
func carriedOut(r *http.Request, next http.Handler) reply {
	kept := &keptReply{reply: reply{status: http.StatusOK}}
	next.ServeHTTP(kept, r)
	return kept.reply
}

// notCarriedOut only says that it does what is asked.
func notCarriedOut(*http.Request, http.Handler) reply {
	envelope, err := agent.Succeed(uuid.NewString(), time.Now(), agent.JobAccepted{
		JobID: uuid.NewString(), Status: agent.JobPending, Operation: applied, Packages: []string{openssl},
	})
	body, encoding := json.Marshal(envelope)
	if err != nil || encoding != nil {
		return reply{status: http.StatusInternalServerError} // not of what these are
	}
	return reply{http.StatusAccepted, body}
}

// keptReply is an answer that is not sent.
type keptReply struct{ reply }

func (k *keptReply) Header() http.Header    { return http.Header{} }
func (k *keptReply) WriteHeader(status int) { k.status = status }

func (k *keptReply) Write(b []byte) (int, error) {
	k.body = append(k.body, b...)
	return len(b), nil
}

// expectPatchedAfterAll expects that every host is patched after all, and that nothing was sent on the word of a bad answer:
// whatever the gate asks was asked again.
func (s *scene) expectPatchedAfterAll(ctx context.Context, bad [][]badAnswer) error {
	runs, err := s.runs(ctx)
	if err != nil {
		return err
	}
	byName := byName(runs)
	for i, h := range s.hosts {
		s.expectRun(h, bad[i][0].name, byName[h.FQDN()], "succeeded", 1, 1)
		before := map[string]int{}
		for _, asked := range h.Requests() {
			if asked == sendApply {
				break
			}
			before[asked]++
		}
		for _, request := range []string{askHealth, askPatches, askJobs, askInfo} {
			s.expect(!isTo(bad[i], request) || before[request] > 1, "%s was patched after a bad answer to %s, which was not asked again", h.FQDN(), request)
		}
	}
	return nil
}

func byName(runs []run) map[string]run {
	found := map[string]run{}
	for _, r := range runs {
		found[r.FQDN] = r
	}
	return found
}

// expectRun expects how a host ends, how often it was sent a patch and how often it carried one out.
func (s *scene) expectRun(h *host, what string, r run, status string, sent, done int) {
	requests, executions := 0, len(s.Fleet.ExecutionsOf(h.FQDN(), applied))
	for _, line := range h.Requests() {
		if line == sendApply {
			requests++
		}
	}
	s.expect(r.Status == status, "%s, which answers with %s, is %s and not %s: %s", h.FQDN(), what, r.Status, status, r.Detail)
	s.expect(requests == sent && executions == done, "%s, which answers with %s, was sent %d patches and carried out %d, instead of %d and %d",
		h.FQDN(), what, requests, executions, sent, done)
}
