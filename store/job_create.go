package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// jobPayload is what events tell of a job.
type jobPayload struct {
	JobID string `json:"job_id"`
}

// CreateJob writes a job with its hosts, which the caller operates, in one transaction. Where the caller sent the same
// request with the same idempotency key before it changes nothing and returns that job with existed set; another
// request with that key is a conflict.
func (s *Store) CreateJob(ctx context.Context, by fleet.Caller, r fleet.JobRequest) (id string, existed bool, err error) {
	err = s.change(ctx, by, func(tx pgx.Tx, q *sqlgen.Queries) error {
		id, existed, err = createJob(ctx, tx, q, by, r)
		return err
	})
	return id, existed, err
}

func createJob(
	ctx context.Context, tx pgx.Tx, q *sqlgen.Queries, by fleet.Caller, r fleet.JobRequest,
) (id string, existed bool, err error) {
	if id, err := jobByKey(ctx, q, by, r); err != nil || id != "" {
		return id, true, err
	}
	hosts, err := resolveHosts(ctx, tx, q, by, r)
	if err != nil {
		return "", false, err
	}
	id = newID()
	inserted, err := q.InsertJob(ctx, jobRow(id, by, r, len(hosts)))
	if err != nil {
		return "", false, fmt.Errorf("write job: %w", err)
	}
	if inserted == 0 { // the same key came first in a transaction that has committed by now
		id, err := jobByKey(ctx, q, by, r)
		return id, true, err
	}
	written, err := q.InsertJobHosts(ctx, id, fleet.JobBatchSize, hosts)
	if err != nil {
		return "", false, fmt.Errorf("write job hosts: %w", err)
	}
	if int(written) != len(hosts) {
		return "", false, fleet.Conflict("hosts_changed", "a host was deleted meanwhile; send the request again")
	}
	return id, false, recordJob(ctx, q, by, id, r, len(hosts))
}

// jobByKey returns the job that the same request made before; empty where there is none.
func jobByKey(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, r fleet.JobRequest) (string, error) {
	if r.IdempotencyKey == "" {
		return "", nil
	}
	job, err := q.JobByKey(ctx, by.UserID, r.IdempotencyKey)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for idempotency key: %w", err)
	}
	if !bytes.Equal(job.RequestHash, r.RequestHash) {
		return "", fleet.Conflict("idempotency_key_reused", "this Idempotency-Key was used for another request")
	}
	return job.ID, nil
}

func jobRow(id string, by fleet.Caller, r fleet.JobRequest, hosts int) sqlgen.InsertJobParams {
	groups := r.GroupIDs
	if groups == nil {
		groups = []string{}
	}
	return sqlgen.InsertJobParams{
		ID: id, CreatedBy: by.UserID, CreatedByName: by.Name, GroupIDs: groups, Packages: r.Packages,
		Immediate: r.Immediate, NotBefore: r.NotBefore, AllowReboot: r.AllowReboot,
		MaxParallel: r.MaxParallel.String(), MaxFailures: r.MaxFailures.String(),
		MaxParallelHosts: int32(r.MaxParallel.Floor(hosts)), MaxFailuresHosts: int32(r.MaxFailures.Ceil(hosts)), //nolint:gosec // a limit is at most a million
		GateTimeoutSeconds: int64(r.GateTimeout / time.Second), MaxWaitSeconds: int64(r.MaxWait / time.Second),
		Notes: r.Notes, RetryOf: orNull(r.RetryOf), IdempotencyKey: orNull(r.IdempotencyKey), RequestHash: r.RequestHash,
	}
}

func recordJob(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, id string, r fleet.JobRequest, hosts int) error {
	groups, err := q.JobGroupIDs(ctx, id)
	if err != nil {
		return fmt.Errorf("read groups of job: %w", err)
	}
	if err := writeEvent(ctx, q, eventJobChanged, id, groups, false, jobPayload{id}); err != nil {
		return err
	}
	action := "job.create"
	if r.RetryOf != "" {
		action = "job.retry"
	}
	detail := map[string]any{
		"hosts": hosts, "group_ids": r.GroupIDs, "packages": r.Packages, "immediate": r.Immediate, "not_before": r.NotBefore,
		"allow_reboot": r.AllowReboot, "max_parallel": r.MaxParallel.String(), "max_failures": r.MaxFailures.String(),
		"gate_timeout": r.GateTimeout.String(), "max_wait": r.MaxWait.String(), "notes": r.Notes, "retry_of": r.RetryOf,
	}
	if r.Matching != nil {
		detail["matching"] = matchDetail(*r.Matching)
	}
	return writeAudit(ctx, q, by.Actor(), action, "job", id, detail)
}

// matchDetail is what was asked for, by the names that it was asked by.
func matchDetail(m fleet.HostMatch) map[string]any {
	detail := map[string]any{}
	for name, value := range map[string]string{
		"q": m.Text, "group_id": m.GroupID, "zone": m.Zone, "health": string(m.Health), "agent": string(m.Agent),
	} {
		if value != "" {
			detail[name] = value
		}
	}
	for name, value := range map[string]*bool{
		"reboot_required": m.RebootRequired, "has_pending_patches": m.PendingPatches, "stale": m.Stale,
		"certificate_expiring": m.CertificateExpiring,
	} {
		if value != nil {
			detail[name] = *value
		}
	}
	if len(m.Labels) > 0 {
		detail["label"] = labelTexts(m.Labels)
	}
	return detail
}

func labelTexts(labels []fleet.LabelFilter) []string {
	texts := make([]string, len(labels))
	for i, l := range labels {
		texts[i] = l.Name
		if l.Value != nil {
			texts[i] += "=" + *l.Value
		}
	}
	return texts
}
