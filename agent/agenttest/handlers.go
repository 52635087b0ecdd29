package agenttest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/agent"
)

func newID() string { return uuid.NewString() }

var (
	serviceName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:\\@-]{0,254}$`)
	packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.:-]{0,127}$`)
)

// agentHandler is the agent: the contract, behind the faults that were injected.
func (h *Host) agentHandler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /health":                 h.getHealth,
		"GET /system/info":            h.getSystemInfo,
		"GET /system/services/{name}": h.getService,
		"POST /system/reboot":         h.postReboot,
		"GET /patches":                h.getPatches,
		"POST /patches/apply":         h.postApply,
		"GET /jobs":                   h.getJobs,
		"GET /jobs/{id}":              h.getJob,
		"DELETE /jobs/{id}":           h.deleteJob,
	} {
		mux.HandleFunc(pattern, handle)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		h.fail(w, http.StatusNotFound, "NOT_FOUND", "no such endpoint")
	})
	return h.withFaults(http.StripPrefix(agent.BasePath, mux))
}

func (h *Host) answer(w http.ResponseWriter, status int, data any) {
	envelope, err := agent.Succeed(newID(), h.clock(), data)
	if err != nil {
		h.fail(w, http.StatusInternalServerError, "INTERNAL_ERROR", "answer can not be written")
		return
	}
	writeJSON(w, status, envelope)
}

func (h *Host) fail(w http.ResponseWriter, status int, code, message string) {
	retryable := status == http.StatusTooManyRequests || status == http.StatusConflict
	writeJSON(w, status, agent.Fail(newID(), h.clock(), agent.Error{Code: code, Message: message, Retryable: retryable}))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the client has gone
}

// clock is the time as the host has it.
func (h *Host) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fleet.opts.Now().Add(h.skew)
}

func (h *Host) getHealth(w http.ResponseWriter, _ *http.Request) {
	uptime := float64(int64(h.Uptime().Seconds()))
	now := h.clock()
	h.mu.Lock()
	health := agent.Health{
		Status: agent.HealthHealthy, UptimeSeconds: &uptime, Version: h.spec.Quirks.Version,
		CacheStatus: h.cacheStatus, LastCacheUpdate: agent.Time{Time: now.Add(-h.cacheAge)},
	}
	h.mu.Unlock()
	h.answer(w, http.StatusOK, health)
}

func (h *Host) getSystemInfo(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	h.settle()
	pending := h.state.PendingReboot
	h.mu.Unlock()
	h.answer(w, http.StatusOK, agent.SystemInfo{
		Hostname: h.spec.FQDN, OS: "Debian GNU/Linux", OSVersion: "12", Kernel: "6.1.0-25-amd64", Architecture: "x86_64",
		PendingReboot: &pending,
	})
}

func (h *Host) getService(w http.ResponseWriter, r *http.Request) {
	if !serviceName.MatchString(r.PathValue("name")) {
		h.fail(w, http.StatusBadRequest, agent.CodeInvalidServiceName, "invalid service name")
		return
	}
	spec, ok := h.service(r.PathValue("name"))
	if !ok {
		h.fail(w, http.StatusNotFound, agent.CodeServiceNotFound, "service not found")
		return
	}
	h.mu.Lock()
	h.settle()
	healthy := !h.state.Unhealthy[spec.Name]
	service := h.describe(spec, healthy)
	h.said(spec.Name, *service.Healthy)
	h.mu.Unlock()
	h.answer(w, http.StatusOK, service)
}

func (h *Host) describe(spec ServiceSpec, healthy bool) agent.Service {
	s := describe(spec, healthy)
	healthy = healthy && !(spec.Oneshot && h.spec.Quirks.OneshotUnhealthy)
	s.Healthy = &healthy
	return s
}

// describe is what an agent without quirks says of a service.
func describe(spec ServiceSpec, healthy bool) agent.Service {
	pid := agent.Int(1000 + len(spec.Name))
	s := agent.Service{
		Name: spec.Name, DisplayName: spec.Description, LoadState: "loaded", EnabledState: "enabled",
		ActiveState: "active", SubState: "running", MainPID: &pid, Healthy: &healthy,
	}
	if spec.Oneshot {
		s.SubState, s.MainPID = "exited", nil
	}
	if !healthy {
		s.ActiveState, s.SubState, s.MainPID = "failed", "failed", nil
	}
	return s
}

func (h *Host) getPatches(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	h.settle()
	pending := h.pending()
	h.mu.Unlock()
	list := agent.PatchList{Patches: []agent.Patch{}, Total: agent.Int(len(pending))}
	for _, p := range pending {
		list.Patches = append(list.Patches, agent.Patch{
			Name: p.Name, CurrentVersion: p.From, AvailableVersion: p.To, Severity: p.Severity, Description: p.Description,
			CVEIDs: append([]string{}, p.CVEs...), RequiresReboot: p.RequiresReboot, Held: p.Held && h.spec.Quirks.TellsHeld,
		})
		list.RequiresReboot = list.RequiresReboot || agent.Bool(p.RequiresReboot)
		if len(p.CVEs) > 0 {
			list.SecurityUpdates++
		}
	}
	h.answer(w, http.StatusOK, list)
}

func (h *Host) postApply(w http.ResponseWriter, r *http.Request) {
	var body agent.ApplyRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		h.fail(w, http.StatusBadRequest, agent.CodeValidation, "body is not valid JSON")
		return
	}
	if body.Reboot != nil && body.AllowReboot != nil && h.spec.Quirks.RebootField == "allow_reboot" {
		h.fail(w, http.StatusBadRequest, agent.CodeValidation, "reboot and allow_reboot are the same field")
		return
	}
	if slices.ContainsFunc(body.Packages, func(name string) bool { return !packageName.MatchString(name) }) {
		h.fail(w, http.StatusBadRequest, agent.CodeValidation, "invalid package name")
		return
	}
	j, ok := h.apply(body.Packages, r.Header.Get(agent.IdempotencyHeader))
	if !ok {
		w.Header().Set("Retry-After", "30")
		h.fail(w, http.StatusTooManyRequests, agent.CodeQueueFull, "too many jobs")
		return
	}
	if h.wantsReboot(body) {
		h.rebootAfter(j, time.Duration(body.RebootDelaySeconds)*time.Second)
	}
	h.answer(w, http.StatusAccepted, agent.JobAccepted{
		JobID: j.ID, Status: agent.JobPending, Operation: h.operation(j), Packages: j.names(),
	})
}

// wantsReboot drops the field that the version does not know in silence, as the version does.
func (h *Host) wantsReboot(body agent.ApplyRequest) bool {
	field := body.Reboot // an alias in newer versions
	if h.spec.Quirks.RebootField == "allow_reboot" && body.AllowReboot != nil {
		field = body.AllowReboot
	}
	return field != nil && *field
}

func (h *Host) rebootAfter(j *job, delay time.Duration) {
	h.change(func(time.Time) { h.state.RebootAt = j.EndsAt.Add(delay) })
}

func (h *Host) postReboot(w http.ResponseWriter, r *http.Request) {
	var body agent.RebootRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		h.fail(w, http.StatusBadRequest, agent.CodeValidation, "body is not valid JSON")
		return
	}
	h.mu.Lock()
	busy := h.running(h.settle()) > 0
	h.mu.Unlock()
	if busy && !body.Force {
		h.fail(w, http.StatusConflict, agent.CodePackageDBInMutation, "a job is running")
		return
	}
	j := h.reboot(time.Duration(body.DelaySeconds)*time.Second, r.Header.Get(agent.IdempotencyHeader))
	h.answer(w, http.StatusAccepted, agent.JobAccepted{
		JobID: j.ID, Status: agent.JobPending, Operation: operationReboot, ScheduledAt: &agent.Time{Time: j.EndsAt},
	})
}
