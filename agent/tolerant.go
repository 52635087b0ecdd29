package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The types below read what agents of several versions send. A value that is informative only and that can not be read
// becomes the zero value instead of spoiling the answer it is part of; whoever needs a value checks for it.

// Time is a point in time, written as RFC 3339 in UTC, or as null when zero.
type Time struct{ time.Time }

// MarshalJSON writes t.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().MarshalJSON()
}

// UnmarshalJSON reads RFC 3339 and takes everything else for no time, as it does a year that only an offset makes one of
// five digits or a negative one: it could be stored and never be shown.
func (t *Time) UnmarshalJSON(b []byte) error {
	*t = Time{}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return nil
	}
	if v, err := time.Parse(time.RFC3339Nano, s); err == nil && v.UTC().Year() >= 0 && v.UTC().Year() <= 9999 {
		t.Time = v.UTC()
	}
	return nil
}

// Ptr returns the time, or nil when there is none.
func (t Time) Ptr() *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t.Time
}

// Int is a whole number; fractions are cut off, numbers in strings are read, and what is no number is zero.
type Int int64

// UnmarshalJSON reads a number in any of the spellings above.
func (n *Int) UnmarshalJSON(b []byte) error {
	*n = 0
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err == nil && math.Abs(f) < 1<<53 {
		*n = Int(f)
	}
	return nil
}

// Bool is a boolean that some versions send as a count: any number but zero is true.
type Bool bool

// UnmarshalJSON reads a boolean or a count.
func (v *Bool) UnmarshalJSON(b []byte) error {
	var n Int
	_ = n.UnmarshalJSON(b)
	*v = Bool(n != 0 || string(b) == "true")
	return nil
}

// Text is a text that some versions send as an object with a message.
type Text string

// UnmarshalJSON reads a string, or the message of an object, or keeps the JSON as it is.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = Text(lineOf(b))
	return nil
}

// The most items that are read of a list. Eight megabytes of empty items would take gigabytes when read.
const (
	maxItems = 20_000
	maxLines = 20_000
)

// What is wrong with a list, in words that quote nothing of it.
var (
	errManyItems = fmt.Errorf("a list has more than %d items", maxItems)
	errNoList    = errors.New("a list is something else")
)

// List is a list of at most maxItems; a longer one is refused, for a part of it would be taken for all.
type List[T any] []T

// UnmarshalJSON reads a list, or nil where there is null.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	if string(b) == "null" {
		return nil
	}
	items := List[T]{}
	err := each(b, func(dec *json.Decoder) error {
		if len(items) == maxItems {
			return errManyItems
		}
		var item T
		err := dec.Decode(&item)
		items = append(items, item)
		return err
	})
	*l = items
	return err
}

// each calls read for each item of a JSON array.
func each(array []byte, read func(*json.Decoder) error) error {
	dec := json.NewDecoder(bytes.NewReader(array))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return errNoList
	}
	for dec.More() {
		if err := read(dec); err != nil {
			return err
		}
	}
	return nil
}

// Lines are log lines: strings, objects with a message, or one string with line breaks. What follows maxLines is left
// out: fewer are kept anyway.
type Lines []string

var errEnoughLines = errors.New("enough lines were read")

// UnmarshalJSON reads lines in any of the shapes above.
func (l *Lines) UnmarshalJSON(b []byte) error {
	*l = nil
	if len(b) == 0 || b[0] != '[' {
		*l = splitLines(lineOf(b))
		return nil
	}
	err := each(b, func(dec *json.Decoder) error {
		if len(*l) == maxLines {
			return errEnoughLines
		}
		var item json.RawMessage
		err := dec.Decode(&item)
		*l = append(*l, lineOf(item))
		return err
	})
	if errors.Is(err, errEnoughLines) {
		return nil
	}
	return err
}

// MarshalJSON writes an array also when there are no lines.
func (l Lines) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]string(l))
}

func splitLines(s string) []string {
	s = strings.TrimRight(s, "\r\n")
	if s == "" {
		return nil
	}
	lines := strings.SplitN(s, "\n", maxLines+1)
	return lines[:min(len(lines), maxLines)]
}

func lineOf(b json.RawMessage) string {
	var s string
	if json.Unmarshal(b, &s) == nil {
		return s // also null, as the empty string
	}
	var o struct{ Message, Line, Text string }
	if json.Unmarshal(b, &o) != nil {
		return string(b)
	}
	for _, v := range []string{o.Message, o.Line, o.Text} {
		if v != "" {
			return v
		}
	}
	return string(b)
}

// UnmarshalJSON reads a job, the field names of older agents included.
func (j *Job) UnmarshalJSON(b []byte) error {
	type plain Job
	v := struct {
		*plain
		ProgressPercent *Int   `json:"progress_percent"`
		Output          *Lines `json:"output"`
	}{plain: (*plain)(j)}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if j.Progress == 0 && v.ProgressPercent != nil {
		j.Progress = *v.ProgressPercent
	}
	if len(j.Logs) == 0 && v.Output != nil {
		j.Logs = *v.Output
	}
	j.Progress = min(max(j.Progress, 0), 100)
	return nil
}
