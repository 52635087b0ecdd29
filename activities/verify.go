package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// VerifyHost ends a patch: each package that was sent must be installed and then every enabled check healthy, tried for
// the verify timeout. It stores the end and frees the slot.
func (a *Runs) VerifyHost(ctx context.Context, ref HostRef) (Step, error) {
	step, err := a.verify(ctx, ref)
	return step, retryable(err)
}

// verifyNow verifies a host in the step that came to that: one more step of its own would cost Temporal as much as the whole wait
// at the gate does. A try after this one finds by the stored phase that it is to go on here.
func (a *Runs) verifyNow(ctx context.Context, ref HostRef, step Step, err error) (Step, error) {
	if err == nil && step.Next == StepVerify {
		step, err = a.verify(ctx, ref)
	}
	return step, retryable(err)
}

// finding is what one look at a patched host says.
type finding struct {
	reason        fleet.Reason // of a failure, empty where all is well
	detail        string
	pendingReboot bool
	installed     int
}

func (a *Runs) verify(ctx context.Context, ref HostRef) (Step, error) {
	left := leftBehind(ctx)
	beat := stayAlive(ctx, left)
	defer beat.done()
	for {
		r, err := a.load(ctx, ref)
		if err != nil {
			return Step{}, err
		}
		if step, ok, err := r.resume(ctx); !ok || err != nil || step.Next != StepVerify || r.moved() {
			return step, err
		}
		if left.VerifyingSince.IsZero() {
			left.VerifyingSince = r.Now
		}
		found, err := r.inspect(ctx)
		if err != nil {
			return Step{}, err
		}
		if found.reason == "" || r.Now.Sub(left.VerifyingSince) >= a.policy.VerifyTimeout {
			return r.verified(ctx, found)
		}
		if err := r.sayStill(ctx, found, left.VerifyingSince); err != nil {
			return Step{}, err
		}
		if err := beat.pause(a.policy.PollInterval, left); err != nil {
			return Step{}, err
		}
	}
}

// sayStill tells people what verification waits for and until when, where they were not told yet.
func (r *run) sayStill(ctx context.Context, f finding, since time.Time) error {
	until := since.Add(r.policy.VerifyTimeout).UTC().Format("15:04:05 UTC")
	detail := fleet.Clip(fmt.Sprintf("patched, and watched until %s: %s", until, f.detail))
	if detail == r.Row.Detail {
		return nil
	}
	return r.store.SavePhase(ctx, r.ref.JobID, r.ref.HostID, fleet.PhaseVerifying, detail)
}

// inspect looks once at the packages and the checks of a patched host.
func (r *run) inspect(ctx context.Context) (finding, error) {
	conn := r.agents.Connect(r.Host.Endpoint())
	defer conn.Close()
	var patches fleet.AgentPatches
	var info fleet.AgentSystemInfo
	err := r.asking(ctx, func(ctx context.Context) (err error) { patches, err = conn.Patches(ctx); return err })
	if err == nil {
		err = r.asking(ctx, func(ctx context.Context) (err error) { info, err = conn.SystemInfo(ctx); return err })
	}
	if err != nil {
		return finding{reason: fleet.ReasonAgentUnreachable, detail: "not verified: " + err.Error()}, ctx.Err()
	}
	judged, pending := fleet.JudgePackages(r.Attempt.Packages, patches.Patches)
	if err := r.store.SavePackages(ctx, r.Attempt.ID, judged); err != nil {
		return finding{}, err
	}
	if len(pending) > 0 {
		return finding{reason: fleet.ReasonNotInstalled, detail: "still pending on the host: " + strings.Join(pending, ", ")}, nil
	}
	return r.inspectChecks(ctx, finding{pendingReboot: info.PendingReboot, installed: installed(judged)})
}

func (r *run) inspectChecks(ctx context.Context, f finding) (finding, error) {
	var enabled []fleet.Check
	for _, e := range r.Evidence {
		if e.Check.Enabled {
			enabled = append(enabled, e.Check)
		}
	}
	if len(enabled) == 0 {
		return f, nil
	}
	results, err := r.checks.Run(ctx, *r.Host, enabled)
	if err != nil {
		return finding{}, err
	}
	var failing []string
	for i, res := range results {
		if !res.Healthy() {
			failing = append(failing, fleet.Named(enabled[i].Name, res.Detail))
		}
	}
	if len(failing) > 0 {
		return finding{reason: fleet.ReasonUnhealthyAfterPatch, detail: strings.Join(failing, "; ")}, nil
	}
	return f, nil
}

// verified stores the end that the last look calls for.
func (r *run) verified(ctx context.Context, f finding) (Step, error) {
	if f.reason != "" {
		return r.endAttempt(ctx, fleet.Ending{
			Status: fleet.StatusFailed, Reason: f.reason,
			Detail: fleet.Clip(fmt.Sprintf("within %s: %s", r.policy.VerifyTimeout, f.detail)),
		})
	}
	e := fleet.Ending{Status: fleet.StatusSucceeded, Reason: fleet.ReasonPatched, Detail: fmt.Sprintf("%d packages installed", f.installed)}
	switch {
	case f.pendingReboot:
		e.Reason, e.Detail = fleet.ReasonRebootDeferred, e.Detail+"; the host still asks for a reboot"
	case r.Attempt.State == fleet.AttemptNone:
		e.Detail = "rebooted"
	}
	return r.endAttempt(ctx, e)
}

func installed(packages []fleet.PackageResult) int {
	n := 0
	for _, p := range packages {
		if p.Result == fleet.PackageInstalled {
			n++
		}
	}
	return n
}
