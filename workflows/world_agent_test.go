package workflows_test

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// agentState is a host's agent in memory.
type agentState struct {
	pending       []fleet.Patch
	booted        time.Time
	cacheUpdated  time.Time
	pendingReboot bool
	jobs          []fleet.AgentJob
	takes         int // looks at a job until it is complete
	executions    []time.Time
	reboots       int
	unreachable   bool

	applies    func() fleet.SendOutcome // what an apply comes to; nil: accepted
	loses      bool                     // the answer to an apply is lost after it was carried out
	forgets    bool                     // the agent restarts after an apply and forgets its jobs
	wantReboot bool                     // an apply leaves a reboot pending
	rawStatus  string                   // what a running job calls its status
	outcome    fleet.AgentJobStatus     // what a job ends as; empty: completed
}

type agentConn struct {
	w *world
	m *member
}

func (c *agentConn) clock() fleet.AgentClock {
	now := c.w.now()
	return fleet.AgentClock{Agent: now, Sent: now, Received: now}
}

// asked runs do on the agent, unless it can not be reached.
func (c *agentConn) asked(do func(a *agentState)) error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.m.agent.unreachable {
		return fmt.Errorf("dial: %w", fleet.ErrAgentUnreachable)
	}
	do(&c.m.agent)
	return nil
}

func (c *agentConn) Health(context.Context) (h fleet.AgentHealth, err error) {
	err = c.asked(func(a *agentState) {
		updated := a.cacheUpdated
		h = fleet.AgentHealth{Clock: c.clock(), Status: "healthy", Uptime: c.w.now().Sub(a.booted), CacheStatus: "fresh", LastCacheUpdate: &updated}
	})
	return h, err
}

func (c *agentConn) SystemInfo(context.Context) (i fleet.AgentSystemInfo, err error) {
	err = c.asked(func(a *agentState) { i = fleet.AgentSystemInfo{Clock: c.clock(), PendingReboot: a.pendingReboot} })
	return i, err
}

func (c *agentConn) Service(context.Context, string) (fleet.AgentService, error) {
	panic("the world's prober answers")
}

func (c *agentConn) Patches(context.Context) (p fleet.AgentPatches, err error) {
	err = c.asked(func(a *agentState) {
		p = fleet.AgentPatches{Clock: c.clock(), Patches: append([]fleet.Patch{}, a.pending...)}
	})
	return p, err
}

func (c *agentConn) Jobs(context.Context) (jobs []fleet.AgentJob, err error) {
	err = c.asked(func(a *agentState) { jobs = append(jobs, a.jobs...) })
	return jobs, err
}

func (c *agentConn) Job(_ context.Context, id string) (job fleet.AgentJob, err error) {
	unreachable := c.asked(func(a *agentState) {
		for i := range a.jobs {
			if a.jobs[i].ID != id {
				continue
			}
			a.look(&a.jobs[i])
			job = a.jobs[i]
			return
		}
		err = &fleet.AgentError{Status: 404, Code: fleet.AgentCodeJobNotFound, Message: "job not found"}
	})
	if unreachable != nil {
		err = unreachable
	}
	return job, err
}

// look moves a job on by one look.
func (a *agentState) look(j *fleet.AgentJob) {
	a.takes--
	if a.takes > 0 {
		j.Status, j.RawStatus, j.Progress, j.Logs = fleet.AgentJobRunning, "running", 50, []string{"Unpacking"}
		if a.rawStatus != "" {
			j.Status, j.RawStatus = fleet.AgentJobUnknown, a.rawStatus
		}
		return
	}
	j.Status, j.Progress, j.Logs = fleet.AgentJobCompleted, 100, []string{"Unpacking", "Setting up"}
	if a.outcome != "" {
		j.Status, j.ErrorCode, j.Error = a.outcome, "DEPENDENCY_CONFLICT", "unmet dependencies"
		return
	}
	a.install()
}

func (a *agentState) install() {
	var held []fleet.Patch
	for _, p := range a.pending {
		if p.Held {
			held = append(held, p)
		}
	}
	a.pending, a.pendingReboot = held, a.pendingReboot || a.wantReboot
}

func (c *agentConn) Apply(_ context.Context, o fleet.ApplyOrder) (res fleet.SendResult) {
	err := c.asked(func(a *agentState) {
		res = fleet.SendResult{Outcome: fleet.SendAccepted, JobID: o.IdempotencyKey}
		if a.applies != nil {
			res.Outcome = a.applies()
			res.Detail = "as the test wants it"
		}
		if res.Outcome != fleet.SendAccepted {
			return
		}
		now := c.w.now()
		a.executions = append(a.executions, now)
		a.jobs = append(a.jobs, fleet.AgentJob{ID: o.IdempotencyKey, Operation: fleet.AgentApply, Status: fleet.AgentJobPending, CreatedAt: &now, Packages: o.Packages})
		if a.loses {
			res = fleet.SendResult{Outcome: fleet.SendUnknown, Detail: "connection reset"}
		}
		if a.forgets {
			a.install()
			a.jobs = nil
		}
	})
	if err != nil {
		return fleet.SendResult{Outcome: fleet.SendNotSent, Detail: err.Error()}
	}
	return res
}

func (c *agentConn) Reboot(context.Context, fleet.RebootOrder) (res fleet.SendResult) {
	err := c.asked(func(a *agentState) {
		a.reboots++
		a.pendingReboot, a.jobs = false, nil
		a.booted = c.w.now().Add(time.Nanosecond)
		res = fleet.SendResult{Outcome: fleet.SendAccepted, JobID: "reboot"}
	})
	if err != nil {
		return fleet.SendResult{Outcome: fleet.SendNotSent, Detail: err.Error()}
	}
	return res
}

func (c *agentConn) CertificateNotAfter() *time.Time { return nil }

func (c *agentConn) Close() {}
