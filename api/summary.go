package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// FleetSummary counts what the caller sees of the fleet.
type FleetSummary struct {
	Hosts                HostCounts     `json:"hosts"`
	Agents               AgentCounts    `json:"agents"`
	Pending              PendingCounts  `json:"pending"`
	RebootRequired       int            `json:"reboot_required" doc:"As GET /hosts?reboot_required=true counts"`
	StaleHosts           int            `json:"stale_hosts" doc:"As GET /hosts?stale=true counts"`
	CertificatesExpiring int            `json:"certificates_expiring" doc:"Within 30 days, or ended, as GET /hosts?certificate_expiring=true counts"`
	JobHosts             map[string]int `json:"job_hosts" doc:"The unfinished hosts of jobs by status, as GET /job-hosts?status= counts; statuses without one are left out; new ones may appear"`
	Jobs                 map[string]int `json:"jobs" doc:"The unfinished jobs by status, as GET /jobs?status= lists; statuses without one are left out; new ones may appear"`
}

// HostCounts counts hosts by their health.
type HostCounts struct {
	Total int `json:"total"`
	HealthCounts
}

// HealthCounts counts hosts by their health, as GET /hosts?health= does.
type HealthCounts struct {
	Healthy   int `json:"healthy"`
	Unhealthy int `json:"unhealthy"`
	Unknown   int `json:"unknown"`
	None      int `json:"none" doc:"Without an enabled check"`
}

// AgentCounts counts hosts by what the last inventory saw of their agent, as GET /hosts?agent= does.
type AgentCounts struct {
	Reachable   int `json:"reachable"`
	Unreachable int `json:"unreachable"`
	Unknown     int `json:"unknown" doc:"Not asked yet"`
}

// PendingCounts counts what waits to be installed.
type PendingCounts struct {
	Hosts   int `json:"hosts" doc:"As GET /hosts?has_pending_patches=true counts"`
	Patches int `json:"patches" doc:"Of these hosts together"`
}

type fleetSummaryAnswer struct{ Body FleetSummary }

func (s *server) registerSummary() {
	handle(s, huma.Operation{
		OperationID: "getFleetSummary", Method: http.MethodGet, Path: "/fleet/summary", Tags: []string{"Hosts"},
		Summary:     "Count the fleet: health, agents, what is pending and what is under way",
		Description: "Every number is that of the list filtered by it.",
	}, s.fleetSummary)
}

func (s *server) fleetSummary(ctx context.Context, by fleet.Caller, _ *struct{}) (*fleetSummaryAnswer, error) {
	sum, err := s.Store.Summary(ctx, by.Sees(), s.allHosts())
	if err != nil {
		return nil, err
	}
	return &fleetSummaryAnswer{Body: FleetSummary{
		Hosts: HostCounts{Total: sum.Hosts, HealthCounts: healthCounts(sum.Health)},
		Agents: AgentCounts{
			Reachable: sum.Agents[fleet.AgentReachable], Unreachable: sum.Agents[fleet.AgentUnreachable], Unknown: sum.Agents[fleet.AgentUnknown],
		},
		Pending:        PendingCounts{Hosts: sum.PendingHosts, Patches: sum.PendingPatches},
		RebootRequired: sum.RebootRequired, StaleHosts: sum.Stale, CertificatesExpiring: sum.CertificatesExpiring,
		JobHosts: byStatus(sum.JobHosts), Jobs: byStatus(sum.Jobs),
	}}, nil
}

func healthCounts(n map[fleet.HealthState]int) HealthCounts {
	return HealthCounts{
		Healthy: n[fleet.HealthHealthy], Unhealthy: n[fleet.HealthUnhealthy], Unknown: n[fleet.HealthUnknown], None: n[fleet.HealthNone],
	}
}

func byStatus(counts map[fleet.Status]int) map[string]int {
	named := make(map[string]int, len(counts))
	for status, n := range counts {
		named[string(status)] = n
	}
	return named
}
