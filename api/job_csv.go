package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

var jobColumns = []string{
	"id", "status", "notes", "created_by", "created_at", "started_at", "completed_at", "cancel_requested_at", "cancel_requested_by",
	"hosts", "unfinished", "succeeded", "failed", "indeterminate", "cancelled", "skipped", "reasons",
	"immediate", "not_before", "packages", "allow_reboot", "max_parallel", "max_failures", "gate_timeout", "max_wait", "group_ids", "retry_of",
}

// exportJobs reads from the newest job on: those made meanwhile are not in the table.
func (s *server) exportJobs(by fleet.Caller, f fleet.JobFilter, status fleet.Status) *huma.StreamResponse {
	f.Limit = jobScan
	rows := 0
	return exportTable(s, table[fleet.JobView]{
		name: "jobs", columns: jobColumns, row: func(j fleet.JobView) []string { return jobRow(s.jobBody(j)) },
		next: func(ctx context.Context) (page []fleet.JobView, err error) {
			for len(page) == 0 {
				jobs, err := s.Store.Jobs(ctx, by.Sees(), f)
				if err != nil || len(jobs) == 0 {
					return nil, err
				}
				last := jobKey(jobs[len(jobs)-1])
				f.After = &last
				page = slices.DeleteFunc(jobs, func(j fleet.JobView) bool { return status != "" && j.Status() != status })
			}
			if rows += len(page); rows > maxExport {
				return nil, fmt.Errorf("more than %d jobs", maxExport)
			}
			return page, nil
		},
	})
}

func jobRow(j Job) []string {
	count := func(status fleet.Status) int { return j.Counts.ByStatus[string(status)] }
	ends := []int{
		count(fleet.StatusSucceeded), count(fleet.StatusFailed), count(fleet.StatusIndeterminate), count(fleet.StatusCancelled),
		count(fleet.StatusSkipped),
	}
	unfinished := j.Counts.Hosts
	for _, n := range ends {
		unfinished -= n
	}
	row := []string{
		j.ID, j.Status, j.Notes, j.CreatedBy.Name, timeCell(&j.CreatedAt), timeCell(j.StartedAt), timeCell(j.CompletedAt),
		timeCell(j.CancelRequestedAt), or(j.CancelRequestedBy, ""), strconv.Itoa(j.Counts.Hosts), strconv.Itoa(unfinished),
	}
	return append(append(row, convert(ends, strconv.Itoa)...), reasonsCell(j.Counts.ByReason),
		strconv.FormatBool(j.Immediate), timeCell(j.NotBefore), strings.Join(j.Packages, " "), strconv.FormatBool(j.AllowReboot),
		j.MaxParallel, j.MaxFailures, j.GateTimeout, j.MaxWait, strings.Join(j.GroupIDs, " "), or(j.RetryOf, ""))
}

// reasonsCell names each reason with its number of hosts.
func reasonsCell(byReason map[string]int) string {
	var cells []string
	for reason, n := range byReason {
		cells = append(cells, fmt.Sprintf("%s: %d", reason, n))
	}
	slices.Sort(cells)
	return strings.Join(cells, "; ")
}
