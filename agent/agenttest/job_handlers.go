package agenttest

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

func (h *Host) getJobs(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 {
		limit = 50
	}
	want := r.URL.Query().Get("status")
	now, jobs := h.jobs()
	slices.Reverse(jobs) // newest first
	listed := []any{}
	for _, j := range jobs {
		if want == "" || j.status(now, h.spec.Quirks) == want {
			listed = append(listed, h.summary(j, now))
		}
	}
	h.answer(w, http.StatusOK, map[string]any{"jobs": listed[:min(limit, len(listed))], "total": len(listed)})
}

func (h *Host) jobs() (time.Time, []*job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.settle()
	return now, slices.Clone(h.state.Jobs)
}

func (h *Host) find(id string) (time.Time, *job) {
	now, jobs := h.jobs()
	for _, j := range jobs {
		if j.ID == id {
			return now, j
		}
	}
	return now, nil
}

func (h *Host) getJob(w http.ResponseWriter, r *http.Request) {
	now, j := h.find(r.PathValue("id"))
	if j == nil {
		h.fail(w, http.StatusNotFound, agent.CodeJobNotFound, "job not found")
		return
	}
	h.answer(w, http.StatusOK, h.details(j, now))
}

func (h *Host) deleteJob(w http.ResponseWriter, r *http.Request) {
	now, j := h.find(r.PathValue("id"))
	if j == nil {
		h.fail(w, http.StatusNotFound, agent.CodeJobNotFound, "job not found")
		return
	}
	if !j.finished(now) {
		h.fail(w, http.StatusConflict, "JOB_RUNNING", "job is not finished")
		return
	}
	h.change(func(time.Time) {
		h.state.Jobs = slices.DeleteFunc(h.state.Jobs, func(o *job) bool { return o.ID == j.ID })
	})
	h.answer(w, http.StatusOK, map[string]any{"deleted": true})
}

// operation is how the version spells what a job does.
func (h *Host) operation(j *job) string {
	if j.Operation == operationApply {
		return h.spec.Quirks.ApplyOperation
	}
	return j.Operation
}

func (h *Host) summary(j *job, now time.Time) map[string]any {
	skew := h.clock().Sub(now).Round(time.Second)
	m := map[string]any{
		"job_id": j.ID, "operation": h.operation(j), "status": j.status(now, h.spec.Quirks),
		"created_at": agent.Time{Time: j.CreatedAt.Add(skew)}, "completed_at": nil, "packages": j.names(),
	}
	if j.finished(now) {
		m["completed_at"] = agent.Time{Time: j.EndsAt.Add(skew)}
		if j.Plan.ErrorCode != "" {
			m["error_code"] = j.Plan.ErrorCode
		}
	}
	return m
}

func (h *Host) details(j *job, now time.Time) map[string]any {
	m := h.summary(j, now)
	lines := j.lines(now)
	progress, logs := "progress", "logs"
	if h.spec.Quirks.OldFieldNames {
		progress, logs = "progress_percent", "output"
	}
	m[progress], m[logs], m["error"] = j.progress(now), lines, nil
	m["message"] = "starting"
	if len(lines) > 0 {
		m["message"] = lines[len(lines)-1]
	}
	if !j.finished(now) || h.spec.Quirks.OldFieldNames {
		return m
	}
	m["exit_code"] = 0
	if j.Plan.ErrorCode != "" {
		m["exit_code"], m["error"] = 100, lines[len(lines)-1]
		m["command_stderr"] = lines[len(lines)-1]
	}
	return m
}
