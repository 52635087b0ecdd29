package api

import (
	"context"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// HostSpan is the next stretch of time in which a host may be patched, which may be in progress.
type HostSpan struct {
	_        struct{}  `nullable:"true"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
}

// nextSpans returns for each host the first span after at in which a patch may still be started; hosts without one are
// missing. Most hosts of a group have the same windows, so that each set of windows is computed once.
func (s *server) nextSpans(ctx context.Context, hostIDs []string, at time.Time, cutoff time.Duration) (map[string]fleet.Span, error) {
	windows, err := s.Store.WindowsForHosts(ctx, hostIDs)
	if err != nil {
		return nil, err
	}
	type result struct {
		span fleet.Span
		ok   bool
	}
	known, spans := map[string]result{}, map[string]fleet.Span{}
	for _, id := range hostIDs {
		key := windowSet(windows[id])
		r, done := known[key]
		if !done {
			r.span, r.ok = fleet.NextSpan(windows[id], at, fleet.SpanHorizon, cutoff)
			known[key] = r
		}
		if r.ok {
			spans[id] = r.span
		}
	}
	return spans, nil
}

// windowSet names a set of windows; the store returns them in order of their ids.
func windowSet(windows []fleet.Window) string {
	ids := make([]string, len(windows))
	for i, w := range windows {
		ids[i] = w.ID
	}
	return strings.Join(ids, ",")
}

func hostSpan(spans map[string]fleet.Span, hostID string) *HostSpan {
	span, ok := spans[hostID]
	if !ok {
		return nil
	}
	return &HostSpan{StartsAt: span.Start.UTC(), EndsAt: span.End.UTC()}
}
