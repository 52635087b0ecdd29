package store

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// WindowsForHosts returns by host id every enabled window that applies: the host's own, those of its groups and of the
// site unless it inherits none, and every blackout. Callers have judged the scope of hostIDs before.
func (s *Store) WindowsForHosts(ctx context.Context, hostIDs []string) (map[string][]fleet.Window, error) {
	windows, err := windowsForHosts(ctx, s.q, hostIDs)
	return windows, translate(err)
}

func windowsForHosts(ctx context.Context, q *sqlgen.Queries, hostIDs []string) (map[string][]fleet.Window, error) {
	rows, err := q.WindowsOfHosts(ctx, hostIDs)
	if err != nil {
		return nil, fmt.Errorf("read windows of hosts: %w", err)
	}
	out := make(map[string][]fleet.Window, len(hostIDs))
	for _, r := range rows {
		w, err := toWindow(r.MaintenanceWindow)
		if err != nil {
			return nil, err
		}
		out[r.HostID] = append(out[r.HostID], w)
	}
	return out, nil
}

// toWindow reads a stored window; it fails on one that the schema would not have let in.
func toWindow(r sqlgen.MaintenanceWindow) (fleet.Window, error) {
	w := fleet.Window{
		ID: r.ID, Scope: fleet.WindowScope(r.Scope), HostID: deref(r.HostID), GroupID: deref(r.GroupID),
		Kind: fleet.WindowKind(r.Kind), Label: r.Label, TimeZone: r.TimeZone, StartsOn: fleet.DateOf(r.StartsOn.Time),
		StartTime:       timeOfDay(time.Duration(r.StartTime.Microseconds) * time.Microsecond),
		DurationMinutes: int(r.DurationMinutes), Recurrence: fleet.Recurrence(r.Recurrence),
		DayOfMonth: int(deref(r.DayOfMonth)), NthWeek: int(deref(r.NthWeek)), Enabled: r.Enabled,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	for _, name := range r.Weekdays {
		day, err := fleet.ParseWeekday(name)
		if err != nil {
			return fleet.Window{}, fmt.Errorf("read window %s: %w", r.ID, err)
		}
		w.Weekdays = append(w.Weekdays, day)
	}
	if r.NthWeekday != nil {
		day, err := fleet.ParseWeekday(*r.NthWeekday)
		if err != nil {
			return fleet.Window{}, fmt.Errorf("read window %s: %w", r.ID, err)
		}
		w.NthWeekday = day
	}
	return w, nil
}

func timeOfDay(sinceMidnight time.Duration) fleet.TimeOfDay {
	return fleet.TimeOfDay{Hour: int(sinceMidnight / time.Hour), Minute: int(sinceMidnight % time.Hour / time.Minute)}
}
