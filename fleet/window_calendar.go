package fleet

import "time"

// MaxCalendarSpan bounds the stretch that one calendar shows: two months.
const MaxCalendarSpan = 62 * 24 * time.Hour

// OwnedWindow is a window with the name of its host or group, empty for the site, and whether the caller may change it.
type OwnedWindow struct {
	Window
	Owner   string
	MayEdit bool
}

// CalendarFilter narrows the windows of a calendar; zero fields do not.
type CalendarFilter struct {
	GroupID string // those of this group and of the site
	HostID  string // those that apply to this host
	After   string // the id that the page follows
	Limit   int
}

// Calendar returns the occurrences of w that overlap [from, until), ascending; none where it is disabled. A blackout whose
// times can not be computed forbids everything (see EffectiveSpans), and so it is shown.
func (w Window) Calendar(from, until time.Time) []Occurrence {
	if !w.Enabled {
		return nil
	}
	if w.Kind == Blackout && w.validateTimes(0) != nil {
		return []Occurrence{{Span{Start: from.UTC(), End: until.UTC()}, "Its times can not be computed, so that it forbids everything."}}
	}
	var list []Occurrence
	for day, span := range w.each(from) {
		if !span.Start.Before(until) {
			break
		}
		list = append(list, Occurrence{span, w.note(day, span)})
	}
	return list
}
