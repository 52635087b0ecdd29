package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// The bounds of requests that change the host.
const (
	maxPackages   = 5000
	maxDelay      = 24 * time.Hour
	maxKey        = 255
	startDeadline = 30 * time.Second
)

func (a *Agent) apply(r *http.Request) (any, error) {
	var want struct {
		agent.ApplyRequest
		Packages json.RawMessage `json:"packages"`
	}
	body, err := readBody(r, &want)
	if err != nil {
		return nil, err
	}
	// Left out means all, an empty list nothing. A null, which is how a forgotten list is often sent, must not mean all.
	if want.Packages != nil {
		if err := json.Unmarshal(want.Packages, &want.ApplyRequest.Packages); err != nil || want.ApplyRequest.Packages == nil {
			return nil, invalid("packages: a list of names, or left out for all")
		}
	}
	next, err := applyRecord(want.ApplyRequest)
	if err != nil {
		return nil, err
	}
	if err := keyOf(r, body, &next); err != nil {
		return nil, err
	}
	if want.Packages == nil {
		if next.Packages, err = a.installable(r.Context()); err != nil {
			return nil, err
		}
	}
	return a.admit(r.Context(), next)
}

func (a *Agent) installable(ctx context.Context) ([]string, error) {
	pending, err := a.Pending(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range pending {
		if !p.Held {
			names = append(names, p.Name)
		}
	}
	return names, nil
}

func applyRecord(want agent.ApplyRequest) (record, error) {
	if want.Reboot != nil && want.AllowReboot != nil {
		return record{}, invalid("reboot: is the old name of allow_reboot, send one of them")
	}
	if len(want.Packages) > maxPackages {
		return record{}, invalid("packages: at most %d", maxPackages)
	}
	for i, name := range want.Packages {
		if !validPackage(name) {
			return record{}, invalid("packages[%d]: %.100q is no name of a Debian package", i, name)
		}
	}
	delay, err := parseDelay("reboot_delay_seconds", want.RebootDelaySeconds)
	if err != nil {
		return record{}, err
	}
	packages := slices.Clone(want.Packages)
	slices.Sort(packages)
	return record{
		Operation: agent.OperationApply, Packages: slices.Compact(packages), RebootDelay: delay,
		AllowReboot: want.Reboot != nil && *want.Reboot || want.AllowReboot != nil && *want.AllowReboot,
	}, nil
}

func parseDelay(field string, seconds int) (time.Duration, error) {
	if seconds < 0 || seconds > int(maxDelay.Seconds()) {
		return 0, invalid("%s: from 0 to %d", field, int(maxDelay.Seconds()))
	}
	return time.Duration(seconds) * time.Second, nil
}

func (a *Agent) reboot(r *http.Request) (any, error) {
	var want agent.RebootRequest
	body, err := readBody(r, &want)
	if err != nil {
		return nil, err
	}
	delay, err := parseDelay("delay_seconds", want.DelaySeconds)
	if err != nil {
		return nil, err
	}
	at := a.now().Add(delay)
	next := record{Operation: agent.OperationReboot, ScheduledAt: &at}
	if err := keyOf(r, body, &next); err != nil {
		return nil, err
	}
	if !want.Force {
		inhibitors, err := a.systemd.Inhibitors(r.Context())
		if err != nil {
			return nil, err
		}
		if len(inhibitors) > 0 {
			return nil, refuse(http.StatusConflict, agent.CodeRebootBlocked, "held off by %s", strings.Join(inhibitors, "; "))
		}
	}
	return a.admit(r.Context(), next)
}

// keyOf takes the idempotency key of a request, if it has one, with a digest of what it asks for.
func keyOf(r *http.Request, body []byte, next *record) error {
	key := r.Header.Get(agent.IdempotencyHeader)
	if len(key) > maxKey || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return invalid("%s: at most %d printable ASCII characters without spaces", agent.IdempotencyHeader, maxKey)
	}
	if key != "" {
		digest := sha256.Sum256(append([]byte(r.URL.Path+"\n"), body...))
		next.Key, next.KeyBody = key, hex.EncodeToString(digest[:])
	}
	return nil
}

// admit starts a job, or answers with the one that its key has started before. The record is on disk before the unit
// starts, so a crash in between makes a job that failed and never one that runs twice.
func (a *Agent) admit(ctx context.Context, next record) (any, error) {
	// The start is no longer the request's: a client that hangs up must not leave a job half started.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startDeadline)
	defer cancel()
	a.admission.Lock()
	defer a.admission.Unlock()
	known, err := a.jobs.list()
	if err != nil {
		a.log.Error("list the jobs", "error", err)
	}
	if earlier, err := withKey(known, next); earlier != nil || err != nil {
		return a.repeat(ctx, earlier, err)
	}
	if err := a.mayStart(ctx, known, next); err != nil {
		return nil, err
	}
	if next.Boot, err = a.files.bootID(); err != nil {
		return nil, err
	}
	next.ID, next.CreatedAt = newID(), a.now()
	if err := a.jobs.create(next); err != nil {
		return nil, err
	}
	if err := a.systemd.StartTransient(ctx, next.unit(), "Patch agent job "+next.Operation, append(slices.Clone(a.self), next.ID)); err != nil {
		return nil, err // whether it runs all the same is for settle to see
	}
	a.log.Info("job started", "job", next.ID, "operation", next.Operation, "packages", len(next.Packages))
	return accept(next, agent.JobPending), nil
}

func accept(r record, status string) accepted {
	answer := agent.JobAccepted{JobID: r.ID, Status: status, Operation: r.Operation, Packages: r.Packages}
	if r.ScheduledAt != nil {
		answer.ScheduledAt = &agent.Time{Time: *r.ScheduledAt}
	}
	return accepted{answer}
}

func (a *Agent) repeat(ctx context.Context, earlier *record, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	job, err := a.describe(ctx, *earlier, false)
	if err != nil {
		return nil, err
	}
	return accept(*earlier, job.Status), nil
}

// withKey returns the job that a key has started before.
func withKey(known []record, next record) (*record, error) {
	at := slices.IndexFunc(known, func(r record) bool { return next.Key != "" && r.Key == next.Key })
	switch {
	case at < 0:
		return nil, nil
	case known[at].KeyBody != next.KeyBody:
		return nil, refuse(http.StatusUnprocessableEntity, codeKeyReused, "the idempotency key came with another request before")
	case known[at].Deleted:
		return nil, refuse(http.StatusUnprocessableEntity, codeKeyDeleted, "the idempotency key's job is finished and was deleted")
	}
	return &known[at], nil
}

// mayStart refuses a job that would run beside another, and a reboot under a running dpkg, whoever started that.
func (a *Agent) mayStart(ctx context.Context, known []record, next record) error {
	for _, r := range known {
		ended, err := a.settle(ctx, r)
		if err != nil {
			return err
		}
		if ended == nil {
			return beside(r, next)
		}
	}
	if next.Operation != agent.OperationReboot {
		return nil // apt itself waits for the lock
	}
	busy, err := a.locked()
	if err == nil && busy {
		return refuse(http.StatusConflict, agent.CodePackageDBInMutation, "another program is installing packages")
	}
	return err
}

func beside(running, next record) error {
	switch {
	case running.Operation == agent.OperationApply:
		return refuse(http.StatusConflict, agent.CodePackageDBInMutation, "job %s is installing packages", running.ID)
	case next.Operation == agent.OperationReboot:
		return refuse(http.StatusConflict, agent.CodeRebootBlocked, "job %s is going to reboot the host", running.ID)
	}
	return refuse(http.StatusConflict, agent.CodeAdmissionClosed, "job %s is going to reboot the host", running.ID)
}
