package fleet

import (
	"fmt"
	"strings"
	"time"
)

// Occurrence is one occurrence of a window. Note says in a sentence what a change of the clocks does to it: a start in the
// gap or in the overlap, and an end at another wall time than usual. It is empty where nothing is moved.
type Occurrence struct {
	Span
	Note string
}

// NotedOccurrences is Occurrences with their notes.
func (w Window) NotedOccurrences(from time.Time, limit int) []Occurrence {
	var list []Occurrence
	for day, span := range w.each(from) {
		if len(list) >= limit {
			break
		}
		list = append(list, Occurrence{span, w.note(day, span)})
	}
	return list
}

// note compares what the wall clock shows at both ends of the occurrence of a day with what it would show without a change.
func (w Window) note(day Date, span Span) string {
	loc, err := LoadZone(w.TimeZone)
	if err != nil {
		return ""
	}
	usual := time.Date(day.Year, day.Month, day.Day, w.StartTime.Hour, w.StartTime.Minute, 0, 0, time.UTC)
	starts, ends, usualEnd := wallClock(loc, span.Start), wallClock(loc, span.End), usual.Add(w.duration())
	var moved []string
	why := ""
	switch {
	case !starts.Equal(usual):
		why = fmt.Sprintf("%s is skipped on %s, as the clocks go forward", w.StartTime, day)
		moved = append(moved, "starts at "+wallText(starts, usual))
	case occursTwice(loc, span.Start):
		why = fmt.Sprintf("%s comes twice on %s, as the clocks go back", w.StartTime, day)
		moved = append(moved, "starts at the first of the two")
	case ends.After(usualEnd):
		why = "The clocks go forward while it lasts"
	case ends.Before(usualEnd):
		why = "The clocks go back while it lasts"
	}
	if !ends.Equal(usualEnd) {
		moved = append(moved, fmt.Sprintf("ends at %s instead of %s", wallText(ends, usualEnd), wallText(usualEnd, ends)))
	}
	if len(moved) == 0 {
		return ""
	}
	return why + ": it " + strings.Join(moved, " and ") + "."
}

// wallClock is what a clock on the wall in loc shows at t, as if that were UTC.
func wallClock(loc *time.Location, t time.Time) time.Time { return t.UTC().Add(offset(loc, t)) }

// wallText leaves out the day where it is that of what it is compared with.
func wallText(t, beside time.Time) string {
	if DateOf(t) == DateOf(beside) {
		return t.Format("15:04")
	}
	return t.Format("15:04 on 2006-01-02")
}

// occursTwice reports whether the wall clock in loc shows once more after t what it shows at t.
func occursTwice(loc *time.Location, t time.Time) bool {
	now, later := offset(loc, t), offset(loc, t.Add(24*time.Hour))
	return later < now && offset(loc, t.Add(now-later)) == later
}
