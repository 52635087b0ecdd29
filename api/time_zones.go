package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

type (
	timeZoneList struct {
		Items []string `json:"items" example:"[\"Europe/Berlin\"]"`
	}
	timeZonesAnswer struct{ Body timeZoneList }
)

func (s *server) registerTimeZones() {
	handle(s, huma.Operation{
		OperationID: "listTimeZones", Method: http.MethodGet, Path: "/time-zones", Tags: []string{"Maintenance windows"},
		Summary:     "List the time zones that a window may have",
		Description: "All of them, in order of their names.",
	}, s.listTimeZones)
}

func (s *server) listTimeZones(context.Context, fleet.Caller, *empty) (*timeZonesAnswer, error) {
	return &timeZonesAnswer{Body: timeZoneList{Items: fleet.ZoneNames()}}, nil
}
