package agent

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// jobID is the syntax of ids that we store and put into a path; real agents send UUIDs.
var jobID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)

// maxUptime is a hundred years: what is above is no uptime, and would overflow a duration.
const maxUptime = 100 * 365 * 24 * 3600

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fleet.ErrAgentMalformed, fmt.Errorf(format, args...))
}

func (h Health) fleet(clock fleet.AgentClock) (fleet.AgentHealth, error) {
	// Without an uptime nobody could tell whether the host rebooted, and 0 would always say yes.
	if h.UptimeSeconds == nil || *h.UptimeSeconds < 0 || *h.UptimeSeconds > maxUptime {
		return fleet.AgentHealth{}, malformed("health has no uptime_seconds")
	}
	if h.Status == "" {
		return fleet.AgentHealth{}, malformed("health has no status")
	}
	return fleet.AgentHealth{
		Clock:           clock,
		Status:          printable(h.Status, maxCode),
		Uptime:          time.Duration(math.Round(*h.UptimeSeconds*1000)) * time.Millisecond,
		Version:         printable(h.Version, maxCode),
		CacheStatus:     printable(h.CacheStatus, maxCode),
		LastCacheUpdate: h.LastCacheUpdate.Ptr(),
	}, nil
}

func (s SystemInfo) fleet(clock fleet.AgentClock) (fleet.AgentSystemInfo, error) {
	if s.PendingReboot == nil {
		return fleet.AgentSystemInfo{}, malformed("system info has no pending_reboot")
	}
	return fleet.AgentSystemInfo{
		Clock:           clock,
		Hostname:        printable(s.Hostname, maxMessage),
		OS:              printable(s.OS, maxMessage),
		OSVersion:       printable(s.OSVersion, maxMessage),
		Kernel:          printable(s.Kernel, maxMessage),
		Architecture:    printable(s.Architecture, maxMessage),
		LastUpdateCheck: s.LastUpdateCheck.Ptr(),
		LastUpdateApply: s.LastUpdateApply.Ptr(),
		PendingReboot:   *s.PendingReboot,
		PackageDBClean:  s.PackageDBClean,
	}, nil
}

// parseService takes `healthy` and `name` by their exact keys: the decoder would also take HEALTHY for healthy.
func parseService(raw json.RawMessage, asked string, clock fleet.AgentClock) (fleet.AgentService, error) {
	fields, err := object(raw)
	if err != nil {
		return fleet.AgentService{}, malformed("service: %w", err)
	}
	var name string
	if json.Unmarshal(fields["name"], &name) != nil || unitName(name) != unitName(asked) {
		return fleet.AgentService{}, malformed("it answered about another service, %q", printable(name, maxCode))
	}
	healthy := string(fields["healthy"])
	if healthy != "true" && healthy != "false" {
		return fleet.AgentService{}, malformed("healthy is no boolean")
	}
	var s Service
	if err := json.Unmarshal(raw, &s); err != nil {
		return fleet.AgentService{}, malformed("service: %s", jsonProblem(err))
	}
	return fleet.AgentService{
		Clock:        clock,
		Name:         printable(name, fleet.MaxServiceName),
		ActiveState:  printable(s.ActiveState, maxCode),
		SubState:     printable(s.SubState, maxCode),
		LoadState:    printable(s.LoadState, maxCode),
		EnabledState: printable(s.EnabledState, maxCode),
		Healthy:      healthy == "true",
	}, nil
}

// unitName is the full name of a unit: systemd takes a name without a type for a service.
func unitName(name string) string {
	if name == "" || fleet.HasUnitType(name) {
		return name
	}
	return name + ".service"
}

func (l PatchList) fleet(clock fleet.AgentClock) (fleet.AgentPatches, error) {
	// A list that is not there or not whole would read as "nothing pending".
	if l.Patches == nil {
		return fleet.AgentPatches{}, malformed("patches is missing")
	}
	if int(l.Total) > len(l.Patches) {
		return fleet.AgentPatches{}, malformed("%d of %d patches are listed", len(l.Patches), l.Total)
	}
	out := fleet.AgentPatches{Clock: clock, Patches: []fleet.Patch{}, RequiresReboot: bool(l.RequiresReboot)}
	seen := map[string]bool{}
	for i, p := range l.Patches {
		if p.Name == "" || len(p.Name) > maxMessage || p.Name != printable(p.Name, maxMessage) {
			return fleet.AgentPatches{}, malformed("patches[%d] has no usable name", i)
		}
		if seen[p.Name] {
			continue // the same package of a second architecture: it is upgraded together with the first
		}
		seen[p.Name] = true
		out.Patches = append(out.Patches, p.fleet())
	}
	return out, nil
}

func (p Patch) fleet() fleet.Patch {
	return fleet.Patch{
		Name:           p.Name,
		CurrentVersion: printable(p.CurrentVersion, maxMessage),
		Available:      printable(p.AvailableVersion, maxMessage),
		Severity:       printable(p.Severity, maxCode),
		RequiresReboot: p.RequiresReboot,
		Held:           p.Held,
	}
}

func (l JobList) fleet(clock fleet.AgentClock) ([]fleet.AgentJob, error) {
	// No list would read as "no apply is running".
	if l.Jobs == nil {
		return nil, malformed("jobs is missing")
	}
	jobs := make([]fleet.AgentJob, 0, len(l.Jobs))
	for i, j := range l.Jobs {
		job, err := j.fleet(clock)
		if err != nil {
			return nil, fmt.Errorf("jobs[%d]: %w", i, err)
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

func (j Job) fleet(clock fleet.AgentClock) (fleet.AgentJob, error) {
	if !jobID.MatchString(j.JobID) {
		return fleet.AgentJob{}, malformed("job has no usable job_id")
	}
	if j.Status == "" {
		return fleet.AgentJob{}, malformed("job has no status")
	}
	job := fleet.AgentJob{
		Clock:       clock,
		ID:          j.JobID,
		Operation:   Operation(j.Operation),
		Status:      JobStatus(j.Status),
		RawStatus:   printable(j.Status, maxCode),
		CreatedAt:   j.CreatedAt.Ptr(),
		CompletedAt: j.CompletedAt.Ptr(),
		Packages:    printables(j.Packages),
		ErrorCode:   printable(deref(j.ErrorCode), maxCode),
		Progress:    int(j.Progress),
		Message:     printable(j.Message, maxMessage),
		Logs:        j.Logs,
		Stdout:      deref(j.CommandStdout),
		Stderr:      deref(j.CommandStderr),
	}
	if j.Error != nil {
		job.Error = printable(string(*j.Error), maxMessage)
	}
	if j.ExitCode != nil {
		code := int(*j.ExitCode)
		job.ExitCode = &code
	}
	return job, nil
}

// printables are the names of a job's packages. One that is no name of a package is kept as what it shows as, so that the
// job equals none of ours and can still be stored.
func printables(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = printable(name, maxMessage)
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// JobStatus makes one word of the spellings of a status: a timed-out job is `timedout` in REST, `timed_out` on the
// socket and `timeout` in the documents. A word that it does not know is unknown, which counts as running.
func JobStatus(raw string) fleet.AgentJobStatus {
	switch squeeze(raw) {
	case "pending", "queued":
		return fleet.AgentJobPending
	case "running", "inprogress":
		return fleet.AgentJobRunning
	case "completed":
		return fleet.AgentJobCompleted
	case "failed":
		return fleet.AgentJobFailed
	case "timedout", "timeout":
		return fleet.AgentJobTimedOut
	case "cancelled", "canceled":
		return fleet.AgentJobCancelled
	}
	return fleet.AgentJobUnknown
}

// Operation makes one word of `patchapply` and `patch_apply`, and keeps those it does not know.
func Operation(raw string) fleet.AgentOperation {
	switch squeeze(raw) {
	case "patchapply":
		return fleet.AgentApply
	case "reboot", "systemreboot":
		return fleet.AgentReboot
	}
	return fleet.AgentOperation(printable(raw, maxCode))
}

func squeeze(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}
