package devstack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// DevPrefix begins the names of the environment variables that choose ports; PATCH_MANAGER_API__LISTEN, a setting of
// the product, chooses the API's.
const DevPrefix = "PATCH_MANAGER_DEV_"

// Ports are what the stack listens on, besides the API. Zero is any free port.
type Ports struct {
	Postgres   int
	Temporal   int
	TemporalUI int
	Agents     int // of every simulated host, each on an address of its own
	Web        int // of the page of every simulated host
	Control    int // of the endpoint that breaks and mends simulated hosts
}

// DefaultPorts are the ports of `make dev`.
func DefaultPorts() Ports {
	return Ports{Postgres: 15432, Temporal: 7233, TemporalUI: 8233, Agents: 12443, Web: 18080, Control: 18099}
}

const (
	settingPostgres   = DevPrefix + "POSTGRES_PORT"
	settingTemporal   = DevPrefix + "TEMPORAL_PORT"
	settingTemporalUI = DevPrefix + "TEMPORAL_UI_PORT"
	settingAgents     = DevPrefix + "AGENT_PORT"
	settingWeb        = DevPrefix + "WEB_PORT"
	settingControl    = DevPrefix + "CONTROL_PORT"
)

// PortsFrom returns the default ports changed by the environment. It refuses names with DevPrefix that it does not know,
// and values that are no ports.
func PortsFrom(environ []string) (Ports, error) {
	ports := DefaultPorts()
	targets := map[string]*int{
		settingPostgres: &ports.Postgres, settingTemporal: &ports.Temporal, settingTemporalUI: &ports.TemporalUI,
		settingAgents: &ports.Agents, settingWeb: &ports.Web, settingControl: &ports.Control,
	}
	used := map[int]string{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, DevPrefix) {
			continue
		}
		target, known := targets[name]
		if !known {
			return Ports{}, fmt.Errorf("%s is not known", name)
		}
		port, err := strconv.ParseUint(value, 10, 16)
		if err != nil || port == 0 {
			return Ports{}, fmt.Errorf("%s: must be a port from 1 to 65535", name)
		}
		*target = int(port)
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		if other, taken := used[*targets[name]]; taken {
			return Ports{}, fmt.Errorf("%s: must differ from %s", name, other)
		}
		used[*targets[name]] = name
	}
	return ports, nil
}
