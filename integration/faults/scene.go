package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

const (
	service       = "nginx.service"
	spare         = "cron.service"  // asked for by no check unless a cell has one do so
	broken        = "rsync.service" // likewise, and never healthy
	basicAuthUser = "faults"
	openssl       = "openssl" // the one package that every host has pending
	cutoff        = 15 * time.Second
	maxAge        = 30 * time.Second // of evidence, the product's default
	maxClockSkew  = 5 * time.Second  // likewise
	gateRetry     = 5 * time.Second  // between two looks at a gate that is shut
)

// productSettings make the waits of the product short; what must not happen is judged by the same rules.
func (h *harness) productSettings() map[string]string {
	all := map[string]string{
		"api.listen": devstack.Address(0), "health.poll_interval": "5s", "health.check_timeout": "3s", "gate.retry_interval": gateRetry.String(),
		"agent.inventory_interval": "1h", "windows.cutoff": cutoff.String(), "windows.cutoff_with_reboot": cutoff.String(),
		"patch.poll_interval": "500ms", "patch.settle_timeout": "3s", "verify.timeout": "6s", "reboot.timeout": "30s",
	}
	maps.Copy(all, h.settings)
	return all
}

// scene is a running system with its hosts, and what happened on it.
type scene struct {
	*devstack.Stack
	dir    string
	random *rand.Rand
	quick  bool
	older  string // the program that it runs, and
	newer  string // one of a release to come
	secret string // password of the checks of every host
	hosts  []*host
	undo   []func() error // of what was prepared, last first

	network      *network           // nil where the product reaches everything itself
	disks        []full             // that fill up
	clock        string             // file that says how far the clock of Postgres is ahead; empty where it is right
	jobs         map[string][]*host // accepted, with the hosts that they name
	changed      map[string]int     // changes that were answered for, by action
	remembered   map[string]intent  // that the database was made to forget
	met          atomic.Int64       // faults of agents that somebody met
	crashes      []crash            // of the worker
	kills        int                // of processes, by SIGKILL
	faults       int                // of other kinds
	recovered    map[string]recovery
	expectations []string // of the cell, that were not met
}

// host is one simulated host as the manager was told of it.
type host struct {
	*agenttest.Host
	id         string
	start, end time.Time // of its only window
	checks     []string  // what is checked of it
}

// open starts everything and registers the hosts, each with two checks and a window that lasts.
func (h *harness) open(ctx context.Context, c cell, round int, dir string) (*scene, error) {
	s := &scene{
		dir: dir, random: h.random(c, round), quick: h.quick, older: h.program, newer: h.newer, secret: uuid.NewString(),
		jobs: map[string][]*host{}, changed: map[string]int{}, recovered: map[string]recovery{}, remembered: map[string]intent{},
	}
	if err := os.MkdirAll(s.failpoints(), 0o755); err != nil {
		return nil, fmt.Errorf("make folder of failpoints: %w", err)
	}
	config := devstack.StackConfig{
		Dir: dir, Program: h.program, Settings: h.productSettings(), Hosts: specs(c.hosts, s.secret),
		Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "FAILPOINT_DIR=" + s.failpoints()},
		Say:     func(string, ...any) {}, Register: func(context.Context, *devstack.Stack) error { return nil },
	}
	if err := s.start(ctx, c, config); err != nil {
		return nil, errors.Join(err, s.stop(), s.undoAll())
	}
	return s, nil
}

// start prepares what the cell has to, starts everything and registers the hosts.
func (s *scene) start(ctx context.Context, c cell, config devstack.StackConfig) (err error) {
	if prepare, ok := preparations[c.number]; ok {
		if err := prepare(ctx, s, &config); err != nil {
			return err
		}
	}
	if s.Stack, err = devstack.StartStack(ctx, config); err != nil {
		return err
	}
	for _, simulated := range s.Fleet.Hosts() {
		added, err := s.add(ctx, simulated)
		if err != nil {
			return fmt.Errorf("register %s: %w", simulated.FQDN(), err)
		}
		s.hosts = append(s.hosts, added)
	}
	return nil
}

// stop ends everything that was started.
func (s *scene) stop() error {
	if s.Stack == nil {
		return nil
	}
	return s.Stop()
}

// undoAll undoes what was prepared.
func (s *scene) undoAll() error {
	var errs []error
	for _, undo := range slices.Backward(s.undo) {
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

func (s *scene) failpoints() string { return filepath.Join(s.dir, "failpoints") }

func specs(n int, password string) []agenttest.HostSpec {
	hosts := make([]agenttest.HostSpec, n)
	for i := range hosts {
		hosts[i] = agenttest.HostSpec{
			FQDN: fmt.Sprintf("h%02d.fault.internal", i), Quirks: version(i), WebUser: basicAuthUser, WebPassword: password,
			Services: []agenttest.ServiceSpec{{Name: service}, {Name: spare}, {Name: broken, Unhealthy: true}},
			Patches:  []agenttest.PatchSpec{{Name: openssl, From: "3.0.15-1", To: "3.0.17-1", RequiresReboot: i%kinds == rebooting}},
		}
	}
	return hosts
}

// version gives each way that hosts are treated, by whatever number divides theirs, to agents of every version.
func version(i int) agenttest.Quirks {
	n := len(agenttest.Versions)
	return agenttest.Versions[(i+i/n+i/(n*n))%n]
}

func (s *scene) add(ctx context.Context, simulated *agenttest.Host) (*host, error) {
	address, port, err := s.reach(simulated)
	if err != nil {
		return nil, err
	}
	var made struct{ ID string }
	in := map[string]any{"fqdn": simulated.FQDN(), "address": address, "agent_port": port}
	if err := s.change(ctx, "host.create", http.MethodPost, "/hosts", in, &made); err != nil {
		return nil, err
	}
	for _, check := range []map[string]any{
		{"name": "service", "check_type": "service", "service_name": service},
		{
			"name": "page", "check_type": "http", "url": simulated.WebURL(), "expected_body": "OK",
			"basic_auth_user": basicAuthUser, "basic_auth_pass": s.secret,
		},
	} {
		if err := s.change(ctx, "health_check.create", http.MethodPost, "/hosts/"+made.ID+"/health-checks", check, nil); err != nil {
			return nil, err
		}
	}
	h := &host{Host: simulated, id: made.ID, checks: []string{service, agenttest.WebPage}}
	end := wholeMinute(time.Now().Add(time.Hour))
	return h, s.window(ctx, h, end.Add(-3*time.Hour), end)
}

// reach is where the manager reaches a host.
func (s *scene) reach(simulated *agenttest.Host) (address string, port uint16, err error) {
	e := simulated.Endpoint()
	at := net.JoinHostPort(e.Address, strconv.Itoa(e.Port))
	if s.network != nil {
		if at, err = s.network.lay(simulated.FQDN(), at); err != nil {
			return "", 0, err
		}
	}
	reached, err := netip.ParseAddrPort(at)
	if err != nil {
		return "", 0, fmt.Errorf("reach %s: %w", simulated.FQDN(), err)
	}
	return reached.Addr().String(), reached.Port(), nil
}

// wholeMinute is the first whole minute after an instant, since windows begin and end at those.
func wholeMinute(t time.Time) time.Time { return t.UTC().Truncate(time.Minute).Add(time.Minute) }

// window gives a host a window, which is to be its only one.
func (s *scene) window(ctx context.Context, h *host, start, end time.Time) error {
	h.start, h.end = start, end
	return s.change(ctx, "maintenance_window.create", http.MethodPost, "/hosts/"+h.id+"/maintenance-windows", once("maintenance", start, end), nil)
}

// once is a window or a blackout that does not come again.
func once(kind string, start, end time.Time) devstack.Window {
	return devstack.Window{
		Kind: kind, Label: "of the harness", TimeZone: "UTC", Recurrence: "once", Enabled: true,
		StartsOn: start.Format(time.DateOnly), StartTime: start.Format("15:04"), DurationMinutes: int(end.Sub(start).Minutes()),
	}
}

// moveWindow gives a host another window instead of its own.
func (s *scene) moveWindow(ctx context.Context, h *host, start, end time.Time) error {
	var list struct{ Items []struct{ ID string } }
	path := "/hosts/" + h.id + "/maintenance-windows"
	if err := s.API.Do(ctx, http.MethodGet, path, nil, &list); err != nil {
		return err
	}
	for _, w := range list.Items {
		if err := s.change(ctx, "maintenance_window.delete", http.MethodDelete, path+"/"+w.ID, nil, nil); err != nil {
			return err
		}
	}
	return s.window(ctx, h, start, end)
}

// change asks for a change, and remembers that it was answered for.
func (s *scene) change(ctx context.Context, action, method, path string, in, out any) error {
	err := s.API.Do(ctx, method, path, in, out)
	if err == nil {
		s.changed[action]++
	}
	return err
}

// submit asks for a job over hosts and remembers that it was accepted.
func (s *scene) submit(ctx context.Context, hosts []*host, more map[string]any) (string, error) {
	return s.submitBy(ctx, s.API, hosts, more)
}

// submitBy is submit by whoever the client is.
func (s *scene) submitBy(ctx context.Context, client *devstack.Client, hosts []*host, more map[string]any) (string, error) {
	body := map[string]any{"host_ids": ids(hosts), "max_parallel": "100%", "max_failures": "100%"}
	for key, value := range more {
		body[key] = value
	}
	var made struct{ ID string }
	if err := client.Do(ctx, http.MethodPost, "/jobs", body, &made); err != nil {
		return "", err
	}
	s.changed["job.create"]++
	s.jobs[made.ID] = hosts
	return made.ID, nil
}

func ids(hosts []*host) []string {
	var list []string
	for _, h := range hosts {
		list = append(list, h.id)
	}
	return list
}

// expect notes an expectation of the cell itself that is not met.
func (s *scene) expect(met bool, format string, args ...any) {
	if !met {
		s.expectations = append(s.expectations, "(cell) "+fmt.Sprintf(format, args...))
	}
}
