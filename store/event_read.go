package store

import (
	"context"
	"fmt"
	"math"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// EventsNow returns the end of the stream: behind it is every event whose transaction was not over at this moment, and
// those that are over and wait for an earlier one that is not. Transactions of other databases of the server count too, so
// a long one there holds the stream up.
func (s *Store) EventsNow(ctx context.Context) (fleet.EventPosition, error) {
	bounds, err := s.q.EventBounds(ctx)
	if err != nil {
		return fleet.EventPosition{}, fmt.Errorf("read end of events: %w", translate(err))
	}
	return fleet.EventPosition{XID: bounds.FirstOpen}, nil
}

// EventsAfter returns the events of scope behind a position in order, at most limit of them, which is above zero. It
// serves only what no transaction can still write before: a row of a later transaction waits for the slower, earlier one.
// While nothing was written this costs one look at the state of transactions and no table.
func (s *Store) EventsAfter(ctx context.Context, scope fleet.Scope, after fleet.EventPosition, limit int) (fleet.EventPage, error) {
	bounds, err := s.q.EventBounds(ctx)
	if err != nil {
		return fleet.EventPage{}, fmt.Errorf("read end of events: %w", translate(err))
	}
	end := fleet.EventPosition{XID: bounds.FirstOpen}
	// Transactions count on for ever, so one to come can not be known unless by another database, or a restored one.
	if after.XID > bounds.Next {
		return fleet.EventPage{Next: end, Lost: true}, nil
	}
	if after.Compare(end) >= 0 {
		return fleet.EventPage{Next: after}, nil
	}
	rows, err := s.q.EventsAfter(ctx, sqlgen.EventsAfterParams{
		AfterXID: after.XID, AfterID: after.ID, Below: end.XID, Every: scope.All, Scope: scope.Groups,
		MaxRows: int32(min(limit, math.MaxInt32)), //nolint:gosec // bounded here
	})
	if err != nil {
		return fleet.EventPage{}, fmt.Errorf("read events: %w", translate(err))
	}
	// Asked last: what was dropped before the rows were read is known by now.
	dropped, err := s.q.EventsDropped(ctx)
	if err != nil {
		return fleet.EventPage{}, fmt.Errorf("read dropped events: %w", translate(err))
	}
	if after.XID <= dropped {
		return fleet.EventPage{Next: end, Lost: true}, nil
	}
	return eventPage(rows, end, limit), nil
}

func eventPage(rows []sqlgen.Event, end fleet.EventPosition, limit int) fleet.EventPage {
	page := fleet.EventPage{Events: make([]fleet.Event, len(rows)), Next: end, More: len(rows) == limit}
	for i, r := range rows {
		page.Events[i] = fleet.Event{
			Position: fleet.EventPosition{XID: r.XID, ID: r.ID}, At: r.At, Kind: r.Kind, SubjectID: r.SubjectID,
			GroupIDs: r.GroupIDs, Site: r.Site, Payload: r.Payload,
		}
	}
	if page.More {
		page.Next = page.Events[len(rows)-1].Position
	}
	return page
}
