package fleet

import "time"

// DefaultZone is the zone of hosts that the manager reaches itself.
const DefaultZone = "default"

// Host is a machine that runs the agent.
type Host struct {
	ID             string
	FQDN           string
	Address        string // IP or name to dial
	AgentPort      int
	DisplayName    string
	Labels         map[string]string
	Zone           string
	InheritWindows bool
	Agent          HostAgent
	PendingPatches *int
	RebootRequired *bool
	InventoryAt    *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// HostAgent is what the last inventory saw of the host's agent. Reachable is nil before the first.
type HostAgent struct {
	Reachable            *bool
	Version              string
	LastSeenAt           *time.Time
	CertificateExpiresAt *time.Time
	Error                string
}

// Endpoint is how a host's agent is dialled. The certificate must be valid for FQDN.
type Endpoint struct {
	HostID  string
	FQDN    string
	Address string
	Port    int
}

// Endpoint returns how the host's agent is dialled.
func (h Host) Endpoint() Endpoint {
	return Endpoint{HostID: h.ID, FQDN: h.FQDN, Address: h.Address, Port: h.AgentPort}
}

// Patch is one package update that a host lists as available.
type Patch struct {
	Name           string `json:"name"`
	CurrentVersion string `json:"current_version"`
	Available      string `json:"available_version"`
	Severity       string `json:"severity,omitempty"`
	RequiresReboot bool   `json:"requires_reboot,omitempty"`
	// Held: the host's own package manager holds the package back; it is recorded, never sent.
	Held bool `json:"held,omitempty"`
}

// Inventory is one answer of a host to `/health`, `/system/info` and `/patches`. Error says what was not answered; where
// it is set, what comes from `/system/info` and `/patches` is empty, and where Reachable is false everything is.
type Inventory struct {
	HostID               string
	At                   time.Time
	Reachable            bool
	Error                string
	AgentVersion         string
	CertificateExpiresAt *time.Time
	OS, OSVersion        string
	Kernel, Architecture string
	CacheStatus          string
	LastCacheUpdate      *time.Time
	RebootRequired       bool
	Patches              []Patch
}
