package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// HostMatchQuery says in a query which hosts are meant. The framework only fills embedded types that are exported.
type HostMatchQuery struct {
	Query   string   `query:"q" maxLength:"200" doc:"Part of the fqdn, the display name or the address"`
	GroupID string   `query:"group_id" doc:"Only hosts of this group"`
	Zone    string   `query:"zone" maxLength:"50" doc:"Only hosts of this zone"`
	Health  string   `query:"health" enum:"healthy,unhealthy,unknown,none" doc:"Only hosts of this health"`
	Label   []string `query:"label,explode" maxItems:"10" doc:"Only hosts with this label: name or name=value; given several times, with all of them"`
	Agent   string   `query:"agent" enum:"reachable,unreachable,unknown" doc:"Only hosts whose agent was found so by the last inventory; unknown: not asked yet"`

	RebootRequired      OptionalParam[bool] `query:"reboot_required" doc:"Only hosts that require a reboot, or that do not; neither has those without an inventory"`
	PendingPatches      OptionalParam[bool] `query:"has_pending_patches" doc:"Only hosts with pending patches, or without; neither has those without an inventory"`
	Stale               OptionalParam[bool] `query:"stale" doc:"Only hosts whose health is stale, or is not"`
	CertificateExpiring OptionalParam[bool] `query:"certificate_expiring" doc:"Only hosts whose agent showed a certificate that ends within 30 days or has ended, or the others"`
}

func (in HostMatchQuery) matching() HostMatching {
	return HostMatching{
		Query: in.Query, GroupID: in.GroupID, Zone: in.Zone, Health: in.Health, Label: in.Label, Agent: in.Agent,
		RebootRequired: in.RebootRequired.orNil(), PendingPatches: in.PendingPatches.orNil(), Stale: in.Stale.orNil(),
		CertificateExpiring: in.CertificateExpiring.orNil(),
	}
}

type listHostsInput struct {
	PageQuery
	FormatQuery
	HostMatchQuery
	Sort string `query:"sort" enum:"fqdn,-fqdn,health,-health,pending_patches,-pending_patches,last_seen_at,-last_seen_at" default:"fqdn" doc:"The order; with a minus the other way round. By health the worst come first: unhealthy, unknown, none, healthy. Hosts without a value come last either way"`
}

type hostList struct {
	Items      []Host  `json:"items"`
	Total      int     `json:"total" doc:"How many hosts match, on all pages together"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Null on the last page; it goes with the same sort only"`
}

func (s *server) registerHostList() {
	handle(s, huma.Operation{
		OperationID: "listHosts", Method: http.MethodGet, Path: "/hosts", Tags: []string{"Hosts"},
		Summary:     "List hosts",
		Description: "A list of the hosts that match every filter. " + tableDescription("hosts"),
		Responses:   s.listOrTable(reflect.TypeFor[hostList](), "HostList"),
	}, s.listHosts)
}

func (s *server) listHosts(ctx context.Context, by fleet.Caller, in *listHostsInput) (*huma.StreamResponse, error) {
	f := fleet.HostFilter{HostMatch: s.hostMatch(in.matching()), Sort: fleet.HostSort(in.Sort), Limit: in.Limit + 1}
	list := "hosts:" + in.Sort
	if in.Cursor != "" {
		f.After = &fleet.HostKey{}
		if err := readCursor(list, in.Cursor, f.After); err != nil {
			return nil, err
		}
		if _, ok := parseID(f.After.ID); !ok {
			return nil, errCursor
		}
	}
	if in.wantsCSV() {
		return s.exportHosts(ctx, by, f)
	}
	hosts, err := s.Store.Hosts(ctx, by.Sees(), f)
	if err != nil {
		return nil, err
	}
	total, err := s.Store.TotalHosts(ctx, by.Sees(), f.HostMatch)
	if err != nil {
		return nil, err
	}
	page, next := cut(list, hosts, in.Limit, f.Sort.Key)
	items, err := s.hostBodies(ctx, page)
	if err != nil {
		return nil, err
	}
	return jsonAnswer(hostList{Items: items, Total: total, NextCursor: next})
}
