package activities_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// fakeFleet fulfils the ports of the poller in memory and records what was asked of them.
type fakeFleet struct {
	connected, closed, requested atomic.Int64
	active                       atomic.Int64
	overlapped                   atomic.Bool
	password                     atomic.Value
	probing                      func(checkID string) // called inside every probe
	outcome                      func(checkID string) fleet.Outcome
	openErr                      error
	storeErr                     func([]fleet.Result) error

	mu      sync.Mutex
	results []fleet.Result
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

func (f *fakeFleet) Open(_ fleet.SealedPassword, checkID, hostID string) (fleet.Secret, error) {
	return fleet.NewSecret("opened for " + checkID + " of " + hostID), f.openErr
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
