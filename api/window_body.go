package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// nextOccurrences is how many occurrences a window shows of itself.
const nextOccurrences = 5

// NumberOrLast is a number, or the word "last".
type NumberOrLast struct {
	Number int
	Last   bool
}

// UnmarshalJSON reads 7 or "last".
func (n *NumberOrLast) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte(`"last"`)) {
		n.Last = true
		return nil
	}
	return json.Unmarshal(b, &n.Number)
}

// MarshalJSON writes 7 or "last".
func (n NumberOrLast) MarshalJSON() ([]byte, error) {
	if n.Last {
		return []byte(`"last"`), nil
	}
	return []byte(strconv.Itoa(n.Number)), nil
}

// DayOfMonth is a day from 1 to 31, or "last". Days 29 to 31 mean the last day of a shorter month.
type DayOfMonth struct{ NumberOrLast }

// Schema documents the two forms.
func (DayOfMonth) Schema(huma.Registry) *huma.Schema { return numberOrLast(31) }

// NthOfMonth is which of a weekday in the month, 1 to 4 or "last".
type NthOfMonth struct{ NumberOrLast }

// Schema documents the two forms.
func (NthOfMonth) Schema(huma.Registry) *huma.Schema { return numberOrLast(4) }

func numberOrLast(limit float64) *huma.Schema {
	one := 1.0
	number := &huma.Schema{Type: huma.TypeInteger, Minimum: &one, Maximum: &limit}
	last := &huma.Schema{Type: huma.TypeString, Enum: []any{"last"}}
	number.PrecomputeMessages()
	last.PrecomputeMessages()
	return &huma.Schema{OneOf: []*huma.Schema{number, last}}
}

// number is n as fleet counts it, with what stands for the last one; zero where it was not sent.
func (n *NumberOrLast) number(last int) int {
	switch {
	case n == nil:
		return 0
	case n.Last:
		return last
	}
	return n.Number
}

// NthWeekday is a weekday of a month such as the second Saturday or the last Friday.
type NthWeekday struct {
	Nth     NthOfMonth `json:"nth"`
	Weekday string     `json:"weekday" enum:"mon,tue,wed,thu,fri,sat,sun"`
}

// WindowInput is what is sent of a maintenance window or a blackout.
type WindowInput struct {
	Kind            string      `json:"kind" enum:"maintenance,blackout" doc:"A blackout always wins"`
	Label           string      `json:"label,omitempty" maxLength:"200"`
	TimeZone        string      `json:"time_zone" maxLength:"100" doc:"An IANA time zone" example:"Europe/Berlin"`
	StartsOn        string      `json:"starts_on" doc:"The first day it may occur on" example:"2026-01-31"`
	StartTime       string      `json:"start_time" doc:"Local wall time; in a spring gap it moves to the first instant after it, in an autumn overlap it is the first of the two" example:"22:30"`
	DurationMinutes int         `json:"duration_minutes" minimum:"1" maximum:"10080" doc:"Elapsed time; of a maintenance window more than the cutoff"`
	Recurrence      string      `json:"recurrence" enum:"once,daily,weekly,monthly"`
	Weekdays        []string    `json:"weekdays,omitempty" doc:"weekly only, at least one" enum:"mon,tue,wed,thu,fri,sat,sun"`
	DayOfMonth      *DayOfMonth `json:"day_of_month,omitempty" doc:"monthly only: 1 to 31 or last; either this or nth_weekday"`
	NthWeekday      *NthWeekday `json:"nth_weekday,omitempty" doc:"monthly only"`
	Enabled         *bool       `json:"enabled,omitempty" doc:"Default: true"`
}

func (in WindowInput) window(cutoff time.Duration) (fleet.Window, error) {
	w := fleet.Window{
		Kind: fleet.WindowKind(in.Kind), Label: in.Label, TimeZone: in.TimeZone, DurationMinutes: in.DurationMinutes,
		Recurrence: fleet.Recurrence(in.Recurrence), Enabled: or(in.Enabled, true),
	}
	if in.DayOfMonth != nil {
		w.DayOfMonth = in.DayOfMonth.number(fleet.LastDay)
	}
	in.readTimes(&w)
	return w, errors.Join(in.readDays(&w), fleet.CheckText("label", in.Label, fleet.MaxWindowLabel, false), w.Validate(cutoff))
}

// readTimes leaves a value that no window can have where a text can not be read, and Validate refuses it by its field.
func (in WindowInput) readTimes(w *fleet.Window) {
	var err error
	if w.StartsOn, err = fleet.ParseDate(in.StartsOn); err != nil {
		w.StartsOn = fleet.Date{}
	}
	if w.StartTime, err = fleet.ParseTimeOfDay(in.StartTime); err != nil {
		w.StartTime = fleet.TimeOfDay{Hour: -1}
	}
}

func (in WindowInput) readDays(w *fleet.Window) error {
	var errs []error
	for i, name := range in.Weekdays {
		day, err := fleet.ParseWeekday(name)
		if err != nil {
			errs = append(errs, fleet.Invalid(fmt.Sprintf("weekdays[%d]", i), "%v", err))
		}
		w.Weekdays = append(w.Weekdays, day)
	}
	if in.NthWeekday != nil {
		day, err := fleet.ParseWeekday(in.NthWeekday.Weekday)
		if err != nil {
			errs = append(errs, fleet.Invalid("nth_weekday.weekday", "%v", err))
		}
		w.NthWeek, w.NthWeekday = in.NthWeekday.Nth.number(fleet.LastWeek), day
	}
	return errors.Join(errs...)
}

// Window is a maintenance window or a blackout.
type Window struct {
	ID              string         `json:"id" format:"uuid"`
	Scope           string         `json:"scope" doc:"host, group or site; new values may appear"`
	HostID          *string        `json:"host_id" format:"uuid" nullable:"true"`
	GroupID         *string        `json:"group_id" format:"uuid" nullable:"true"`
	Kind            string         `json:"kind" doc:"maintenance or blackout; new values may appear"`
	Label           string         `json:"label"`
	TimeZone        string         `json:"time_zone"`
	StartsOn        string         `json:"starts_on" format:"date"`
	StartTime       string         `json:"start_time" example:"22:30"`
	DurationMinutes int            `json:"duration_minutes"`
	Recurrence      string         `json:"recurrence" doc:"once, daily, weekly or monthly; new values may appear"`
	Weekdays        []string       `json:"weekdays"`
	DayOfMonth      *DayOfMonthOut `json:"day_of_month"`
	NthWeekday      *NthWeekdayOut `json:"nth_weekday"`
	Enabled         bool           `json:"enabled"`
	Next            []Occurrence   `json:"next" doc:"Its next occurrences, whether it is enabled or not"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

// DayOfMonthOut is DayOfMonth in answers, where null stands for none.
type DayOfMonthOut struct{ NumberOrLast }

// Schema documents the forms.
func (DayOfMonthOut) Schema(huma.Registry) *huma.Schema {
	s := numberOrLast(31)
	s.OneOf = append(s.OneOf, &huma.Schema{Type: "null"})
	return s
}

// NthWeekdayOut is NthWeekday in answers, where null stands for none.
type NthWeekdayOut struct {
	_       struct{}   `nullable:"true"`
	Nth     NthOfMonth `json:"nth"`
	Weekday string     `json:"weekday"`
}

// Occurrence is one occurrence of a window.
type Occurrence struct {
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	Note     string    `json:"note" doc:"What a change of the clocks (daylight saving) moves, in a sentence with wall times of the window's zone; empty where nothing is moved" example:"The clocks go forward while it lasts: it ends at 04:00 instead of 03:00."`
}

func occurrence(o fleet.Occurrence) Occurrence {
	return Occurrence{StartsAt: o.Start.UTC(), EndsAt: o.End.UTC(), Note: o.Note}
}

func windowBody(w fleet.Window, now time.Time) Window {
	body := Window{
		ID: w.ID, Scope: string(w.Scope), HostID: orNull(w.HostID), GroupID: orNull(w.GroupID), Kind: string(w.Kind),
		Label: w.Label, TimeZone: w.TimeZone, StartsOn: w.StartsOn.String(), StartTime: w.StartTime.String(),
		DurationMinutes: w.DurationMinutes, Recurrence: string(w.Recurrence), Weekdays: convert(w.Weekdays, fleet.WeekdayName),
		Enabled: w.Enabled, Next: convert(w.NotedOccurrences(now, nextOccurrences), occurrence),
		CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(),
	}
	slices.SortStableFunc(body.Weekdays, func(a, b string) int { return weekdayOrder(a) - weekdayOrder(b) })
	if w.DayOfMonth != 0 {
		body.DayOfMonth = &DayOfMonthOut{lastOr(w.DayOfMonth, fleet.LastDay)}
	}
	if w.NthWeek != 0 {
		body.NthWeekday = &NthWeekdayOut{Nth: NthOfMonth{lastOr(w.NthWeek, fleet.LastWeek)}, Weekday: fleet.WeekdayName(w.NthWeekday)}
	}
	return body
}

func lastOr(n, last int) NumberOrLast {
	if n == last {
		return NumberOrLast{Last: true}
	}
	return NumberOrLast{Number: n}
}

func weekdayOrder(name string) int {
	return slices.Index([]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, name)
}
