package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

type listFleetJobHostsInput struct {
	PageQuery
	Status     []string `query:"status,explode" maxItems:"10" enum:"queued,waiting_window,waiting_health_check,waiting_slot,running,succeeded,failed,cancelled,skipped,indeterminate" doc:"Only those of this status; given several times, of any of them"`
	HostID     string   `query:"host_id" doc:"Only those of this host, which may have been deleted since"`
	Unfinished bool     `query:"unfinished" doc:"Only those that have not ended"`
}

type fleetJobHostList struct {
	Items      []JobHost `json:"items"`
	Total      int       `json:"total" doc:"How many match, on all pages together"`
	NextCursor *string   `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type listFleetJobHostsAnswer struct{ Body fleetJobHostList }

func (s *server) registerFleetJobHosts() {
	handle(s, huma.Operation{
		OperationID: "listFleetJobHosts", Method: http.MethodGet, Path: "/job-hosts", Tags: []string{"Jobs"},
		Summary: "List the hosts of all jobs, those that give up soonest first",
		Description: "The unfinished ones come first, in order of wait.until, or without that of span.last_start_at, those with neither " +
			"last; then the others. Of equal ones that which changed last comes first.",
	}, s.listFleetJobHosts)
}

func (s *server) listFleetJobHosts(ctx context.Context, by fleet.Caller, in *listFleetJobHostsInput) (*listFleetJobHostsAnswer, error) {
	f := fleet.FleetJobHostFilter{
		Statuses:   convert(in.Status, func(s string) fleet.Status { return fleet.Status(s) }),
		Unfinished: in.Unfinished, Limit: in.Limit + 1,
	}
	if in.HostID != "" {
		f.HostID = pathID(in.HostID)
	}
	if in.Cursor != "" {
		f.After = &fleet.FleetJobHostKey{}
		if err := readCursor("fleet-job-hosts", in.Cursor, f.After); err != nil {
			return nil, err
		}
		_, job := parseID(f.After.JobID)
		_, host := parseID(f.After.HostID)
		if !job || !host {
			return nil, errCursor
		}
	}
	hosts, total, err := s.Store.FleetJobHosts(ctx, by.Sees(), f)
	if err != nil {
		return nil, err
	}
	page, next := cut("fleet-job-hosts", hosts, in.Limit, func(h fleet.FleetJobHost) fleet.FleetJobHostKey { return h.Key })
	items := convert(page, func(h fleet.FleetJobHost) JobHost { return jobHostBody(h.JobHostView) })
	return &listFleetJobHostsAnswer{Body: fleetJobHostList{Items: items, Total: total, NextCursor: next}}, nil
}
