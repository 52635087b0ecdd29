package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// ZoneWorkers says whether anybody checks and patches the hosts of a zone.
type ZoneWorkers struct {
	State         string     `json:"state" doc:"served: a worker of the zone was there within the last 30 s; none: nothing is checked or sent in the zone until one comes; new values may appear"`
	UnservedSince *time.Time `json:"unserved_since" nullable:"true" doc:"When the last worker was there, to 10 s; null while the zone is served, and where none was there within the last 30 days"`
}

// Zone is a zone with its hosts and workers.
type Zone struct {
	Name  string `json:"name"`
	Hosts int    `json:"hosts" doc:"Those that the caller sees, as GET /hosts?zone= counts"`
	ZoneWorkers
	Workers    int        `json:"workers" doc:"Worker processes that were there within the last 30 s"`
	LastSeenAt *time.Time `json:"last_seen_at" nullable:"true" doc:"When a worker was there last; each says so every 10 s. Null where none was there within the last 30 days"`
}

// HostZone is the zone of a host.
type HostZone struct {
	_    struct{} `nullable:"true"`
	Name string   `json:"name"`
	ZoneWorkers
}

func hostZone(z *fleet.Zone) *HostZone {
	if z == nil {
		return nil
	}
	return &HostZone{Name: z.Name, ZoneWorkers: zoneWorkers(z.ZonePresence)}
}

func zoneWorkers(p fleet.ZonePresence) ZoneWorkers {
	if p.Served() {
		return ZoneWorkers{State: "served"}
	}
	return ZoneWorkers{State: "none", UnservedSince: utc(p.UnservedSince())}
}

func zoneBody(z fleet.ZoneView) Zone {
	return Zone{
		Name: z.Name, Hosts: z.Hosts, ZoneWorkers: zoneWorkers(z.ZonePresence), Workers: z.Workers, LastSeenAt: utc(z.LastSeenAt),
	}
}

type (
	listZonesInput struct{ PageQuery }
	zoneList       struct {
		Items      []Zone  `json:"items"`
		NextCursor *string `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
	}
	listZonesAnswer struct{ Body zoneList }
)

func (s *server) registerZones() {
	handle(s, huma.Operation{
		OperationID: "listZones", Method: http.MethodGet, Path: "/zones", Tags: []string{"Hosts"},
		Summary:     "List zones in order of their names, with the workers that serve them",
		Description: "The zones of the hosts that the caller sees; for administrators also those that have a worker and no host.",
	}, s.listZones)
}

func (s *server) listZones(ctx context.Context, by fleet.Caller, in *listZonesInput) (*listZonesAnswer, error) {
	f := fleet.ZoneFilter{Limit: in.Limit + 1}
	if err := readCursor("zones", in.Cursor, &f.After); err != nil {
		return nil, err
	}
	zones, err := s.Store.Zones(ctx, by.Sees(), f)
	if err != nil {
		return nil, err
	}
	page, next := cut("zones", zones, in.Limit, func(z fleet.ZoneView) string { return z.Name })
	return &listZonesAnswer{Body: zoneList{Items: convert(page, zoneBody), NextCursor: next}}, nil
}
