package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// windowPayload is what events tell of a window.
type windowPayload struct {
	WindowID string `json:"window_id"`
	Scope    string `json:"scope"`
	HostID   string `json:"host_id,omitempty"`
	GroupID  string `json:"group_id,omitempty"`
}

func recordWindow(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, action string, w fleet.Window, groups []string) error {
	hostID, groupID := ownerIDs(w.Owner())
	if err := writeWakeup(ctx, q, hostID, groupID, nil, "maintenance window edited"); err != nil {
		return err
	}
	payload := windowPayload{WindowID: w.ID, Scope: string(w.Scope), HostID: w.HostID, GroupID: w.GroupID}
	if err := writeEvent(ctx, q, eventWindowChanged, w.ID, groups, w.Scope == fleet.ScopeSite, payload); err != nil {
		return err
	}
	return writeAudit(ctx, q, by.Actor(), action, "maintenance_window", w.ID, windowDetail(w))
}

func windowDetail(w fleet.Window) map[string]any {
	detail := map[string]any{"scope": w.Scope, "host_id": w.HostID, "group_id": w.GroupID}
	if w.Kind == "" { // deleted
		return detail
	}
	for name, value := range map[string]any{
		"kind": w.Kind, "label": w.Label, "time_zone": w.TimeZone, "starts_on": w.StartsOn.String(),
		"start_time": w.StartTime.String(), "duration_minutes": w.DurationMinutes, "recurrence": w.Recurrence,
		"weekdays": weekdayNames(w.Weekdays), "day_of_month": w.DayOfMonth, "nth_week": w.NthWeek, "enabled": w.Enabled,
	} {
		detail[name] = value
	}
	if w.NthWeek != 0 {
		detail["nth_weekday"] = fleet.WeekdayName(w.NthWeekday)
	}
	return detail
}

func ownerIDs(o fleet.WindowOwner) (hostID, groupID *string) {
	switch o.Scope {
	case fleet.ScopeHost:
		return &o.ID, nil
	case fleet.ScopeGroup:
		return nil, &o.ID
	case fleet.ScopeSite:
	}
	return nil, nil
}

func windowRow(w fleet.Window) sqlgen.InsertWindowParams {
	hostID, groupID := ownerIDs(w.Owner())
	row := sqlgen.InsertWindowParams{
		ID: w.ID, Scope: string(w.Scope), HostID: hostID, GroupID: groupID, Kind: string(w.Kind), Label: w.Label,
		TimeZone:        w.TimeZone,
		StartsOn:        pgtype.Date{Time: time.Date(w.StartsOn.Year, w.StartsOn.Month, w.StartsOn.Day, 0, 0, 0, 0, time.UTC), Valid: true},
		StartTime:       pgtype.Time{Microseconds: int64(w.StartTime.Hour*60+w.StartTime.Minute) * time.Minute.Microseconds(), Valid: true},
		DurationMinutes: int32(w.DurationMinutes), Recurrence: string(w.Recurrence), //nolint:gosec // at most a week
		Weekdays: weekdayNames(w.Weekdays), DayOfMonth: orNull(int16(w.DayOfMonth)), NthWeek: orNull(int16(w.NthWeek)), //nolint:gosec // validated
		Enabled: w.Enabled,
	}
	if w.NthWeek != 0 {
		day := fleet.WeekdayName(w.NthWeekday)
		row.NthWeekday = &day
	}
	return row
}

func windowUpdateRow(w fleet.Window) sqlgen.UpdateWindowParams {
	r := windowRow(w)
	return sqlgen.UpdateWindowParams{
		ID: r.ID, Scope: r.Scope, HostID: r.HostID, GroupID: r.GroupID, Kind: r.Kind, Label: r.Label, TimeZone: r.TimeZone,
		StartsOn: r.StartsOn, StartTime: r.StartTime, DurationMinutes: r.DurationMinutes, Recurrence: r.Recurrence,
		Weekdays: r.Weekdays, DayOfMonth: r.DayOfMonth, NthWeek: r.NthWeek, NthWeekday: r.NthWeekday, Enabled: r.Enabled,
	}
}

func weekdayNames(days []time.Weekday) []string {
	names := make([]string, len(days))
	for i, d := range days {
		names[i] = fleet.WeekdayName(d)
	}
	return names
}
