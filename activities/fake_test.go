package activities_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// fakeFleet fulfils the ports of the poller in memory and records what was asked of them.
type fakeFleet struct {
	connected, closed, requested atomic.Int64
	overlapped                   atomic.Bool
	password                     atomic.Value
	probing                      func(checkID string) // called inside every probe
	outcome                      func(checkID string) fleet.Outcome
	openErr                      error
	storeErr                     func([]fleet.Result) error

	mu      sync.Mutex
	results []fleet.Result
	audited []fleet.Actor
	hosts   []fleet.HostChecks
	waiting []fleet.RunRef // released once a result of their host is stored
	wakeErr func(fleet.RunRef) error
	woken   []fleet.RunRef
	asked   [][]string // the hosts of each look for releasable runs
}

func newFakeFleet() *fakeFleet {
	return &fakeFleet{
		probing: func(string) {},
		outcome: func(string) fleet.Outcome { return fleet.OutcomeHealthy },
	}
}

func (f *fakeFleet) Connect(fleet.Endpoint) fleet.AgentConn {
	f.connected.Add(1)
	return &fakeConn{fleet: f}
}

type fakeConn struct {
	fleet.AgentConn
	fleet  *fakeFleet
	active atomic.Int64
}

func (c *fakeConn) Close() { c.fleet.closed.Add(1) }

func (f *fakeFleet) Service(_ context.Context, conn fleet.AgentConn, check fleet.Check) fleet.Result {
	c := conn.(*fakeConn)
	if c.active.Add(1) > 1 {
		f.overlapped.Store(true)
	}
	defer c.active.Add(-1)
	return f.run(check)
}

func (f *fakeFleet) HTTP(_ context.Context, check fleet.Check, password string) fleet.Result {
	f.requested.Add(1)
	f.password.Store(password)
	return f.run(check)
}

func (f *fakeFleet) run(check fleet.Check) fleet.Result {
	at := time.Now()
	f.probing(check.ID)
	return fleet.Result{CheckID: check.ID, HostID: check.HostID, Outcome: f.outcome(check.ID), CheckedAt: at}
}

func (f *fakeFleet) Open(_ context.Context, _ fleet.SealedPassword, c fleet.Check) (fleet.Secret, error) {
	return fleet.NewSecret("opened for " + c.ID + " of " + c.HostID), f.openErr
}

func (f *fakeFleet) StoreResults(_ context.Context, results []fleet.Result) error {
	if f.storeErr != nil {
		if err := f.storeErr(results); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.results = append(f.results, results...)
	return nil
}

func (f *fakeFleet) stored() []fleet.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.results)
}

func serviceCheck(hostID, id string) fleet.Check {
	return fleet.Check{ID: id, HostID: hostID, Name: id, Type: fleet.CheckService, ServiceName: "nginx.service", Enabled: true}
}

func httpCheck(hostID, id string) fleet.Check {
	return fleet.Check{ID: id, HostID: hostID, Name: id, Type: fleet.CheckHTTP, URL: "http://h1/", ExpectedBody: "ok", Enabled: true}
}

func checkIDs(results []fleet.Result) []string {
	ids := make([]string, len(results))
	for i, r := range results {
		ids[i] = r.CheckID
	}
	return ids
}

func (f *fakeFleet) PollShards(context.Context, int, int) ([]fleet.Shard, error) {
	return []fleet.Shard{{Zone: fleet.DefaultZone, Hosts: len(f.hosts)}}, nil
}

func (f *fakeFleet) ShardChecks(_ context.Context, _ fleet.Shard, after string, limit int) ([]fleet.HostChecks, error) {
	page := []fleet.HostChecks{}
	for _, h := range f.hosts {
		if h.Endpoint.HostID > after && len(page) < limit {
			page = append(page, h)
		}
	}
	return page, nil
}

func (f *fakeFleet) CountChecks(_ context.Context, _ fleet.Shard, after string) (int, error) {
	n := 0
	for _, h := range f.hosts {
		if h.Endpoint.HostID > after {
			n += len(h.Checks)
		}
	}
	return n, nil
}

func (f *fakeFleet) ReleasableRuns(_ context.Context, hostIDs []string) ([]fleet.RunRef, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, hostIDs)
	runs := []fleet.RunRef{}
	for _, r := range f.waiting {
		if slices.Contains(hostIDs, r.HostID) {
			runs = append(runs, r)
		}
	}
	return runs, nil
}

func (f *fakeFleet) WakeHost(_ context.Context, jobID, hostID string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := fleet.RunRef{JobID: jobID, HostID: hostID}
	if f.wakeErr != nil {
		if err := f.wakeErr(r); err != nil {
			return err
		}
	}
	f.woken = append(f.woken, r)
	return nil
}

func (f *fakeFleet) CheckWithHost(_ context.Context, hostID, checkID string) (fleet.HostChecks, error) {
	for _, h := range f.hosts {
		for _, c := range h.Checks {
			if h.Endpoint.HostID == hostID && c.ID == checkID {
				return fleet.HostChecks{Endpoint: h.Endpoint, Checks: []fleet.Check{c}}, nil
			}
		}
	}
	return fleet.HostChecks{}, fleet.NotFound("health check")
}

func (f *fakeFleet) StoreTestResult(ctx context.Context, actor fleet.Actor, result fleet.Result) error {
	if err := f.StoreResults(ctx, []fleet.Result{result}); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.audited = append(f.audited, actor)
	return nil
}

// add gives the fleet a host with the checks.
func (f *fakeFleet) add(hostID string, checks ...fleet.Check) {
	f.hosts = append(f.hosts, fleet.HostChecks{Endpoint: fleet.Endpoint{HostID: hostID, FQDN: hostID + ".example"}, Checks: checks})
}

func (f *fakeFleet) poller() *activities.Poller {
	return activities.NewPoller(f, activities.NewCheckRunner(f, f, f, f), f, 0, slog.New(slog.DiscardHandler))
}
