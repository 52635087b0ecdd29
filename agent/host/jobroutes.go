package host

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/patch-manager/patch-manager/agent"
)

// listJobs answers the newest jobs first, without their output.
func (a *Agent) listJobs(r *http.Request) (any, error) {
	limit, err := parseLimit(r.URL.Query().Get("limit"))
	if err != nil {
		return nil, err
	}
	status := r.URL.Query().Get("status")
	if status != "" && !slices.Contains(jobStatuses, status) {
		return nil, invalid("status: one of %s", strings.Join(jobStatuses, ", "))
	}
	a.admission.Lock()
	defer a.admission.Unlock()
	records, err := a.jobs.list()
	if err != nil {
		a.log.Error("list the jobs", "error", err)
	}
	list := agent.JobList{Jobs: []agent.Job{}}
	for _, record := range slices.Backward(records) {
		if record.Deleted {
			continue
		}
		job, err := a.describe(r.Context(), record, false)
		if err != nil {
			return nil, err
		}
		if status != "" && job.Status != status {
			continue
		}
		if list.Total++; len(list.Jobs) < limit {
			list.Jobs = append(list.Jobs, job)
		}
	}
	return list, nil
}

func (a *Agent) job(r *http.Request) (any, error) {
	a.admission.Lock()
	defer a.admission.Unlock()
	record, err := a.find(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return a.describe(r.Context(), record, true)
}

func (a *Agent) find(id string) (record, error) {
	unknown := refuse(http.StatusNotFound, agent.CodeJobNotFound, "no such job")
	if !validID(id) {
		return record{}, unknown
	}
	r, err := a.jobs.load(id)
	if errors.Is(err, fs.ErrNotExist) || err == nil && r.Deleted {
		return record{}, unknown
	}
	return r, err
}

func (a *Agent) deleteJob(r *http.Request) (any, error) {
	a.admission.Lock()
	defer a.admission.Unlock()
	record, err := a.find(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	ended, err := a.settle(r.Context(), record)
	if err != nil {
		return nil, err
	}
	if ended == nil {
		return nil, refuse(http.StatusConflict, codeJobRunning, "the job is not finished, and there is no cancel")
	}
	if err := a.jobs.remove(record); err != nil {
		return nil, err
	}
	return map[string]string{"job_id": record.ID}, nil
}
