package fleet

import (
	"iter"
	"slices"
	"time"
)

// Occurrences returns the first occurrences of w that end after from, at most limit of them, ascending, in UTC. Their
// LastStart is zero, since it depends on what else applies to a host. It disregards Enabled: people look at what a
// window would do before they enable it. Where the times of w would
// not pass Validate the result is empty.
func (w Window) Occurrences(from time.Time, limit int) []Span {
	var spans []Span
	for _, s := range w.each(from) {
		if len(spans) >= limit {
			break
		}
		spans = append(spans, s)
	}
	return spans
}

// OccurrencesBetween returns like Occurrences all those that end after from and start before until.
func (w Window) OccurrencesBetween(from, until time.Time) []Span {
	var spans []Span
	for _, s := range w.each(from) {
		if !s.Start.Before(until) {
			break
		}
		spans = append(spans, s)
	}
	return spans
}

// each yields the occurrences that end after from, ascending, each with the day that it belongs to. Days are counted and
// weekdays judged in local time at the start of an occurrence, never at its end or at `from`.
func (w Window) each(from time.Time) iter.Seq2[Date, Span] {
	return func(yield func(Date, Span) bool) {
		loc, err := LoadZone(w.TimeZone)
		if err != nil || w.validateTimes(0) != nil {
			return
		}
		// Two days are to spare, because a start may move by a gap and local days are not all of 24 hours.
		day := DateOf(from.In(loc)).AddDays(-w.DurationMinutes/(24*60) - 2)
		for {
			d, ok := w.nextDay(day)
			if !ok {
				return
			}
			start := instant(loc, d, w.StartTime)
			span := Span{Start: start, End: start.Add(w.duration())}
			if span.End.After(from) && !yield(d, span) {
				return
			}
			day = d.AddDays(1)
		}
	}
}

func (w Window) duration() time.Duration { return time.Duration(w.DurationMinutes) * time.Minute }

// nextDay is the first day at or after d on which w occurs. Every recurrence is computed, none searched for over more
// than a week or two months.
func (w Window) nextDay(d Date) (Date, bool) {
	if d.Compare(w.StartsOn) < 0 {
		d = w.StartsOn
	}
	switch w.Recurrence {
	case Once:
		return w.StartsOn, d == w.StartsOn
	case Daily:
		return d, true
	case Weekly:
		return w.nextWeekday(d)
	case Monthly:
		return w.nextOfMonth(d), true
	}
	return Date{}, false
}

func (w Window) nextWeekday(d Date) (Date, bool) {
	for range 7 {
		if slices.Contains(w.Weekdays, d.Weekday()) {
			return d, true
		}
		d = d.AddDays(1)
	}
	return Date{}, false
}

func (w Window) nextOfMonth(d Date) Date {
	if on := w.dayOfMonth(d.Year, d.Month); on.Compare(d) >= 0 {
		return on
	}
	next := Date{d.Year, d.Month, 1}.AddDays(daysIn(d.Year, d.Month))
	return w.dayOfMonth(next.Year, next.Month)
}

// dayOfMonth is the day of a month on which a monthly window occurs; each month has one.
func (w Window) dayOfMonth(year int, month time.Month) Date {
	last := Date{year, month, daysIn(year, month)}
	switch w.NthWeek {
	case 0:
		return Date{year, month, min(w.DayOfMonth, last.Day)}
	case LastWeek:
		return last.AddDays(-daysFrom(w.NthWeekday, last.Weekday()))
	}
	first := Date{year, month, 1}
	return first.AddDays(daysFrom(first.Weekday(), w.NthWeekday) + 7*(w.NthWeek-1))
}

// daysFrom is how many days after a weekday the next other one is, 0 to 6.
func daysFrom(day, next time.Weekday) int { return (int(next) - int(day) + 7) % 7 }
