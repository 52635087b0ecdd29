package demo

import (
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

const (
	hosts = 12
	// The host that recovers while it waits at the gate, and the one that never does.
	recovering = "web-02.demo.internal"
	hopeless   = "db-03.demo.internal"
	cutoff     = 10 * time.Second
	// The window stays open for at least this long, and at most a minute longer: windows end at whole minutes.
	atLeast = 60 * time.Second
	// How often the recovering host is evaluated before it recovers, so that a retry by the timer is seen.
	triesBeforeRecovery = 2
)

// settings are the product's, with seconds where it has minutes.
var settings = map[string]string{
	"api.listen":                 devstack.Loopback + ":0",
	"windows.cutoff":             cutoff.String(),
	"windows.cutoff_with_reboot": cutoff.String(),
	"gate.retry_interval":        "4s",
	"gate.max_result_age":        "5s",
	"health.poll_interval":       "30s",
	"health.check_timeout":       "2s",
	"agent.inventory_interval":   "30s",
	"patch.poll_interval":        "500ms",
	"verify.timeout":             "20s",
	"reboot.timeout":             "20s",
}

// fleetSpec is the simulated fleet with its two unhealthy hosts.
func fleetSpec() []agenttest.HostSpec {
	specs := agenttest.DemoHosts(hosts)
	for i := range specs {
		if specs[i].FQDN == recovering || specs[i].FQDN == hopeless {
			specs[i] = devstack.Unhealthy(specs[i])
		}
	}
	return specs
}

// openWindow is a window of the site that has been open for a while and closes soon.
func openWindow(now time.Time) (devstack.Window, time.Time) {
	end := now.UTC().Add(atLeast).Truncate(time.Minute).Add(time.Minute)
	const duration = 15 * time.Minute
	start := end.Add(-duration)
	return devstack.Window{
		Kind: "maintenance", Label: "Open now", TimeZone: "UTC", Recurrence: "once", Enabled: true,
		StartsOn: start.Format(time.DateOnly), StartTime: start.Format("15:04"), DurationMinutes: int(duration.Minutes()),
	}, end
}
