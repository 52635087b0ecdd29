package store

import (
	"context"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// CalendarWindows returns a page of the windows that the caller sees, whoever owns them, in the order they were made, and
// how many there are on all pages.
func (s *Store) CalendarWindows(
	ctx context.Context, by fleet.Caller, f fleet.CalendarFilter,
) (windows []fleet.OwnedWindow, total int, err error) {
	sees, operates := by.Sees(), by.Operates()
	p := sqlgen.CalendarWindowsParams{
		Every: sees.All, Scope: sees.Groups, OperatesEvery: operates.All, Operates: operates.Groups,
		HostID: orNull(f.HostID), GroupID: orNull(f.GroupID), After: orNull(f.After),
		MaxRows: maxRows(f.Limit),
	}
	rows, err := s.q.CalendarWindows(ctx, p)
	if err == nil && len(rows) == 0 && p.After != nil { // the total stands in rows, and this page has none
		p.After, p.MaxRows = nil, 1
		first, err := s.q.CalendarWindows(ctx, p)
		return nil, totalOf(first), translate(err)
	}
	if err != nil {
		return nil, 0, translate(err)
	}
	windows = make([]fleet.OwnedWindow, len(rows))
	for i, row := range rows {
		if windows[i].Window, err = toWindow(row.MaintenanceWindow); err != nil {
			return nil, 0, err
		}
		windows[i].Owner, windows[i].MayEdit = row.Owner, row.MayEdit
	}
	return windows, totalOf(rows), nil
}

func totalOf(rows []sqlgen.CalendarWindowsRow) int {
	if len(rows) == 0 {
		return 0
	}
	return int(rows[0].Total)
}
