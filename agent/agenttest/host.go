package agenttest

import (
	"crypto/tls"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of what a spec leaves out.
const (
	defaultApplyDuration  = 2 * time.Second
	defaultRebootDowntime = time.Second
	bootedBefore          = 42 * 24 * time.Hour
)

// Host is one simulated host with its agent and its web page.
type Host struct {
	fleet *Fleet
	spec  HostSpec
	listeners

	mu          sync.Mutex
	state       *hostState
	restartedAt time.Time // of the agent; zero before the first restart
	away        bool
	skew        time.Duration
	cacheStatus string
	cacheAge    time.Duration
	plan        JobPlan
	faults      []*injected
	cert        *tls.Certificate
	changeTLS   func(*tls.Config)
	requests    []Request
	evidence    []Evidence
	limits      [2]window // reads, mutations
}

func newHost(f *Fleet, spec HostSpec, state *hostState) *Host {
	if spec.ApplyDuration == 0 {
		spec.ApplyDuration = defaultApplyDuration
	}
	if spec.RebootDowntime == 0 {
		spec.RebootDowntime = defaultRebootDowntime
	}
	if spec.CertificateName == "" {
		spec.CertificateName = spec.FQDN
	}
	if spec.Quirks.Version == "" {
		spec.Quirks = Versions[len(Versions)-1]
	}
	h := &Host{fleet: f, spec: spec, state: state, cacheStatus: agent.CacheFresh, cacheAge: 40 * time.Minute}
	if h.state == nil {
		h.state = spec.firstBoot(f.opts.Now())
	}
	if h.state.Installed == nil {
		h.state.Installed = map[string]bool{}
	}
	if h.state.Unhealthy == nil {
		h.state.Unhealthy = map[string]bool{}
	}
	if !spec.Quirks.KeepsJobs {
		h.state.Jobs = nil
	}
	return h
}

func (s HostSpec) firstBoot(now time.Time) *hostState {
	state := &hostState{
		BootedAt: now.Add(-bootedBefore), Installed: map[string]bool{}, PendingReboot: s.PendingReboot,
		Unhealthy: map[string]bool{}, WebUnhealthy: s.WebUnhealthy,
	}
	for _, service := range s.Services {
		state.Unhealthy[service.Name] = service.Unhealthy
	}
	return state
}

// FQDN is the name of the host.
func (h *Host) FQDN() string { return h.spec.FQDN }

// Endpoint is where the agent is dialled.
func (h *Host) Endpoint() fleet.Endpoint {
	address := h.agentAddr()
	return fleet.Endpoint{HostID: h.spec.FQDN, FQDN: h.spec.FQDN, Address: address.Addr().String(), Port: int(address.Port())}
}

// WebURL is the page for HTTP checks: 200 with `OK <fqdn>` in it, or 503.
func (h *Host) WebURL() string {
	if h.web == nil {
		return ""
	}
	return "http://" + h.webAddr().String() + "/"
}

// change settles what time has brought about, then changes the host and saves it.
func (h *Host) change(fn func(now time.Time)) {
	h.mu.Lock()
	now := h.settle()
	fn(now)
	h.mu.Unlock()
	h.fleet.save()
}

// SetServiceHealthy breaks or mends a service and reports whether the host has it.
func (h *Host) SetServiceHealthy(name string, healthy bool) bool {
	service, ok := h.service(name)
	if ok {
		h.change(func(time.Time) { h.state.Unhealthy[service.Name] = !healthy })
	}
	return ok
}

// SetWebHealthy breaks or mends the page.
func (h *Host) SetWebHealthy(healthy bool) {
	h.change(func(time.Time) { h.state.WebUnhealthy = !healthy })
}

// SetReachable takes the agent away, or back.
func (h *Host) SetReachable(reachable bool) {
	h.change(func(time.Time) { h.away = !reachable })
}

// ChangeTLS has the agent talk otherwise on the connections to come, as change makes of how it usually does; nil ends that. The
// certificate is what GetCertificate of the configuration returns.
func (h *Host) ChangeTLS(change func(*tls.Config)) {
	h.change(func(time.Time) { h.changeTLS = change })
}

// SetClockSkew sets the host's clock ahead, or behind when negative.
func (h *Host) SetClockSkew(skew time.Duration) {
	h.change(func(time.Time) { h.skew = skew })
}

// SetCache says what the agent tells of its package cache.
func (h *Host) SetCache(status string, age time.Duration) {
	h.change(func(time.Time) { h.cacheStatus, h.cacheAge = status, age })
}

// SetPendingReboot says whether the host requires a reboot.
func (h *Host) SetPendingReboot(pending bool) {
	h.change(func(time.Time) { h.state.PendingReboot = pending })
}

// ResetPatches makes every patch of the spec pending again.
func (h *Host) ResetPatches() {
	h.change(func(time.Time) { h.state.Installed = map[string]bool{} })
}

// RestartAgent drops the connections and, as most versions do, the jobs. What apt is doing goes on.
func (h *Host) RestartAgent() {
	h.change(func(now time.Time) {
		h.restartedAt = now
		h.forgetJobs()
	})
}

// Reboot reboots the host now: what apt is doing is cut off.
func (h *Host) Reboot() {
	h.change(func(now time.Time) {
		h.state.RebootAt = now
		h.settle()
	})
}

// Uptime is how long the host has been up; zero while it is down.
func (h *Host) Uptime() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(0, h.settle().Sub(h.state.BootedAt))
}

// Pending returns the names of the pending patches.
func (h *Host) Pending() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle()
	names := []string{}
	for _, p := range h.pending() {
		names = append(names, p.Name)
	}
	return names
}

// Request is a request that the agent got.
type Request struct {
	At   time.Time
	Line string // as in "GET /health"
	Key  string // Idempotency-Key
}

// Heard returns the requests that the agent got, in order.
func (h *Host) Heard() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

// Requests returns the requests that the agent got, as in "GET /health".
func (h *Host) Requests() []string {
	var lines []string
	for _, r := range h.Heard() {
		lines = append(lines, r.Line)
	}
	return lines
}

// Evidence is what the host said of itself to somebody who judges its health.
type Evidence struct {
	At      time.Time
	Of      string // the service, or WebPage
	Healthy bool
}

// WebPage is what an Evidence calls the host's page.
const WebPage = "the page"

// Evidence returns what the host said of its services and its page, in order.
func (h *Host) Evidence() []Evidence {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.evidence)
}

// said keeps what was said; h.mu is held.
func (h *Host) said(of string, healthy bool) {
	h.evidence = append(h.evidence, Evidence{h.fleet.opts.Now(), of, healthy})
}

func (h *Host) service(name string) (ServiceSpec, bool) {
	if !fleet.HasUnitType(name) {
		name += ".service"
	}
	i := slices.IndexFunc(h.spec.Services, func(s ServiceSpec) bool { return s.Name == name })
	if i < 0 {
		return ServiceSpec{}, false
	}
	return h.spec.Services[i], true
}

func (h *Host) snapshot() json.RawMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle()
	b, err := json.Marshal(h.state)
	if err != nil {
		return json.RawMessage("null") // strings, booleans and times only: it does not come to this
	}
	return b
}
