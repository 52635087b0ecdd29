package api

import (
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// JobHost is one host of one job.
type JobHost struct {
	JobID             string               `json:"job_id" format:"uuid"`
	HostID            string               `json:"host_id" format:"uuid" doc:"The host may have been deleted since"`
	FQDN              string               `json:"fqdn" doc:"As it was when the job was made"`
	Status            string               `json:"status" doc:"queued, waiting_window, waiting_health_check, waiting_slot, running, succeeded, failed, cancelled, skipped or indeterminate; new values may appear"`
	Phase             *string              `json:"phase" nullable:"true" doc:"While running: dispatching, applying, rebooting or verifying; new values may appear"`
	Reason            *string              `json:"reason" nullable:"true" doc:"Why it ended or waits, machine-readable; new values may appear"`
	Detail            string               `json:"detail"`
	Attempted         bool                 `json:"attempted" doc:"Whether anything was ever sent to the host"`
	Span              *JobHostSpan         `json:"span" doc:"The span it waits for or is in"`
	Wait              *Wait                `json:"wait" doc:"Why it waits; null while it does not"`
	CancelRequestedAt *time.Time           `json:"cancel_requested_at" nullable:"true"`
	CancelRequestedBy *string              `json:"cancel_requested_by" nullable:"true"`
	AgentJobID        *string              `json:"agent_job_id" nullable:"true"`
	Progress          *int                 `json:"progress" nullable:"true" doc:"In percent, as the agent says"`
	Times             map[string]time.Time `json:"times" doc:"When each status and phase was first reached"`
	SettleNote        *string              `json:"settle_note" nullable:"true"`
	UpdatedAt         time.Time            `json:"updated_at"`
}

// JobHostDetail is a job host with the decisions of its gate and what became of its packages.
type JobHostDetail struct {
	JobHost
	Evaluations []Evaluation    `json:"evaluations" doc:"The newest 200, in order of time"`
	Packages    []PackageResult `json:"packages"`
	Zone        *HostZone       `json:"zone" doc:"The zone that the host is in by now, and whether a worker of it is there: without one nothing is checked or sent, whatever wait says. Null where the host was deleted"`
}

// JobHostSpan is the span of a job host.
type JobHostSpan struct {
	_           struct{}   `nullable:"true"`
	StartsAt    time.Time  `json:"starts_at"`
	LastStartAt *time.Time `json:"last_start_at" nullable:"true" doc:"Null where no blackout bounds an immediate job"`
	EndsAt      *time.Time `json:"ends_at" nullable:"true"`
}

// Wait is the one answer to why a host waits.
type Wait struct {
	_         struct{}       `nullable:"true"`
	Reason    string         `json:"reason" doc:"window, not_before, blackout, health_check, agent_unreachable, agent_refused, clock_skew, slot or host_busy; new values may appear"`
	Detail    string         `json:"detail"`
	Failing   []FailingCheck `json:"failing" doc:"The checks that keep the gate shut"`
	NextTryAt *time.Time     `json:"next_try_at" nullable:"true"`
	Until     *time.Time     `json:"until" nullable:"true" doc:"When it gives up"`
	Unblocks  string         `json:"unblocks" doc:"What would end the wait"`
}

// FailingCheck is a check that keeps the gate shut.
type FailingCheck struct {
	CheckID   string     `json:"check_id" format:"uuid"`
	Name      string     `json:"name"`
	Detail    string     `json:"detail"`
	CheckedAt *time.Time `json:"checked_at" nullable:"true"`
}

// Evaluation is one decision of the gate. It is a copy that outlives edits of the checks.
type Evaluation struct {
	At        time.Time        `json:"at"`
	Verdict   string           `json:"verdict" doc:"open, open_no_checks or shut; new values may appear"`
	Detail    string           `json:"detail"`
	Checks    []EvaluatedCheck `json:"checks"`
	NextTryAt *time.Time       `json:"next_try_at" nullable:"true"`
}

// EvaluatedCheck is one check as the gate saw it.
type EvaluatedCheck struct {
	CheckID    string     `json:"check_id" format:"uuid"`
	Name       string     `json:"name"`
	Enabled    bool       `json:"enabled"`
	Passed     bool       `json:"passed"`
	Outcome    *string    `json:"outcome" nullable:"true"`
	Detail     string     `json:"detail"`
	CheckedAt  *time.Time `json:"checked_at" nullable:"true"`
	AgeSeconds *float64   `json:"age_seconds" nullable:"true" doc:"How old the result was then"`
}

// PackageResult is what became of one package.
type PackageResult struct {
	Name   string `json:"name"`
	From   string `json:"from"`
	To     string `json:"to"`
	Result string `json:"result" doc:"pending, installed, held, failed or unknown; new values may appear"`
}

func jobHostBody(h fleet.JobHostView) JobHost {
	body := JobHost{
		JobID: h.JobID, HostID: h.HostID, FQDN: h.FQDN, Status: string(h.Status), Phase: orNull(string(h.Phase)),
		Reason: orNull(string(h.Reason)), Detail: h.Detail, Attempted: h.Attempted, CancelRequestedAt: utc(h.CancelRequestedAt),
		CancelRequestedBy: orNull(h.CancelRequestedBy), AgentJobID: orNull(h.AgentJobID), Progress: h.Progress,
		Times: make(map[string]time.Time, len(h.Times)), SettleNote: orNull(h.SettleNote), UpdatedAt: h.UpdatedAt.UTC(),
	}
	for name, at := range h.Times {
		body.Times[name] = at.UTC()
	}
	if h.Span != nil {
		body.Span = &JobHostSpan{StartsAt: h.Span.Start.UTC(), LastStartAt: orNever(h.Span.LastStart), EndsAt: orNever(h.Span.End)}
	}
	if h.Wait != nil {
		body.Wait = &Wait{
			Reason: string(h.Wait.Reason), Detail: h.Wait.Detail, Failing: convert(h.Wait.Failing, failingCheck),
			NextTryAt: utc(h.Wait.NextTryAt), Until: utc(h.Wait.Until), Unblocks: h.Wait.Unblocks,
		}
	}
	return body
}

// orNever is t for an answer in which no time is null.
func orNever(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return utc(&t)
}

func failingCheck(c fleet.FailingCheck) FailingCheck {
	return FailingCheck{CheckID: c.CheckID, Name: c.Name, Detail: c.Detail, CheckedAt: utc(c.CheckedAt)}
}

func jobHostDetailBody(d fleet.JobHostDetail) JobHostDetail {
	return JobHostDetail{
		JobHost: jobHostBody(d.JobHostView), Evaluations: convert(d.Evaluations, evaluationBody),
		Packages: convert(d.Packages, packageBody), Zone: hostZone(d.Zone),
	}
}

func evaluationBody(e fleet.Evaluation) Evaluation {
	return Evaluation{
		At: e.At.UTC(), Verdict: e.Verdict, Detail: e.Detail, Checks: convert(e.Checks, evaluatedCheck), NextTryAt: utc(e.NextTryAt),
	}
}

func evaluatedCheck(c fleet.JudgedCheck) EvaluatedCheck {
	return EvaluatedCheck{
		CheckID: c.CheckID, Name: c.Name, Enabled: c.Enabled, Passed: c.Passed, Outcome: orNull(string(c.Outcome)),
		Detail: c.Detail, CheckedAt: utc(c.CheckedAt), AgeSeconds: c.AgeSeconds,
	}
}

func packageBody(p fleet.PackageResult) PackageResult {
	return PackageResult{Name: p.Name, From: p.From, To: p.To, Result: p.Result}
}
