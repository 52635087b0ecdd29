package agenttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// HostInfo is a host as the control endpoint lists it.
type HostInfo struct {
	FQDN      string          `json:"fqdn"`
	Address   string          `json:"address"`
	AgentPort int             `json:"agent_port"`
	WebURL    string          `json:"web_url"`
	Version   string          `json:"version"`
	Services  map[string]bool `json:"services"` // healthy, by name
	Pending   []string        `json:"pending"`
	Uptime    string          `json:"uptime"`
}

// Info describes the host.
func (h *Host) Info() HostInfo {
	e := h.Endpoint()
	info := HostInfo{
		FQDN: e.FQDN, Address: e.Address, AgentPort: e.Port, WebURL: h.WebURL(), Version: h.spec.Quirks.Version,
		Services: map[string]bool{}, Pending: h.Pending(), Uptime: h.Uptime().Round(time.Second).String(),
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.spec.Services {
		info.Services[s.Name] = !h.state.Unhealthy[s.Name]
	}
	return info
}

// ServeControl lets people and scripts break and mend hosts over HTTP, on a loopback address only, until ctx ends:
//
//	GET  /hosts, GET /executions
//	POST /hosts/{fqdn}/services/{name} {"healthy": false}
//	POST /hosts/{fqdn}/web {"healthy": false}
//	POST /hosts/{fqdn}/agent {"reachable": false}
//	POST /hosts/{fqdn}/patches/reset, POST /hosts/{fqdn}/reboot
func (f *Fleet) ServeControl(ctx context.Context, address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for fleet control: %w", err)
	}
	if at, err := netip.ParseAddrPort(l.Addr().String()); err != nil || !at.Addr().IsLoopback() {
		l.Close()
		return fmt.Errorf("listen for fleet control: %s is not a loopback address", address)
	}
	server := &http.Server{Handler: f.Control(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); err != http.ErrServerClosed {
		return fmt.Errorf("serve fleet control: %w", err)
	}
	return nil
}

// Control is the handler of ServeControl.
func (f *Fleet) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hosts", func(w http.ResponseWriter, _ *http.Request) {
		infos := []HostInfo{}
		for _, h := range f.hosts {
			infos = append(infos, h.Info())
		}
		writeJSON(w, http.StatusOK, infos)
	})
	mux.HandleFunc("GET /executions", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, append([]Execution{}, f.Executions()...))
	})
	for pattern, change := range map[string]func(*Host, *http.Request) error{
		"services/{name}": controlService,
		"web":             controlWeb,
		"agent":           controlAgent,
		"patches/reset":   func(h *Host, _ *http.Request) error { h.ResetPatches(); return nil },
		"reboot":          func(h *Host, _ *http.Request) error { h.Reboot(); return nil },
	} {
		mux.HandleFunc("POST /hosts/{fqdn}/"+pattern, f.changing(change))
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

func (f *Fleet) changing(change func(*Host, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := f.Host(r.PathValue("fqdn"))
		if h == nil {
			http.Error(w, "no such host", http.StatusNotFound)
			return
		}
		if err := change(h, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(w, http.StatusOK, h.Info())
	}
}

func controlService(h *Host, r *http.Request) error {
	healthy, err := flag(r, "healthy")
	if err == nil && !h.SetServiceHealthy(r.PathValue("name"), healthy) {
		return fmt.Errorf("%s has no service %s", h.FQDN(), r.PathValue("name"))
	}
	return err
}

func controlWeb(h *Host, r *http.Request) error {
	healthy, err := flag(r, "healthy")
	if err == nil {
		h.SetWebHealthy(healthy)
	}
	return err
}

func controlAgent(h *Host, r *http.Request) error {
	reachable, err := flag(r, "reachable")
	if err == nil {
		h.SetReachable(reachable)
	}
	return err
}

// flag reads the one boolean of a body.
func flag(r *http.Request, name string) (bool, error) {
	var body map[string]bool
	err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<10)).Decode(&body)
	value, ok := body[name]
	if err != nil || !ok {
		return false, fmt.Errorf("the body must be {%q: true} or {%q: false}", name, name)
	}
	return value, nil
}
