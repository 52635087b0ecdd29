package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// spansAhead bounds how far ahead effective spans are looked for: a monthly window occurs 100 times in it.
const spansAhead = 9 * 366 * 24 * time.Hour

// OccurrencesQuery asks for the first occurrences from a time on.
type OccurrencesQuery struct {
	From  time.Time `query:"from" doc:"Default: now"`
	Limit int       `query:"limit" minimum:"1" maximum:"100" default:"10"`
}

// EffectiveSpan is a stretch of time in which a host may be patched.
type EffectiveSpan struct {
	StartsAt    time.Time `json:"starts_at"`
	LastStartAt time.Time `json:"last_start_at" doc:"From here on no patch is started: the end less the cutoff"`
	EndsAt      time.Time `json:"ends_at"`
}

type occurrenceList struct {
	Items      []Occurrence `json:"items"`
	NextCursor *string      `json:"next_cursor" nullable:"true" doc:"Always null: ask again with from"`
}

type spanList struct {
	Items      []EffectiveSpan `json:"items"`
	NextCursor *string         `json:"next_cursor" nullable:"true" doc:"Always null: ask again with from"`
}

type (
	occurrencesAnswer struct{ Body occurrenceList }
	spansAnswer       struct{ Body spanList }
	ownedOccurrences  struct {
		OwnerPath
		WindowPath
		OccurrencesQuery
	}
	siteOccurrences struct {
		WindowPath
		OccurrencesQuery
	}
	hostOccurrences struct {
		HostPath
		OccurrencesQuery
	}
	previewWindowInput struct {
		OccurrencesQuery
		Body WindowInput
	}
)

func (s *server) registerOccurrences() {
	for _, r := range allWindowRoutes {
		handle(s, r.occurrences(), func(ctx context.Context, by fleet.Caller, in *ownedOccurrences) (*occurrencesAnswer, error) {
			return s.windowOccurrences(ctx, by, r, in.ID, in.WindowID, in.OccurrencesQuery)
		})
	}
	handle(s, siteWindowRoutes.occurrences(), func(ctx context.Context, by fleet.Caller, in *siteOccurrences) (*occurrencesAnswer, error) {
		return s.windowOccurrences(ctx, by, siteWindowRoutes, "", in.WindowID, in.OccurrencesQuery)
	})
	handle(s, huma.Operation{
		OperationID: "previewWindow", Method: http.MethodPost, Path: "/maintenance-windows/preview",
		Tags: []string{"Maintenance windows"}, Summary: "See when a window would occur without making it",
		Description: "Refuses what creating it at any owner would refuse of its fields, and stores nothing. The window alone, whether it is enabled or not; blackouts are not taken out.",
		Metadata:    map[string]any{readsOnly: true},
	}, s.previewWindow)
	handle(s, huma.Operation{
		OperationID: "listHostOccurrences", Method: http.MethodGet, Path: "/hosts/{id}/occurrences",
		Tags: []string{"Maintenance windows"}, Summary: "List the spans in which a host may be patched, blackouts taken out",
		Errors: readErrors,
	}, s.hostOccurrences)
}

func (r windowRoutes) occurrences() huma.Operation {
	op := r.operation("list"+r.name+"WindowOccurrences", http.MethodGet, r.path+"/{window_id}/occurrences",
		"List the next occurrences of a maintenance window")
	op.Description = "The window alone, whether it is enabled or not; blackouts are not taken out."
	op.Errors = readErrors
	return op
}

func (s *server) windowOccurrences(
	ctx context.Context, by fleet.Caller, r windowRoutes, ownerID, windowID string, q OccurrencesQuery,
) (*occurrencesAnswer, error) {
	owner, id := r.owner(ownerID), pathID(windowID)
	from, err := s.from(q)
	if err != nil {
		return nil, err
	}
	w, err := s.Store.Window(ctx, by.Sees(), owner, id)
	if err != nil {
		return nil, err
	}
	return &occurrencesAnswer{Body: occurrenceList{Items: convert(w.NotedOccurrences(from, q.Limit), occurrence)}}, nil
}

func (s *server) previewWindow(_ context.Context, _ fleet.Caller, in *previewWindowInput) (*occurrencesAnswer, error) {
	from, wrongFrom := s.from(in.OccurrencesQuery)
	w, wrongWindow := in.Body.window(s.Policy.Cutoff)
	if err := errors.Join(wrongFrom, wrongWindow); err != nil {
		return nil, err
	}
	return &occurrencesAnswer{Body: occurrenceList{Items: convert(w.NotedOccurrences(from, in.Limit), occurrence)}}, nil
}

func (s *server) hostOccurrences(ctx context.Context, by fleet.Caller, in *hostOccurrences) (*spansAnswer, error) {
	id := pathID(in.ID)
	from, err := s.from(in.OccurrencesQuery)
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Host(ctx, by.Sees(), id, s.resultAges()); err != nil {
		return nil, err
	}
	windows, err := s.Store.WindowsForHosts(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	spans := firstSpans(windows[id], from, in.Limit, s.Policy.Cutoff)
	return &spansAnswer{Body: spanList{Items: convert(spans, spanBody)}}, nil
}

// from is the time that is asked for, within the years in which windows start.
func (s *server) from(q OccurrencesQuery) (time.Time, error) {
	if q.From.IsZero() {
		return s.Now(), nil
	}
	return q.From, withinYears("from", q.From)
}

func withinYears(field string, t time.Time) error {
	if y := t.UTC().Year(); y < fleet.MinWindowYear || y > fleet.MaxWindowYear {
		return fleet.Invalid(field, "must be in the years %d to %d", fleet.MinWindowYear, fleet.MaxWindowYear)
	}
	return nil
}

// firstSpans looks further and further ahead until there are enough spans: most windows recur soon, some once a month.
func firstSpans(windows []fleet.Window, from time.Time, limit int, cutoff time.Duration) []fleet.Span {
	if len(windows) == 0 {
		return nil
	}
	for ahead := fleet.SpanHorizon; ; ahead *= 4 {
		spans := fleet.EffectiveSpans(windows, from, from.Add(ahead), cutoff)
		if len(spans) >= limit {
			return spans[:limit]
		}
		if ahead >= spansAhead {
			return spans
		}
	}
}

func spanBody(s fleet.Span) EffectiveSpan {
	return EffectiveSpan{StartsAt: s.Start.UTC(), LastStartAt: s.LastStart.UTC(), EndsAt: s.End.UTC()}
}
