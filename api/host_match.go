package api

import (
	"strings"

	"github.com/patch-manager/patch-manager/fleet"
)

// HostMatching says in a body which hosts are meant, as the filters of GET /hosts do in a query.
type HostMatching struct {
	Query               string   `json:"q,omitempty" maxLength:"200" doc:"Part of the fqdn, the display name or the address"`
	GroupID             string   `json:"group_id,omitempty" doc:"Only hosts of this group"`
	Zone                string   `json:"zone,omitempty" maxLength:"50" doc:"Only hosts of this zone"`
	Health              string   `json:"health,omitempty" enum:"healthy,unhealthy,unknown,none" doc:"Only hosts of this health"`
	Label               []string `json:"label,omitempty" maxItems:"10" doc:"Only hosts with all of these labels: name or name=value"`
	Agent               string   `json:"agent,omitempty" enum:"reachable,unreachable,unknown" doc:"Only hosts whose agent was found so by the last inventory"`
	RebootRequired      *bool    `json:"reboot_required,omitempty" doc:"Only hosts that require a reboot, or that do not"`
	PendingPatches      *bool    `json:"has_pending_patches,omitempty" doc:"Only hosts with pending patches, or without"`
	Stale               *bool    `json:"stale,omitempty" doc:"Only hosts whose health is stale, or is not"`
	CertificateExpiring *bool    `json:"certificate_expiring,omitempty" doc:"Only hosts whose agent's certificate ends within 30 days or has ended, or the others"`
}

func (s *server) hostMatch(in HostMatching) fleet.HostMatch {
	m := s.allHosts()
	m.Text, m.Zone, m.Health, m.Labels, m.Agent = in.Query, in.Zone, fleet.HealthState(in.Health), labelFilters(in.Label), fleet.AgentState(in.Agent)
	m.RebootRequired, m.PendingPatches, m.Stale, m.CertificateExpiring = in.RebootRequired, in.PendingPatches, in.Stale, in.CertificateExpiring
	if in.GroupID != "" {
		m.GroupID = pathID(in.GroupID)
	}
	return m
}

// allHosts matches every host, and says what is old and what ends soon for who narrows it.
func (s *server) allHosts() fleet.HostMatch {
	return fleet.HostMatch{Ages: s.resultAges(), ExpiringBefore: s.Now().Add(fleet.CertificateNotice)}
}

func labelFilters(labels []string) []fleet.LabelFilter {
	filters := make([]fleet.LabelFilter, len(labels))
	for i, l := range labels {
		name, value, hasValue := strings.Cut(l, "=")
		filters[i].Name = name
		if hasValue {
			filters[i].Value = &value
		}
	}
	return filters
}
