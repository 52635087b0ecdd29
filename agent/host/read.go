package host

import (
	"errors"
	"net/http"
	"os"
	"runtime"
	"strconv"

	"github.com/patch-manager/patch-manager/agent"
)

func (a *Agent) health(*http.Request) (any, error) {
	up, err := a.files.uptime()
	if err != nil {
		return nil, err
	}
	seconds := up.Seconds()
	state, updated := a.cacheState()
	h := agent.Health{
		Status: agent.HealthHealthy, UptimeSeconds: &seconds, Version: a.version,
		CacheStatus: state, LastCacheUpdate: agent.Time{Time: updated},
	}
	if state == agent.CacheFailed {
		h.Status = agent.HealthDegraded
	}
	return h, nil
}

// systemInfo adds to the contract why a reboot is due.
type systemInfo struct {
	agent.SystemInfo
	RebootReasons []string `json:"reboot_reasons"`
}

func (a *Agent) systemInfo(r *http.Request) (any, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	clean, err := databaseClean(r.Context(), a.commands)
	if err != nil {
		return nil, err
	}
	_, updated := a.cacheState()
	reasons := append([]string{}, a.files.rebootReasons()...)
	due := len(reasons) > 0
	info := agent.SystemInfo{
		Hostname: name, Kernel: a.files.read("/proc/sys/kernel/osrelease"), Architecture: runtime.GOARCH,
		LastUpdateCheck: agent.Time{Time: updated}, LastUpdateApply: a.lastApply(),
		PendingReboot: &due, PackageDBClean: &clean,
	}
	info.OS, info.OSVersion = a.files.osRelease()
	return systemInfo{SystemInfo: info, RebootReasons: reasons}, nil
}

// lastApply is when the last apply of this agent completed; zero when it remembers none.
func (a *Agent) lastApply() agent.Time {
	records, _ := a.jobs.list() // what is readable of them is enough here
	var last agent.Time
	for _, r := range records {
		o, err := a.jobs.outcome(r.ID)
		if err == nil && o != nil && r.Operation == agent.OperationApply && o.Status == agent.JobCompleted && o.CompletedAt.After(last.Time) {
			last = agent.Time{Time: o.CompletedAt}
		}
	}
	return last
}

func (a *Agent) service(r *http.Request) (any, error) {
	name := r.PathValue("name")
	unit, ok := unitName(name)
	if !ok {
		return nil, refuse(http.StatusBadRequest, agent.CodeInvalidServiceName, "%.100q is no name of a systemd unit", name)
	}
	u, err := a.systemd.Unit(r.Context(), unit)
	if errors.Is(err, errNoUnit) {
		return nil, refuse(http.StatusNotFound, agent.CodeServiceNotFound, "systemd knows no unit %s", unit)
	}
	if err != nil {
		a.log.Error("read a unit", "unit", unit, "error", err)
		return nil, refuse(http.StatusInternalServerError, agent.CodeServiceStatusError, "%v", err)
	}
	healthy := u.healthy()
	s := agent.Service{
		Name: name, DisplayName: u.Description, ActiveState: u.ActiveState, SubState: u.SubState,
		LoadState: u.LoadState, EnabledState: u.EnabledState, Healthy: &healthy,
	}
	if u.MainPID != 0 {
		pid := agent.Int(u.MainPID)
		s.MainPID = &pid
	}
	return s, nil
}

// healthy reports whether the unit does what it is there for: it is active, or it was a oneshot that ended well.
func (u Unit) healthy() bool {
	switch u.ActiveState {
	case "active", "reloading":
		return true
	case "inactive":
		return u.FinishedWell
	}
	return false
}

func (a *Agent) listPatches(r *http.Request) (any, error) {
	pending, err := a.Pending(r.Context())
	if err != nil {
		return nil, err
	}
	list := agent.PatchList{Patches: pending, Total: agent.Int(len(pending)), RequiresReboot: len(a.files.rebootReasons()) > 0}
	for _, p := range pending {
		list.RequiresReboot = list.RequiresReboot || agent.Bool(p.RequiresReboot && !p.Held)
		if p.Severity == severitySecurity {
			list.SecurityUpdates++
		}
	}
	return list, nil
}

// The bounds of GET /jobs.
const (
	defaultJobs = 50
	maxJobs     = 1000
)

var jobStatuses = []string{
	agent.JobPending, agent.JobRunning, agent.JobCompleted, agent.JobFailed, agent.JobTimedOut, agent.JobCancelled,
}

func parseLimit(text string) (int, error) {
	if text == "" {
		return defaultJobs, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxJobs {
		return 0, invalid("limit: a number from 1 to %d", maxJobs)
	}
	return n, nil
}
