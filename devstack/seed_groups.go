package devstack

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Window is a maintenance window or blackout as the API takes it.
type Window struct {
	Kind            string      `json:"kind"`
	Label           string      `json:"label"`
	TimeZone        string      `json:"time_zone"`
	StartsOn        string      `json:"starts_on"`
	StartTime       string      `json:"start_time"`
	DurationMinutes int         `json:"duration_minutes"`
	Recurrence      string      `json:"recurrence"`
	Weekdays        []string    `json:"weekdays,omitempty"`
	NthWeekday      *NthWeekday `json:"nth_weekday,omitempty"`
	Enabled         bool        `json:"enabled"`
}

// NthWeekday is the second Sunday, the last Friday.
type NthWeekday struct {
	Nth     any    `json:"nth"` // 1 to 4, or "last"
	Weekday string `json:"weekday"`
}

// role is a kind of simulated host: the first part of its name.
type role struct {
	prefix, group, description, service string
	window                              Window
}

var roles = []role{
	{
		"web", "Web servers", "Public sites behind the load balancer", "nginx.service",
		Window{
			Kind: "maintenance", Label: "Saturday night", TimeZone: "Europe/Berlin", StartTime: "22:00",
			DurationMinutes: 240, Recurrence: "weekly", Weekdays: []string{"sat"}, Enabled: true,
		},
	},
	{
		"db", "Databases", "One at a time, please", "postgresql.service",
		Window{
			Kind: "maintenance", Label: "Second Sunday", TimeZone: "UTC", StartTime: "02:00",
			DurationMinutes: 180, Recurrence: "monthly", NthWeekday: &NthWeekday{2, "sun"}, Enabled: true,
		},
	},
	{
		"app", "Applications", "Order handling", "app.service",
		Window{
			Kind: "maintenance", Label: "Every night", TimeZone: "America/New_York", StartTime: "01:00",
			DurationMinutes: 180, Recurrence: "daily", Enabled: true,
		},
	},
}

// group is what this package needs to know of a group.
type group struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	HostCount int    `json:"host_count"`
}

// seedGroups returns the ids of the groups by name, and makes those that are missing with their windows.
func (s *Stack) seedGroups(ctx context.Context) (map[string]string, error) {
	existing, err := All[group](ctx, s.API, "/groups")
	if err != nil {
		return nil, err
	}
	known := map[string]group{}
	for _, g := range existing {
		known[g.Name] = g
	}
	ids := map[string]string{}
	for _, r := range roles {
		if ids[r.group], err = s.seedGroup(ctx, r, known[r.group]); err != nil {
			return nil, err
		}
	}
	return ids, s.seedWindow(ctx, "/maintenance-windows", christmas(time.Now()))
}

// seedGroup makes the group of a role with its window. One with hosts was made by an earlier start.
func (s *Stack) seedGroup(ctx context.Context, r role, known group) (string, error) {
	if known.HostCount > 0 {
		return known.ID, nil
	}
	if known.ID == "" {
		body := map[string]string{"name": r.group, "description": r.description}
		if err := s.API.Do(ctx, http.MethodPost, "/groups", body, &known); err != nil {
			return "", err
		}
	}
	window := r.window
	window.StartsOn = time.Now().UTC().Format(time.DateOnly)
	return known.ID, s.seedWindow(ctx, "/groups/"+known.ID+"/maintenance-windows", window)
}

// seedWindow makes the window unless one has its label.
func (s *Stack) seedWindow(ctx context.Context, path string, w Window) error {
	existing, err := All[Window](ctx, s.API, path)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(existing, func(e Window) bool { return e.Label == w.Label }) {
		return nil
	}
	return s.API.Do(ctx, http.MethodPost, path, w, nil)
}

// christmas is the next blackout of the site.
func christmas(now time.Time) Window {
	return Window{
		Kind: "blackout", Label: "Christmas freeze", TimeZone: "UTC", Recurrence: "once",
		StartsOn: fmt.Sprintf("%d-12-23", now.UTC().Year()), StartTime: "00:00", DurationMinutes: 5 * 24 * 60, Enabled: true,
	}
}
