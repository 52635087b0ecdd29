package devstack

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// Host is what this package needs to know of a host.
type Host struct {
	ID        string   `json:"id"`
	FQDN      string   `json:"fqdn"`
	Address   string   `json:"address"`
	AgentPort int      `json:"agent_port"`
	GroupIDs  []string `json:"group_ids"`
}

// Seed registers the simulated fleet through the API: groups with their windows, hosts with their checks, and a blackout
// over Christmas. What is registered already stays as people have made it since; only a host's address follows the
// simulated host's.
func Seed(ctx context.Context, s *Stack) error {
	groups, err := s.seedGroups(ctx)
	if err != nil {
		return fmt.Errorf("seed groups: %w", err)
	}
	return s.register(ctx, groups)
}

// Register registers the simulated hosts with their checks, in no group and without windows.
func Register(ctx context.Context, s *Stack) error { return s.register(ctx, nil) }

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
		var id struct {
			ID string `json:"id"`
		}
		path := "/hosts/" + made.ID + "/health-checks"
		if err := s.API.Do(ctx, http.MethodPost, path, check, &id); err != nil {
			return err
		}
		s.untested = append(s.untested, path+"/"+id.ID)
	}
	return nil
}

// TestNewChecks runs the checks that were registered by this start, so that people see the health of the fleet at once:
// the first poll takes its time.
func (s *Stack) TestNewChecks(ctx context.Context) error {
	for _, path := range s.untested {
		if err := s.API.Do(ctx, http.MethodPost, path+"/test", nil, nil); err != nil {
			return fmt.Errorf("run check: %w", err)
		}
	}
	s.untested = nil
	return nil
}
