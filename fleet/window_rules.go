package fleet

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// MaxWindowLabel bounds the label of a window, in characters.
const MaxWindowLabel = 200

// The years in which a window may start.
const (
	MinWindowYear = 2000
	MaxWindowYear = 2200
)

// Validate returns every broken rule of a window, joined; each is an Error of KindInvalid that names the field as the
// request body does. A maintenance window must be longer than cutoff, since no patch may start in the last cutoff of it.
func (w Window) Validate(cutoff time.Duration) error {
	return errors.Join(
		w.validateKind(),
		w.validateLabel(),
		w.validateTimes(cutoff),
	)
}

// validateTimes checks what the occurrences are computed from.
func (w Window) validateTimes(cutoff time.Duration) error {
	return errors.Join(
		w.validateStart(),
		w.validateDuration(cutoff),
		w.validateRecurrence(),
		w.validateWeekdays(),
		w.validateMonthly(),
	)
}

func (w Window) validateKind() error {
	if w.Kind != Maintenance && w.Kind != Blackout {
		return Invalid("kind", "must be maintenance or blackout")
	}
	return nil
}

func (w Window) validateLabel() error {
	if !utf8.ValidString(w.Label) || utf8.RuneCountInString(w.Label) > MaxWindowLabel {
		return Invalid("label", "must be at most %d characters of UTF-8", MaxWindowLabel)
	}
	if slices.Contains([]byte(w.Label), 0) {
		return Invalid("label", "must not contain NUL")
	}
	return nil
}

func (w Window) validateStart() error {
	var errs []error
	if _, err := LoadZone(w.TimeZone); err != nil {
		errs = append(errs, Invalid("time_zone", "%v", err))
	}
	if !w.StartsOn.exists() {
		errs = append(errs, Invalid("starts_on", "must be an existing day"))
	} else if w.StartsOn.Year < MinWindowYear || w.StartsOn.Year > MaxWindowYear {
		errs = append(errs, Invalid("starts_on", "must be in the years %d to %d", MinWindowYear, MaxWindowYear))
	}
	if !w.StartTime.exists() {
		errs = append(errs, Invalid("start_time", "must be a time from 00:00 to 23:59"))
	}
	return errors.Join(errs...)
}

func (w Window) validateDuration(cutoff time.Duration) error {
	if w.DurationMinutes < 1 || w.DurationMinutes > MaxWindowMinutes {
		return Invalid("duration_minutes", "must be 1 to %d", MaxWindowMinutes)
	}
	if w.Kind == Maintenance && w.duration() <= cutoff {
		return Invalid("duration_minutes", "must be longer than the cutoff of %v, in which no patch may start", cutoff)
	}
	return nil
}

func (w Window) validateRecurrence() error {
	switch w.Recurrence {
	case Once, Daily, Weekly, Monthly:
		return nil
	}
	return Invalid("recurrence", "must be once, daily, weekly or monthly")
}

func (w Window) validateWeekdays() error {
	if w.Recurrence != Weekly {
		if len(w.Weekdays) > 0 {
			return Invalid("weekdays", "only a weekly window has weekdays")
		}
		return nil
	}
	if len(w.Weekdays) == 0 {
		return Invalid("weekdays", "a weekly window needs at least one weekday")
	}
	var errs []error
	for i, d := range w.Weekdays {
		if !weekdayExists(d) {
			errs = append(errs, Invalid(fmt.Sprintf("weekdays[%d]", i), "must be one of mon, tue, wed, thu, fri, sat, sun"))
		} else if slices.Contains(w.Weekdays[:i], d) {
			errs = append(errs, Invalid(fmt.Sprintf("weekdays[%d]", i), "%s is given twice", WeekdayName(d)))
		}
	}
	return errors.Join(errs...)
}

func (w Window) validateMonthly() error {
	byDay, byWeek := w.DayOfMonth != 0, w.NthWeek != 0
	if w.Recurrence != Monthly {
		return w.refuseMonthlyFields()
	}
	if byDay && byWeek {
		return Invalid("nth_weekday", "a monthly window has either day_of_month or nth_weekday, not both")
	}
	if byDay {
		return validDayOfMonth(w.DayOfMonth)
	}
	if byWeek {
		return validNth(w.NthWeek, w.NthWeekday)
	}
	return Invalid("day_of_month", "a monthly window needs day_of_month or nth_weekday")
}

func (w Window) refuseMonthlyFields() error {
	var errs []error
	if w.DayOfMonth != 0 {
		errs = append(errs, Invalid("day_of_month", "only a monthly window has a day of the month"))
	}
	if w.NthWeek != 0 {
		errs = append(errs, Invalid("nth_weekday", "only a monthly window has an nth weekday"))
	}
	return errors.Join(errs...)
}

func validDayOfMonth(day int) error {
	if day < 1 || day > LastDay {
		return Invalid("day_of_month", "must be 1 to 31 or last")
	}
	return nil
}

func validNth(nth int, day time.Weekday) error {
	var errs []error
	if nth < 1 || nth > LastWeek {
		errs = append(errs, Invalid("nth_weekday.nth", "must be 1 to 4 or last"))
	}
	if !weekdayExists(day) {
		errs = append(errs, Invalid("nth_weekday.weekday", "must be one of mon, tue, wed, thu, fri, sat, sun"))
	}
	return errors.Join(errs...)
}
