package api

import (
	"context"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// jobHostsPage is how many hosts of a job are read at a time for a table. A job has at most fleet.MaxJobHosts.
const jobHostsPage = 1000

var jobHostColumns = []string{
	"job_id", "host_id", "fqdn", "status", "phase", "reason", "detail", "attempted", "span_starts_at", "span_last_start_at", "span_ends_at",
	"wait_reason", "wait_detail", "wait_failing", "wait_next_try_at", "wait_until", "wait_unblocks",
	"cancel_requested_at", "cancel_requested_by", "agent_job_id", "progress", "settle_note", "updated_at",
}

// exportJobHosts reads the first page before it answers, so that a job that does not exist is not found.
func (s *server) exportJobHosts(ctx context.Context, by fleet.Caller, job string, f fleet.JobHostFilter) (*huma.StreamResponse, error) {
	f.Limit = jobHostsPage
	if f.Sort.Changes() { // who changes places meanwhile would be left out or come twice
		f.Limit = fleet.MaxJobHosts
	}
	page, err := s.Store.JobHosts(ctx, by.Sees(), job, f)
	if err != nil {
		return nil, err
	}
	return exportTable(s, table[fleet.PlacedJobHost]{
		name: "job-hosts", columns: jobHostColumns,
		row: func(h fleet.PlacedJobHost) []string { return jobHostRow(jobHostBody(h.JobHostView)) },
		next: func(ctx context.Context) ([]fleet.PlacedJobHost, error) {
			current := page
			if len(current) == 0 {
				return nil, nil
			}
			f.After = &current[len(current)-1].Place
			page, err = s.Store.JobHosts(ctx, by.Sees(), job, f)
			return current, err
		},
	}), nil
}

func jobHostRow(h JobHost) []string {
	row := []string{
		h.JobID, h.HostID, h.FQDN, h.Status, or(h.Phase, ""), or(h.Reason, ""), h.Detail, strconv.FormatBool(h.Attempted),
	}
	span, wait := JobHostSpan{}, Wait{}
	if h.Span != nil {
		span = *h.Span
	}
	if h.Wait != nil {
		wait = *h.Wait
	}
	failing := convert(wait.Failing, func(c FailingCheck) string { return c.Name + ": " + c.Detail })
	return append(row, timeCell(orNever(span.StartsAt)), timeCell(span.LastStartAt), timeCell(span.EndsAt),
		wait.Reason, wait.Detail, strings.Join(failing, "; "), timeCell(wait.NextTryAt), timeCell(wait.Until), wait.Unblocks,
		timeCell(h.CancelRequestedAt), or(h.CancelRequestedBy, ""), or(h.AgentJobID, ""), intCell(h.Progress), or(h.SettleNote, ""),
		timeCell(&h.UpdatedAt))
}
