package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// calendarQuery has a page size of its own: a calendar is drawn from all pages.
type calendarQuery struct {
	Cursor  string    `query:"cursor" maxLength:"2000" doc:"next_cursor of the page before; absent: the first page"`
	Limit   int       `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most windows to return"`
	From    time.Time `query:"from" required:"true" doc:"The start of the stretch that is shown"`
	To      time.Time `query:"to" required:"true" doc:"Its end, which is not part of it; after from, and at most 62 days after it"`
	GroupID string    `query:"group_id" doc:"Only windows of this group and of the site"`
	HostID  string    `query:"host_id" doc:"Only windows that apply to this host: its own and, unless it inherits none, those of its groups and of the site; blackouts always"`
}

// CalendarItem is a window with what of it falls into the stretch.
type CalendarItem struct {
	Window      Window       `json:"window"`
	Owner       *string      `json:"owner" nullable:"true" doc:"The fqdn of its host or the name of its group; null for the site"`
	MayEdit     bool         `json:"may_edit" doc:"Whether the caller may change and delete the window"`
	Occurrences []Occurrence `json:"occurrences" doc:"Those that overlap the stretch, whole; none of a disabled window"`
}

type calendarPage struct {
	Items      []CalendarItem `json:"items"`
	NextCursor *string        `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
	Total      int            `json:"total" doc:"How many windows there are on all pages"`
}

type calendarAnswer struct{ Body calendarPage }

func (s *server) registerCalendar() {
	handle(s, huma.Operation{
		OperationID: "getCalendar", Method: http.MethodGet, Path: "/calendar", Tags: []string{"Maintenance windows"},
		Summary:     "Read the windows and blackouts of the site, groups and hosts with their occurrences in a stretch of time",
		Description: "Pages of windows in the order they were made, those without an occurrence in the stretch included. Each is shown alone: what is left of it for a host once blackouts are taken out says /hosts/{id}/occurrences.",
	}, s.getCalendar)
}

func (s *server) getCalendar(ctx context.Context, by fleet.Caller, in *calendarQuery) (*calendarAnswer, error) {
	f := fleet.CalendarFilter{Limit: in.Limit + 1}
	if err := errors.Join(in.checkStretch(), readIDCursor("calendar", in.Cursor, &f.After)); err != nil {
		return nil, err
	}
	if in.GroupID != "" {
		f.GroupID = pathID(in.GroupID)
	}
	if in.HostID != "" {
		f.HostID = pathID(in.HostID)
	}
	windows, total, err := s.Store.CalendarWindows(ctx, by, f)
	if err != nil {
		return nil, err
	}
	page, next := cut("calendar", windows, in.Limit, func(w fleet.OwnedWindow) string { return w.ID })
	now := s.Now()
	items := convert(page, func(w fleet.OwnedWindow) CalendarItem {
		return CalendarItem{
			Window: windowBody(w.Window, now), Owner: orNull(w.Owner), MayEdit: w.MayEdit,
			Occurrences: convert(w.Calendar(in.From, in.To), occurrence),
		}
	})
	return &calendarAnswer{Body: calendarPage{Items: items, NextCursor: next, Total: total}}, nil
}

func (in *calendarQuery) checkStretch() error {
	if err := withinYears("from", in.From); err != nil {
		return err
	}
	switch length := in.To.Sub(in.From); {
	case length <= 0:
		return fleet.Invalid("to", "must be after from")
	case length > fleet.MaxCalendarSpan:
		return fleet.Invalid("to", "must be at most 62 days after from")
	}
	return nil
}
