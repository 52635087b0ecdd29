package agenttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// operationApply and operationReboot are the operations as Execution spells them.
const (
	operationApply  = agent.OperationApply
	operationReboot = agent.OperationReboot
)

// maxJobs is how many jobs an agent runs at a time.
const maxJobs = 5

// JobPlan says how the applies of a host go from now on. The zero value installs everything.
type JobPlan struct {
	Duration     time.Duration // 0 means that of the spec
	RunningAs    string        // the status while it runs; empty means running
	EndsAs       string        // the status at the end; empty means completed
	Never        bool          // does not end
	ErrorCode    string        // of a job that ends as failed
	NotInstalled []string      // left pending by a job that completes
	Installs     bool          // installs although it does not end as completed
	Breaks       string        // the service that is unhealthy afterwards
}

// PlanJobs sets the plan of the applies to come.
func (h *Host) PlanJobs(p JobPlan) { h.change(func(time.Time) { h.plan = p }) }

// job is one job; how far it is follows from the clock.
type job struct {
	ID        string      `json:"id"`
	Operation string      `json:"operation"`
	Packages  []PatchSpec `json:"packages"`
	Key       string      `json:"key"`
	CreatedAt time.Time   `json:"created_at"`
	EndsAt    time.Time   `json:"ends_at"`
	skew      time.Duration
	Plan      JobPlan `json:"plan"`
}

func (j *job) finished(now time.Time) bool { return !j.Plan.Never && !now.Before(j.EndsAt) }

func (j *job) progress(now time.Time) int {
	if j.finished(now) {
		return 100
	}
	done := float64(now.Sub(j.CreatedAt)) / float64(j.EndsAt.Sub(j.CreatedAt))
	return int(100 * min(max(done, 0), 0.99))
}

func (j *job) status(now time.Time, q Quirks) string {
	switch {
	case !j.finished(now) && j.Plan.RunningAs != "":
		return j.Plan.RunningAs
	case !j.finished(now) && j.progress(now) < 5:
		return agent.JobPending
	case !j.finished(now):
		return agent.JobRunning
	case j.Plan.EndsAs == agent.JobTimedOut:
		return q.TimedOut
	case j.Plan.EndsAs != "":
		return j.Plan.EndsAs
	}
	return agent.JobCompleted
}

func (j *job) names() []string {
	names := []string{}
	for _, p := range j.Packages {
		names = append(names, p.Name)
	}
	return names
}

// lines are what apt had printed by then.
func (j *job) lines(now time.Time) []string {
	if j.Operation == operationReboot {
		return []string{"The system will reboot now!"}
	}
	lines := []string{
		"Reading package lists...", "Building dependency tree...", "Reading state information...",
		"The following packages will be upgraded:", "  " + strings.Join(j.names(), " "),
		fmt.Sprintf("%d upgraded, 0 newly installed, 0 to remove and 0 not upgraded.", len(j.Packages)),
	}
	for i, p := range j.Packages {
		lines = append(lines, fmt.Sprintf("Get:%d http://deb.example.internal bookworm-security/main amd64 %s amd64 %s", i+1, p.Name, p.To))
	}
	for _, p := range j.Packages {
		lines = append(lines, fmt.Sprintf("Unpacking %s (%s) over (%s) ...", p.Name, p.To, p.From))
	}
	for _, p := range j.Packages {
		lines = append(lines, fmt.Sprintf("Setting up %s (%s) ...", p.Name, p.To))
	}
	if j.Plan.ErrorCode != "" && j.finished(now) {
		return append(lines[:len(lines)-len(j.Packages)], "E: Sub-process /usr/bin/dpkg returned an error code (1)")
	}
	return lines[:len(lines)*j.progress(now)/100]
}

// apply starts a job for the packages named, all of those pending when nil. It reports false when too many jobs run.
func (h *Host) apply(names []string, key string) (*job, bool) {
	h.mu.Lock()
	now := h.settle()
	if j := h.known(key); j != nil {
		h.mu.Unlock()
		return j, true
	}
	if h.running(now) >= maxJobs {
		h.mu.Unlock()
		return nil, false
	}
	packages := slices.DeleteFunc(h.pending(), func(p PatchSpec) bool { return names != nil && !slices.Contains(names, p.Name) })
	j := h.newJob(operationApply, key, now, cmpOr(h.plan.Duration, h.spec.ApplyDuration))
	j.Packages, j.Plan = packages, h.plan
	if !j.Plan.Never {
		h.state.Installing = append(h.state.Installing, j.effect())
	}
	h.mu.Unlock()
	h.carryOut(j)
	return j, true
}

// reboot schedules a reboot.
func (h *Host) reboot(delay time.Duration, key string) *job {
	h.mu.Lock()
	now := h.settle()
	if j := h.known(key); j != nil {
		h.mu.Unlock()
		return j
	}
	j := h.newJob(operationReboot, key, now, delay)
	h.state.RebootAt = j.EndsAt
	h.mu.Unlock()
	h.carryOut(j)
	return j
}

func cmpOr(a, b time.Duration) time.Duration {
	if a > 0 {
		return a
	}
	return b
}

func (h *Host) newJob(operation, key string, now time.Time, duration time.Duration) *job {
	j := &job{ID: newID(), Operation: operation, Key: key, CreatedAt: now, EndsAt: now.Add(duration), skew: h.skew}
	h.state.Jobs = append(h.state.Jobs, j)
	return j
}

func (h *Host) carryOut(j *job) {
	h.fleet.record(Execution{
		FQDN: h.spec.FQDN, JobID: j.ID, Operation: j.Operation, Packages: j.names(), Key: j.Key,
		StartedAt: j.CreatedAt, EndsAt: j.EndsAt, Skew: j.skew,
	})
	h.fleet.save()
}

// effect is what the job will have done to the host at its end.
func (j *job) effect() installing {
	i := installing{At: j.EndsAt, Breaks: j.Plan.Breaks}
	if j.Plan.EndsAs != "" && j.Plan.EndsAs != agent.JobCompleted && !j.Plan.Installs {
		return i
	}
	for _, p := range j.Packages {
		if p.Held || slices.Contains(j.Plan.NotInstalled, p.Name) {
			continue
		}
		i.Packages = append(i.Packages, p.Name)
		i.Reboot = i.Reboot || p.RequiresReboot
	}
	return i
}

// known finds the job of a key where the version honours keys.
func (h *Host) known(key string) *job {
	if key == "" || !h.spec.Quirks.HonoursKeys {
		return nil
	}
	for _, j := range h.state.Jobs {
		if j.Key == key {
			return j
		}
	}
	return nil
}

func (h *Host) running(now time.Time) (n int) {
	for _, j := range h.state.Jobs {
		if !j.finished(now) {
			n++
		}
	}
	return n
}
