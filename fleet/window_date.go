package fleet

import (
	"errors"
	"fmt"
	"time"
)

// Date is a calendar day without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a day written as `2026-03-28`. The error states the rule and names no field.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, errors.New("must be an existing day written as YYYY-MM-DD")
	}
	return DateOf(t), nil
}

// DateOf is the day on which t falls in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// String writes the day as ParseDate reads it.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// AddDays is the day n days later, or earlier where n is negative.
func (d Date) AddDays(n int) Date { return DateOf(d.noon().AddDate(0, 0, n)) }

// Compare is -1, 0 or +1 as d is before, equal to or after other.
func (d Date) Compare(other Date) int { return d.noon().Compare(other.noon()) }

// Weekday is the day of the week of d.
func (d Date) Weekday() time.Weekday { return d.noon().Weekday() }

func (d Date) noon() time.Time { return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC) }

func (d Date) exists() bool { return DateOf(d.noon()) == d }

// daysIn is the number of days of a month. The month may be out of range and then counts on into other years.
func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 12, 0, 0, 0, time.UTC).Day()
}

// TimeOfDay is a local wall time, to the minute.
type TimeOfDay struct{ Hour, Minute int }

// ParseTimeOfDay reads a wall time written as `09:30`, from 00:00 to 23:59. The error states the rule and names no field.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") { // Parse alone takes 9:30 too
		return TimeOfDay{}, errors.New("must be a time from 00:00 to 23:59 written as HH:MM")
	}
	return TimeOfDay{t.Hour(), t.Minute()}, nil
}

// String writes the time as ParseTimeOfDay reads it.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t.Hour, t.Minute) }

func (t TimeOfDay) exists() bool {
	return t.Hour >= 0 && t.Hour <= 23 && t.Minute >= 0 && t.Minute <= 59
}

// The names of the days of the week, in the order of time.Weekday.
var weekdayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWeekday reads one of mon, tue, wed, thu, fri, sat, sun. The error states the rule and names no field.
func ParseWeekday(s string) (time.Weekday, error) {
	for i, name := range weekdayNames {
		if s == name {
			return time.Weekday(i), nil
		}
	}
	return 0, errors.New("must be one of mon, tue, wed, thu, fri, sat, sun")
}

// WeekdayName writes a day of the week as ParseWeekday reads it; a value that is none is written as its number.
func WeekdayName(d time.Weekday) string {
	if !weekdayExists(d) {
		return fmt.Sprintf("weekday %d", int(d))
	}
	return weekdayNames[d]
}

func weekdayExists(d time.Weekday) bool { return d >= time.Sunday && d <= time.Saturday }
