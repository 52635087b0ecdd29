package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// preflight is what the agent said right before the intent.
type preflight struct {
	health  fleet.AgentHealth
	patches fleet.AgentPatches
	jobs    []fleet.AgentJob
	info    fleet.AgentSystemInfo
}

// hold is why the agent's answers do not let the host through for now.
type hold struct {
	status fleet.Status
	wait   fleet.Wait
}

func (r *run) preflight(ctx context.Context, conn fleet.AgentConn) (preflight, *hold) {
	var p preflight
	err := r.asking(ctx, func(ctx context.Context) (err error) { p.health, err = conn.Health(ctx); return err })
	if err == nil {
		err = r.asking(ctx, func(ctx context.Context) (err error) { p.patches, err = conn.Patches(ctx); return err })
	}
	if err == nil {
		err = r.asking(ctx, func(ctx context.Context) (err error) { p.jobs, err = conn.Jobs(ctx); return err })
	}
	if err == nil {
		err = r.asking(ctx, func(ctx context.Context) (err error) { p.info, err = conn.SystemInfo(ctx); return err })
	}
	if err != nil {
		return p, &hold{fleet.StatusWaitingHealthCheck, fleet.Wait{
			Reason: fleet.WaitAgent, Detail: fleet.Clip("the host's agent: " + err.Error()), Unblocks: "the agent answers",
		}}
	}
	if w := r.hostApart(p.health.Clock.Skew()); w != nil {
		return p, &hold{fleet.StatusWaitingHealthCheck, *w}
	}
	for _, j := range p.jobs {
		if !j.Status.Finished() && (j.Operation == fleet.AgentApply || j.Operation == fleet.AgentReboot) {
			return p, &hold{fleet.StatusWaitingSlot, fleet.Wait{
				Reason: fleet.WaitHostBusy, Detail: fmt.Sprintf("the host: its agent runs %s, job %s", j.Operation, j.ID),
				Unblocks: "the end of the agent's job",
			}}
		}
	}
	return p, nil
}

// asking bounds one request to an agent.
func (r *run) asking(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.policy.AgentTimeout)
	defer cancel()
	return request(ctx)
}

// order decides what would be sent, or that the host ends because there is nothing to send.
func (r *run) order(ctx context.Context, p preflight) (fleet.AdmitRequest, *fleet.Ending, error) {
	req := fleet.AdmitRequest{
		JobID: r.ref.JobID, HostID: r.ref.HostID, AttemptID: newAttemptID(), Gate: r.policy.Gate, Cutoffs: r.policy.Cutoffs,
		SendWithin: r.policy.SendWithin, Uptime: p.health.Uptime,
	}
	for _, j := range p.jobs {
		req.AgentJobs = append(req.AgentJobs, j.ID)
	}
	known, err := r.store.KnownAgentJobs(ctx, r.ref.HostID)
	if err != nil {
		return req, nil, err
	}
	// The agent stamps its jobs by its own clock, and some agents to the second.
	since := r.Job.CreatedAt.Add(-r.policy.Gate.MaxClockSkew - time.Second)
	if j := unknownApply(p.jobs, known, since, r.Job.Packages); j != nil {
		req.Adopt, req.Packages = j.ID, fleet.AdoptPackages(j.Packages, p.patches.Patches)
		return req, nil, nil
	}
	req.Packages = fleet.ChoosePackages(r.Job.Packages, p.patches.Patches)
	if len(names(req.Packages)) > 0 {
		return req, nil, nil
	}
	e := r.orderNothing(&req, p)
	return req, e, nil
}

// orderNothing handles a host that lists nothing to send: it may still want the reboot of an earlier update.
func (r *run) orderNothing(req *fleet.AdmitRequest, p preflight) *fleet.Ending {
	if age, old := cacheTooOld(p.health, r.Now, r.policy.MaxCacheAge); old {
		return &fleet.Ending{
			Status: fleet.StatusFailed, Reason: fleet.ReasonStalePackageCache,
			Detail: fmt.Sprintf("the host lists no update, but its package cache is %s; at most %s counts", age, r.policy.MaxCacheAge),
		}
	}
	switch wants := p.info.PendingReboot; { // what the list says of reboots is about updates that are not sent
	case wants && r.Job.AllowReboot:
		req.RebootOnly = true
		return nil
	case wants:
		return &fleet.Ending{
			Status: fleet.StatusSucceeded, Reason: fleet.ReasonRebootDeferred,
			Detail: "no update to send" + heldDetail(req.Packages) + "; the host asks for a reboot, which this job does not allow",
		}
	}
	return &fleet.Ending{Status: fleet.StatusSucceeded, Reason: fleet.ReasonNothingToDo, Detail: "no update to send" + heldDetail(req.Packages)}
}

func heldDetail(packages []fleet.PackageResult) string {
	n := 0
	for _, p := range packages {
		if p.Result == fleet.PackageHeld {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d held back by the host", n)
}

// cacheTooOld reports whether "nothing pending" can not be believed. An agent that does not say when its cache was
// updated is believed only if it calls the cache fresh.
func cacheTooOld(h fleet.AgentHealth, now time.Time, limit time.Duration) (string, bool) {
	if h.LastCacheUpdate == nil {
		return "of unknown age (" + h.CacheStatus + ")", h.CacheStatus != "fresh"
	}
	age := now.Sub(*h.LastCacheUpdate)
	return age.Round(time.Minute).String() + " old", age > limit
}

// unknownApply finds an apply that finished on the host since the given time, that no attempt of ours accounts for and
// that may be of a job which wants those packages (all where nil): a database restored from an earlier day must not send
// it again.
func unknownApply(jobs []fleet.AgentJob, known []string, since time.Time, wanted []string) *fleet.AgentJob {
	for _, j := range jobs {
		if j.Operation == fleet.AgentApply && j.Status.Finished() && j.CreatedAt != nil && !j.CreatedAt.Before(since) &&
			!slices.Contains(known, j.ID) && (wanted == nil || within(j.Packages, wanted)) {
			return &j
		}
	}
	return nil
}

func within(names, wanted []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(wanted, n) })
}
