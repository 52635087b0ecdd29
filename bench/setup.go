package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/worker/workertest"
)

// quiet are settings with which the sweeps of the fleet stay out of what is measured, and running patches are looked at
// often enough that waiting for them is not measured either.
var quiet = map[string]string{
	"health.poll_interval": "24h", "agent.inventory_interval": "24h", "patch.poll_interval": "500ms",
	"windows.cutoff": "1m", "windows.cutoff_with_reboot": "1m",
}

// with runs measure on a system of its own with the given hosts, registered and inside an open window.
func (b *bench) with(
	ctx context.Context, hosts []agenttest.HostSpec, settings map[string]string,
	measure func(context.Context, *workertest.System, []string) error,
) error {
	all := maps.Clone(quiet)
	maps.Copy(all, settings)
	if err := devstack.RemoveState(b.dir); err != nil {
		return err
	}
	system, err := workertest.Start(ctx, workertest.Config{Dir: b.dir, Settings: all, Hosts: hosts, Identity: "bench", InMemory: true})
	if err != nil {
		return err
	}
	err = func() error {
		if _, err := system.OpenSite(ctx, time.Hour); err != nil {
			return err
		}
		ids, err := system.Register(ctx, hosts)
		if err != nil {
			return err
		}
		return measure(ctx, system, ids)
	}()
	return errors.Join(err, system.Stop(), devstack.RemoveState(b.dir))
}

// simulated makes n hosts with a service to check and two packages to install, which takes them no time.
func simulated(n int, prefix string) []agenttest.HostSpec {
	hosts := make([]agenttest.HostSpec, n)
	for i := range hosts {
		hosts[i] = agenttest.HostSpec{
			FQDN:     fmt.Sprintf("%s-%04d.bench.internal", prefix, i),
			Services: []agenttest.ServiceSpec{{Name: "nginx.service"}},
			Patches: []agenttest.PatchSpec{
				{Name: "openssl", From: "3.0.15-1", To: "3.0.17-1", Severity: "critical"},
				{Name: "curl", From: "7.88.1-10", To: "7.88.1-12", Severity: "moderate"},
			},
			ApplyDuration: time.Millisecond,
			NoWeb:         true,
		}
	}
	return hosts
}

// patched fails unless every host was patched exactly once, by the hosts' own logs.
func patched(s *workertest.System, hosts []agenttest.HostSpec) error {
	times := map[string]int{}
	for _, e := range s.Fleet.Executions() {
		times[e.FQDN]++
	}
	for _, h := range hosts {
		if times[h.FQDN] != 1 {
			return fmt.Errorf("%s was patched %d times instead of once", h.FQDN, times[h.FQDN])
		}
	}
	return nil
}
