package api

import (
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// HostInput is what is sent of a host.
type HostInput struct {
	FQDN           string            `json:"fqdn" minLength:"1" maxLength:"253" doc:"The name that the agent's certificate is valid for; unique regardless of case" example:"web1.example.com"`
	Address        string            `json:"address,omitempty" maxLength:"253" doc:"The IP address or name to dial; default: the fqdn"`
	AgentPort      *int              `json:"agent_port,omitempty" minimum:"1" maximum:"65535" doc:"Default: agent.port of the settings, 12443"`
	DisplayName    string            `json:"display_name,omitempty" maxLength:"200"`
	Labels         map[string]string `json:"labels,omitempty" doc:"At most 64; names of up to 63 characters, values of up to 200"`
	Zone           string            `json:"zone,omitempty" maxLength:"50" doc:"The workers that reach the host; default: default"`
	GroupIDs       *[]string         `json:"group_ids,omitempty" doc:"The groups the host is in; who is no administrator names at least one of theirs"`
	InheritWindows *bool             `json:"inherit_windows,omitempty" doc:"Whether maintenance windows of its groups and the site apply; blackouts always do. Default: true"`
}

func (in HostInput) host(p Policy) (fleet.HostInput, error) {
	h := fleet.HostInput{
		FQDN: in.FQDN, Address: in.Address, AgentPort: or(in.AgentPort, p.AgentPort), DisplayName: in.DisplayName,
		Labels: in.Labels, Zone: in.Zone, InheritWindows: or(in.InheritWindows, true),
	}
	if h.Address == "" {
		h.Address = h.FQDN
	}
	if h.Zone == "" {
		h.Zone = fleet.DefaultZone
	}
	if in.GroupIDs != nil {
		ids, err := bodyIDs("group_ids", "group", *in.GroupIDs)
		if err != nil {
			return h, err
		}
		h.GroupIDs = &ids
	}
	return h, h.Validate()
}

// Host is a host with its health and what its agent last said.
type Host struct {
	ID             string            `json:"id" format:"uuid"`
	FQDN           string            `json:"fqdn"`
	Address        string            `json:"address"`
	AgentPort      int               `json:"agent_port"`
	DisplayName    string            `json:"display_name"`
	Labels         map[string]string `json:"labels"`
	Zone           string            `json:"zone"`
	ZoneWorkers    ZoneWorkers       `json:"zone_workers" doc:"Whether a worker of the zone is there"`
	GroupIDs       []string          `json:"group_ids" doc:"The groups of the host that the caller sees"`
	InheritWindows bool              `json:"inherit_windows"`
	Agent          HostAgent         `json:"agent"`
	Health         HostHealth        `json:"health"`
	Span           *HostSpan         `json:"span" doc:"The next span in which the host may be patched, which may be in progress; null: none within 70 days"`
	PendingPatches *int              `json:"pending_patches" nullable:"true" doc:"Null before the first inventory"`
	RebootRequired *bool             `json:"reboot_required" nullable:"true" doc:"Null before the first inventory"`
	InventoryAt    *time.Time        `json:"inventory_at" nullable:"true"`
	CreatedAt      time.Time         `json:"created_at"`
	UpdatedAt      time.Time         `json:"updated_at"`
}

// HostAgent is what the last inventory saw of the agent.
type HostAgent struct {
	Reachable            *bool      `json:"reachable" nullable:"true" doc:"Null before the agent was first asked"`
	Error                string     `json:"error" doc:"Why it is not reachable, otherwise empty"`
	Version              string     `json:"version"`
	LastSeenAt           *time.Time `json:"last_seen_at" nullable:"true"`
	CertificateExpiresAt *time.Time `json:"certificate_expires_at" nullable:"true"`
}

// HostHealth sums up the enabled checks of a host.
type HostHealth struct {
	State          string     `json:"state" doc:"By what the enabled checks show: healthy, unhealthy, unknown (a check has no result younger than two polls) or none (no enabled check); new values may appear"`
	Healthy        int        `json:"healthy"`
	Unhealthy      int        `json:"unhealthy"`
	Unknown        int        `json:"unknown"`
	OldestResultAt *time.Time `json:"oldest_result_at" nullable:"true" doc:"Of the enabled checks that have a result"`
	Stale          bool       `json:"stale" doc:"Whether the oldest result is older than two polls (health.poll_interval of the settings), by the server's clock"`
}

func hostBody(h fleet.HostView, ages fleet.ResultAges) Host {
	return Host{
		ID: h.ID, FQDN: h.FQDN, Address: h.Address, AgentPort: h.AgentPort, DisplayName: h.DisplayName, Labels: h.Labels,
		Zone: h.Zone, ZoneWorkers: zoneWorkers(h.Presence), GroupIDs: h.GroupIDs, InheritWindows: h.InheritWindows, Health: healthBody(h.Health, ages),
		Agent: HostAgent{
			Reachable: h.Agent.Reachable, Error: h.Agent.Error, Version: h.Agent.Version,
			LastSeenAt: utc(h.Agent.LastSeenAt), CertificateExpiresAt: utc(h.Agent.CertificateExpiresAt),
		},
		PendingPatches: h.PendingPatches, RebootRequired: h.RebootRequired, InventoryAt: utc(h.InventoryAt),
		CreatedAt: h.CreatedAt.UTC(), UpdatedAt: h.UpdatedAt.UTC(),
	}
}

func healthBody(h fleet.HealthSummary, ages fleet.ResultAges) HostHealth {
	return HostHealth{
		State: string(h.State()), Healthy: h.Healthy, Unhealthy: h.Unhealthy, Unknown: h.Unknown,
		OldestResultAt: utc(h.OldestResultAt), Stale: ages.Stale(h.OldestResultAt),
	}
}

// Inventory is what the agent of a host last said of its packages.
type Inventory struct {
	InventoryAt     *time.Time     `json:"inventory_at" nullable:"true" doc:"Null before the first inventory"`
	AgeSeconds      *int64         `json:"age_seconds" nullable:"true"`
	OS              string         `json:"os"`
	OSVersion       string         `json:"os_version"`
	Kernel          string         `json:"kernel"`
	Architecture    string         `json:"architecture"`
	CacheStatus     string         `json:"cache_status" doc:"The agent's word for the age of its package lists: fresh, stale, unknown, failed"`
	LastCacheUpdate *time.Time     `json:"last_cache_update" nullable:"true"`
	RebootRequired  *bool          `json:"reboot_required" nullable:"true"`
	Items           []PendingPatch `json:"items"`
}

// PendingPatch is an update that the host lists as available.
type PendingPatch struct {
	Name             string `json:"name"`
	CurrentVersion   string `json:"current_version"`
	AvailableVersion string `json:"available_version"`
	Severity         string `json:"severity"`
	RequiresReboot   bool   `json:"requires_reboot"`
	Held             bool   `json:"held" doc:"The host's package manager holds it back; it is recorded, never sent"`
}

func inventoryBody(inv *fleet.HostInventory, now time.Time) Inventory {
	if inv == nil {
		return Inventory{Items: []PendingPatch{}}
	}
	age := int64(now.Sub(inv.At).Seconds())
	return Inventory{
		InventoryAt: utc(&inv.At), AgeSeconds: &age, OS: inv.OS, OSVersion: inv.OSVersion, Kernel: inv.Kernel,
		Architecture: inv.Architecture, CacheStatus: inv.CacheStatus, LastCacheUpdate: utc(inv.LastCacheUpdate),
		RebootRequired: inv.RebootRequired, Items: convert(inv.Patches, pendingPatch),
	}
}

func pendingPatch(p fleet.Patch) PendingPatch {
	return PendingPatch{
		Name: p.Name, CurrentVersion: p.CurrentVersion, AvailableVersion: p.Available, Severity: p.Severity,
		RequiresReboot: p.RequiresReboot, Held: p.Held,
	}
}
