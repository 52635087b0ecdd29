package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// timeline prints what changed between two looks at the job, one line for all hosts that changed alike.
type timeline struct {
	out   io.Writer
	start time.Time
	spoke time.Time
	last  map[string]string
}

// quietFor is how long the timeline stays silent while hosts wait.
const quietFor = 15 * time.Second

func newTimeline(out io.Writer, start time.Time) *timeline {
	return &timeline{out: out, start: start, last: map[string]string{}}
}

func (t *timeline) say(now time.Time, format string, args ...any) {
	t.spoke = now
	since := now.Sub(t.start)
	stamp := fmt.Sprintf("%02d:%04.1f", int(since.Minutes()), since.Seconds()-60*float64(int(since.Minutes())))
	fmt.Fprintf(t.out, "  %s  %s\n", stamp, fmt.Sprintf(format, args...))
}

func (t *timeline) update(now time.Time, rows []jobHost) {
	var order []string
	alike := map[string][]string{}
	for _, h := range rows {
		text := describe(h)
		if t.last[h.HostID] == text {
			continue
		}
		t.last[h.HostID] = text
		if alike[text] == nil {
			order = append(order, text)
		}
		alike[text] = append(alike[text], short(h.FQDN))
	}
	for _, text := range order {
		t.say(now, "%s: %s", strings.Join(alike[text], " "), text)
	}
}

func short(fqdn string) string {
	name, _, _ := strings.Cut(fqdn, ".")
	return name
}

// describe says where a host stands, without what changes at each look.
func describe(h jobHost) string {
	if h.Wait != nil && h.Wait.Detail != "" {
		return h.Status + ": " + h.Wait.Detail
	}
	text := h.Status
	if h.Phase != "" {
		text += ", " + h.Phase
	}
	if h.Reason != "" {
		text += " (" + h.Reason + ")"
	}
	if h.Detail != "" {
		text += ": " + h.Detail
	}
	return text
}

// silence says what is waited for when nothing has changed for a while.
func (t *timeline) silence(now time.Time, rows []jobHost) {
	if now.Sub(t.spoke) < quietFor {
		return
	}
	for _, h := range rows {
		if h.Wait == nil {
			continue
		}
		text := short(h.FQDN) + " still waits"
		if h.Wait.NextTryAt != nil {
			text += ", next try at " + h.Wait.NextTryAt.UTC().Format(time.TimeOnly)
		}
		if h.Span != nil && h.Span.LastStartAt != nil {
			text += ", last start at " + h.Span.LastStartAt.UTC().Format(time.TimeOnly)
		}
		t.say(now, "%s", text)
	}
}
