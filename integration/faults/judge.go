package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// testimony is what is known after a cell. What was done to hosts is from their own logs.
type testimony struct {
	executions []agenttest.Execution
	evidence   map[string][]agenttest.Evidence // by host
	windows    map[string]window               // by host
	checks     map[string][]string             // by host, what was checked of it whenever it was patched
	requests   map[string][]agenttest.Request  // by host
	intents    map[string]intent               // by the key that is sent with them
	refuted    []string                        // intents before which the newest result of a check was a failing one
	runs       []run
	jobs       map[string]jobState
	accepted   map[string]int // hosts of the jobs that were answered for, by job
	changed    map[string]int // changes that were answered for, by the action of their audit entries
	audited    map[string]int // entries of those actions
	chain      string         // what is wrong with the audit chain; empty if nothing
}

type intent struct{ job, fqdn string }

// jobState is a job as the API tells of it.
type jobState struct {
	Status      string     `json:"status"`
	CompletedAt *time.Time `json:"completed_at"`
}

type window struct{ start, end time.Time }

// run is a host of a job as the API tells of it.
type run struct {
	Job    string
	FQDN   string  `json:"fqdn"`
	Status string  `json:"status"`
	Reason *string `json:"reason"`
	Detail string  `json:"detail"`
}

const applied = "patch_apply"

// ends counts runs by how they ended.
func (t testimony) ends() map[string]int {
	ends := map[string]int{}
	for _, r := range t.runs {
		end := r.Status
		if r.Reason != nil {
			end += " " + *r.Reason
		}
		ends[end]++
	}
	return ends
}

// judge returns which invariants were violated, and how. Letters are those of docs/reliability.md.
func judge(t testimony) []string {
	return slices.Concat(twice(t), resent(t), concurrently(t), outside(t), unhealthy(t), t.refuted, unended(t), unaudited(t))
}

// twice is (a): a job has a host carry out one patch and one reboot at most, and nothing without an intent.
func twice(t testimony) (violations []string) {
	type once struct{ job, fqdn, operation string }
	counts := map[once]int{}
	for _, e := range t.executions {
		meant, ok := t.intents[strings.TrimSuffix(e.Key, "-reboot")]
		if !ok || meant.fqdn != e.FQDN {
			violations = append(violations, fmt.Sprintf("(a) %s carried out a %s of no intent, at %s", e.FQDN, e.Operation, at(e.StartedAt)))
			continue
		}
		counts[once{meant.job, e.FQDN, e.Operation}]++
	}
	for o, n := range counts {
		if n > 1 {
			violations = append(violations, fmt.Sprintf("(a) %s carried out %d times %s of job %s", o.fqdn, n, o.operation, o.job))
		}
	}
	return violations
}

// resent is (a) where an agent knows a key again and carries it out once: no request to patch is sent twice.
func resent(t testimony) (violations []string) {
	for fqdn, requests := range t.requests {
		sent := map[string]int{}
		for _, r := range requests {
			if r.Line == "POST /patches/apply" {
				sent[r.Key]++
			}
		}
		for key, n := range sent {
			if n > 1 {
				violations = append(violations, fmt.Sprintf("(a) %s was sent request %s %d times", fqdn, key, n))
			}
		}
	}
	return violations
}

// concurrently is (b): what a host carries out begins after what it carried out before.
func concurrently(t testimony) (violations []string) {
	byHost := map[string][]agenttest.Execution{}
	for _, e := range t.executions {
		byHost[e.FQDN] = append(byHost[e.FQDN], e)
	}
	for fqdn, list := range byHost {
		slices.SortFunc(list, func(a, b agenttest.Execution) int { return a.StartedAt.Compare(b.StartedAt) })
		for i := 1; i < len(list); i++ {
			if list[i].StartedAt.Before(list[i-1].EndsAt) {
				violations = append(violations, fmt.Sprintf("(b) %s began a %s at %s while a %s ran until %s",
					fqdn, list[i].Operation, at(list[i].StartedAt), list[i-1].Operation, at(list[i-1].EndsAt)))
			}
		}
	}
	return violations
}

// outside is (c): a patch begins in [start, end - cutoff) of the host's window by the host's own clock. Where that is apart from
// the others, it is by as much as it is, but by no more than the product tolerates.
func outside(t testimony) (violations []string) {
	for _, e := range t.executions {
		w, began, tolerated := t.windows[e.FQDN], e.StartedAt.Add(e.Skew), min(e.Skew.Abs(), maxClockSkew)
		if e.Operation == applied && (began.Before(w.start.Add(-tolerated)) || !began.Before(w.end.Add(tolerated-cutoff))) {
			violations = append(violations, fmt.Sprintf("(c) %s was patched at %s, its window is from %s to %s less %s",
				e.FQDN, at(began), at(w.start), at(w.end), cutoff))
		}
	}
	return violations
}

// unhealthy is (d): by its own word each thing that is checked was healthy in the 30 s before a patch. What the manager knew
// better is in testimony.refuted.
func unhealthy(t testimony) (violations []string) {
	for _, e := range t.executions {
		if e.Operation != applied {
			continue
		}
		for _, check := range t.checks[e.FQDN] {
			if !saidHealthy(t.evidence[e.FQDN], check, e.StartedAt) {
				violations = append(violations, fmt.Sprintf("(d) %s was patched at %s, and %s was not healthy in the %s before", e.FQDN, at(e.StartedAt), check, maxAge))
			}
		}
	}
	return violations
}

func saidHealthy(evidence []agenttest.Evidence, check string, before time.Time) bool {
	return slices.ContainsFunc(evidence, func(e agenttest.Evidence) bool {
		age := before.Sub(e.At)
		return e.Of == check && e.Healthy && age >= 0 && age <= maxAge
	})
}

var ended = []string{"succeeded", "failed", "cancelled", "skipped", "indeterminate"}

// unended is (e): whatever was accepted has its hosts, and it and each of them ended, each with a reason.
func unended(t testimony) (violations []string) {
	hosts := map[string]int{}
	for _, r := range t.runs {
		hosts[r.Job]++
		switch {
		case !slices.Contains(ended, r.Status):
			violations = append(violations, fmt.Sprintf("(e) %s of job %s is %s: %s", r.FQDN, r.Job, r.Status, r.Detail))
		case r.Reason == nil || *r.Reason == "":
			violations = append(violations, fmt.Sprintf("(e) %s of job %s is %s without a reason", r.FQDN, r.Job, r.Status))
		}
	}
	for job, n := range t.accepted {
		if hosts[job] != n {
			violations = append(violations, fmt.Sprintf("(e) job %s was accepted with %d hosts and has %d", job, n, hosts[job]))
		}
		if j := t.jobs[job]; !slices.Contains(jobEnds, j.Status) || j.CompletedAt == nil {
			violations = append(violations, fmt.Sprintf("(e) job %s is %s", job, j.Status))
		}
	}
	return violations
}

var jobEnds = append([]string{"partially_succeeded"}, ended...)

// unaudited is (f): one entry for each change, none besides, in a chain that verifies.
func unaudited(t testimony) (violations []string) {
	for action, n := range t.changed {
		if t.audited[action] != n {
			violations = append(violations, fmt.Sprintf("(f) %s was answered for %d times and audited %d times", action, n, t.audited[action]))
		}
	}
	if t.chain != "" {
		violations = append(violations, "(f) the audit does not verify: "+t.chain)
	}
	return violations
}

func at(t time.Time) string { return t.UTC().Format("15:04:05.000") }
