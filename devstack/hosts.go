package devstack

import (
	"slices"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// DevHosts is the fleet of `make dev`: n hosts, the last of which is unhealthy.
func DevHosts(n int) []agenttest.HostSpec {
	hosts := agenttest.DemoHosts(n)
	hosts[n-1] = Unhealthy(hosts[n-1])
	return hosts
}

// Unhealthy returns the host with its main service broken.
func Unhealthy(h agenttest.HostSpec) agenttest.HostSpec {
	h.Services = slices.Clone(h.Services) // hosts of a kind share the slice
	h.Services[0].Unhealthy = true
	return h
}
