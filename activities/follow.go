package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// FollowPatch follows a dispatched patch to its end, stores progress and output, and verifies the host, or says that it is to
// be rebooted first. A request or a job that was lost is looked for on the agent, then judged by what the host
// still lists as pending; what stays open after the settle timeout is indeterminate.
func (a *Runs) FollowPatch(ctx context.Context, ref HostRef) (Step, error) {
	step, err := a.follow(ctx, ref)
	return a.verifyNow(ctx, ref, step, err)
}

func (a *Runs) follow(ctx context.Context, ref HostRef) (Step, error) {
	left := leftBehind(ctx)
	beat := stayAlive(ctx, left)
	defer beat.done()
	for {
		r, err := a.load(ctx, ref)
		if err != nil {
			return Step{}, err
		}
		if step, ok, err := r.resume(ctx); !ok || err != nil || step.Next != StepFollow || r.moved() {
			if !ok && err == nil { // the sender came back: nothing had been sent
				return a.planHost(ctx, ref)
			}
			return step, err
		}
		if step, done, err := r.look(ctx, &left); done || err != nil {
			return step, err
		}
		if err := beat.pause(a.policy.PollInterval, left); err != nil {
			return Step{}, err
		}
	}
}

// look asks the agent once how far it is; done where the patch came to an end.
func (r *run) look(ctx context.Context, left *handover) (Step, bool, error) {
	conn := r.agents.Connect(r.Host.Endpoint())
	defer conn.Close()
	job, err := r.findJob(ctx, conn)
	switch {
	case err != nil && !lost(err):
		return r.unreachable(ctx, err)
	case err != nil:
		return r.settle(ctx, conn, left)
	}
	left.LostSince = time.Time{}
	if err := r.keepOutput(ctx, job); err != nil {
		return Step{}, false, err
	}
	if err := r.store.SaveProgress(ctx, r.ref.JobID, r.ref.HostID, job.Progress); err != nil {
		return Step{}, false, err
	}
	switch {
	case job.Status == fleet.AgentJobCompleted:
		return r.applied(ctx, conn)
	case job.Status.Finished():
		step, err := r.applyFailed(ctx, conn, job)
		return step, true, err
	}
	if r.Now.Sub(r.Attempt.PreparedAt) > r.policy.FollowTimeout {
		return r.openEnded(ctx, fleet.ReasonFollowTimeout, fmt.Sprintf("the agent's job is still %q after %s", job.RawStatus, r.policy.FollowTimeout))
	}
	return Step{}, false, nil
}

var errJobLost = errors.New("the agent has no job that is surely ours")

func lost(err error) bool {
	return errors.Is(err, errJobLost) || fleet.AgentCode(err) == fleet.AgentCodeJobNotFound
}

// findJob returns the agent's job of the attempt; after a lost answer it adopts the one new apply with our packages.
func (r *run) findJob(ctx context.Context, conn fleet.AgentConn) (job fleet.AgentJob, err error) {
	id := r.Attempt.AgentJobID
	if id == "" {
		if id, err = r.adopt(ctx, conn); err != nil {
			return job, err
		}
	}
	err = r.asking(ctx, func(ctx context.Context) (err error) { job, err = conn.Job(ctx, id); return err })
	return job, err
}

func (r *run) adopt(ctx context.Context, conn fleet.AgentConn) (string, error) {
	var jobs []fleet.AgentJob
	err := r.asking(ctx, func(ctx context.Context) (err error) { jobs, err = conn.Jobs(ctx); return err })
	if err != nil {
		return "", err
	}
	id := fleet.FindLostApply(jobs, *r.Attempt)
	if id == "" {
		return "", errJobLost
	}
	return id, r.store.RecordAccepted(ctx, *r.Attempt, r.ref.JobID, r.ref.HostID, id)
}

// settle judges a patch whose job the agent does not know by what the host still lists as pending.
func (r *run) settle(ctx context.Context, conn fleet.AgentConn, left *handover) (Step, bool, error) {
	if left.LostSince.IsZero() {
		left.LostSince = r.Now
	}
	var patches fleet.AgentPatches
	err := r.asking(ctx, func(ctx context.Context) (err error) { patches, err = conn.Patches(ctx); return err })
	if err != nil {
		return r.unreachable(ctx, err)
	}
	judged, pending := fleet.JudgePackages(r.Attempt.Packages, patches.Patches)
	if len(pending) == 0 {
		if err := r.store.SavePackages(ctx, r.Attempt.ID, judged); err != nil {
			return Step{}, false, err
		}
		return r.applied(ctx, conn)
	}
	if r.Now.Sub(left.LostSince) < r.policy.SettleTimeout {
		return Step{}, false, nil
	}
	return r.openEnded(ctx, fleet.ReasonOutcomeUnknown, fmt.Sprintf(
		"the agent does not know the request and the host still lists %s", strings.Join(pending, ", ")))
}

// unreachable waits for an agent that does not answer, to the end of the follow timeout.
func (r *run) unreachable(ctx context.Context, err error) (Step, bool, error) {
	if ctx.Err() != nil {
		return Step{}, false, ctx.Err()
	}
	if r.Now.Sub(r.Attempt.PreparedAt) <= r.policy.FollowTimeout {
		r.log().WarnContext(ctx, "agent not reached while following", "error", err)
		return Step{}, false, nil
	}
	return r.openEnded(ctx, fleet.ReasonFollowTimeout, fmt.Sprintf("no word of the patch within %s: %v", r.policy.FollowTimeout, err))
}

// openEnded ends the run with the outcome open: an operator has to settle it.
func (r *run) openEnded(ctx context.Context, reason fleet.Reason, detail string) (Step, bool, error) {
	packages := slices.Clone(r.Attempt.Packages)
	for i := range packages {
		if packages[i].Result == fleet.PackagePending {
			packages[i].Result = fleet.PackageUnknown
		}
	}
	if err := r.store.SavePackages(ctx, r.Attempt.ID, packages); err != nil {
		return Step{}, false, err
	}
	step, err := r.endAttempt(ctx, fleet.Ending{Status: fleet.StatusIndeterminate, Reason: reason, Detail: fleet.Clip(detail)})
	return step, true, err
}

// applied moves a host on whose packages went in: to the reboot where it wants one and may, else to verification.
func (r *run) applied(ctx context.Context, conn fleet.AgentConn) (Step, bool, error) {
	var info fleet.AgentSystemInfo
	err := r.asking(ctx, func(ctx context.Context) (err error) { info, err = conn.SystemInfo(ctx); return err })
	if err != nil {
		return r.unreachable(ctx, err)
	}
	next, phase := StepVerify, fleet.PhaseVerifying
	if info.PendingReboot && r.Job.AllowReboot && !r.cancelled() {
		if apart, err := r.heldByClocks(ctx); apart || err != nil {
			return Step{}, false, err
		}
		if r.roomToReboot() {
			next, phase = StepReboot, fleet.PhaseRebooting
		}
	}
	if err := r.store.SavePhase(ctx, r.ref.JobID, r.ref.HostID, phase, ""); err != nil {
		return Step{}, false, err
	}
	return Step{Next: next, Status: fleet.StatusRunning, Phase: phase}, true, nil
}

func (r *run) applyFailed(ctx context.Context, conn fleet.AgentConn, job fleet.AgentJob) (Step, error) {
	var patches fleet.AgentPatches
	err := r.asking(ctx, func(ctx context.Context) (err error) { patches, err = conn.Patches(ctx); return err })
	if err == nil {
		judged, _ := fleet.JudgePackages(r.Attempt.Packages, patches.Patches)
		if err := r.store.SavePackages(ctx, r.Attempt.ID, judged); err != nil {
			return Step{}, err
		}
	}
	why := strings.TrimSpace(job.ErrorCode + " " + job.Error)
	if why == "" {
		why = job.Message
	}
	return r.endAttempt(ctx, fleet.Ending{
		Status: fleet.StatusFailed, Reason: fleet.ReasonAgentError,
		Detail: fleet.Clip(fmt.Sprintf("the agent's job %s: %s", job.Status, why)),
	})
}
