package devstack

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
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
	Nth     string `json:"nth"`
	Weekday string `json:"weekday"`
}

// Host is what this package needs to know of a host.
type Host struct {
	ID        string   `json:"id"`
	FQDN      string   `json:"fqdn"`
	Address   string   `json:"address"`
	AgentPort int      `json:"agent_port"`
	GroupIDs  []string `json:"group_ids"`
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
			DurationMinutes: 180, Recurrence: "monthly", NthWeekday: &NthWeekday{"2", "sun"}, Enabled: true,
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

// Seed registers the simulated fleet through the API: groups with their windows, hosts with their checks, and a blackout
// over Christmas. What is registered already stays as people have made it since; only a host's address follows the
// simulated host's.
func (s *Stack) Seed(ctx context.Context) error {
	groups, err := s.seedGroups(ctx)
	if err != nil {
		return fmt.Errorf("seed groups: %w", err)
	}
	return s.register(ctx, groups)
}

// Register registers the simulated hosts with their checks, in no group and without windows.
func (s *Stack) Register(ctx context.Context) error { return s.register(ctx, nil) }

// register puts the hosts of each role into the group that groups has for it.
func (s *Stack) register(ctx context.Context, groups map[string]string) error {
	hosts, err := All[Host](ctx, s.API, "/hosts")
	if err != nil {
		return fmt.Errorf("register hosts: %w", err)
	}
	known := map[string]Host{}
	for _, h := range hosts {
		known[h.FQDN] = h
	}
	for _, simulated := range s.Fleet.Hosts() {
		if h, ok := known[simulated.FQDN()]; ok {
			err = s.follow(ctx, h, simulated)
		} else {
			err = s.registerHost(ctx, simulated, groups)
		}
		if err != nil {
			return fmt.Errorf("register %s: %w", simulated.FQDN(), err)
		}
	}
	return nil
}

// follow gives a registered host the address that it has now.
func (s *Stack) follow(ctx context.Context, h Host, simulated *agenttest.Host) error {
	e := simulated.Endpoint()
	if h.Address == e.Address && h.AgentPort == e.Port {
		return nil
	}
	var whole map[string]any
	if err := s.API.Do(ctx, http.MethodGet, "/hosts/"+h.ID, nil, &whole); err != nil {
		return err
	}
	body := map[string]any{"address": e.Address, "agent_port": e.Port}
	for _, field := range []string{"fqdn", "display_name", "labels", "zone", "group_ids", "inherit_windows"} {
		body[field] = whole[field]
	}
	return s.API.Do(ctx, http.MethodPut, "/hosts/"+h.ID, body, nil)
}

// seedGroups returns the ids of the groups by name, and makes those that are missing with their windows.
func (s *Stack) seedGroups(ctx context.Context) (map[string]string, error) {
	type group struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	existing, err := All[group](ctx, s.API, "/groups")
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, g := range existing {
		ids[g.Name] = g.ID
	}
	for _, r := range roles {
		if ids[r.group] != "" {
			continue
		}
		var made group
		body := map[string]string{"name": r.group, "description": r.description}
		if err := s.API.Do(ctx, http.MethodPost, "/groups", body, &made); err != nil {
			return nil, err
		}
		ids[r.group] = made.ID
		window := r.window
		window.StartsOn = time.Now().UTC().Format(time.DateOnly)
		if err := s.API.Do(ctx, http.MethodPost, "/groups/"+made.ID+"/maintenance-windows", window, nil); err != nil {
			return nil, err
		}
	}
	if len(existing) > 0 {
		return ids, nil
	}
	return ids, s.API.Do(ctx, http.MethodPost, "/maintenance-windows", christmas(time.Now()), nil)
}

// christmas is the next blackout of the site.
func christmas(now time.Time) Window {
	return Window{
		Kind: "blackout", Label: "Christmas freeze", TimeZone: "UTC", Recurrence: "once",
		StartsOn: fmt.Sprintf("%d-12-23", now.UTC().Year()), StartTime: "00:00", DurationMinutes: 5 * 24 * 60, Enabled: true,
	}
}

func (s *Stack) registerHost(ctx context.Context, simulated *agenttest.Host, groups map[string]string) error {
	fqdn, e := simulated.FQDN(), simulated.Endpoint()
	prefix, _, _ := strings.Cut(fqdn, "-")
	body := map[string]any{
		"fqdn": fqdn, "address": e.Address, "agent_port": e.Port, "labels": map[string]string{"role": prefix, "env": "demo"},
	}
	checks := []map[string]any{}
	for _, r := range roles {
		if r.prefix == prefix {
			if id := groups[r.group]; id != "" {
				body["group_ids"] = []string{id}
			}
			checks = append(checks, map[string]any{"name": r.service, "check_type": "service", "service_name": r.service})
		}
	}
	if prefix == "web" {
		checks = append(checks, map[string]any{
			"name": "Start page", "check_type": "http", "url": simulated.WebURL(), "expected_body": "Welcome to " + fqdn,
		})
	}
	var made Host
	if err := s.API.Do(ctx, http.MethodPost, "/hosts", body, &made); err != nil {
		return err
	}
	for _, check := range checks {
		if err := s.API.Do(ctx, http.MethodPost, "/hosts/"+made.ID+"/health-checks", check, nil); err != nil {
			return err
		}
	}
	return nil
}
