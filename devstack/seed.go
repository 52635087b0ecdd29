package devstack

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

// Host is what this package needs to know of a host.
type Host struct {
	ID        string   `json:"id"`
	FQDN      string   `json:"fqdn"`
	Address   string   `json:"address"`
	AgentPort int      `json:"agent_port"`
	GroupIDs  []string `json:"group_ids"`
}

// Seed registers the simulated fleet through the API at the first start on a database: groups with their windows, hosts
// with their checks, and a blackout over Christmas. From then on it stays as people make it; only a host's address
// follows the simulated host's.
func Seed(ctx context.Context, s *Stack) error {
	if _, err := os.Stat(s.seededFile()); err == nil {
		return s.follow(ctx)
	}
	groups, err := s.seedGroups(ctx)
	if err != nil {
		return fmt.Errorf("seed groups: %w", err)
	}
	if err := s.register(ctx, groups); err != nil {
		return err
	}
	return writePrivate(s.seededFile(), "")
}

// seededFile marks a database as seeded. It lies in the folder of our own and goes with it.
func (s *Stack) seededFile() string {
	if s.postgres != nil {
		return s.path("postgres", "seeded")
	}
	return s.path("seeded-" + hash(s.databaseURL))
}

// Register registers the simulated hosts with their checks, in no group and without windows.
func Register(ctx context.Context, s *Stack) error { return s.register(ctx, nil) }

// register puts the hosts of each role into the group that groups has for it. Hosts that are known were registered by a
// start that did not get to its end.
func (s *Stack) register(ctx context.Context, groups map[string]string) error {
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	for _, simulated := range s.Fleet.Hosts() {
		if _, ok := known[simulated.FQDN()]; ok {
			continue
		}
		if err := s.registerHost(ctx, simulated, groups); err != nil {
			return fmt.Errorf("register %s: %w", simulated.FQDN(), err)
		}
	}
	return nil
}

// known returns the registered hosts by name.
func (s *Stack) known(ctx context.Context) (map[string]Host, error) {
	hosts, err := All[Host](ctx, s.API, "/hosts")
	if err != nil {
		return nil, fmt.Errorf("list hosts: %w", err)
	}
	known := map[string]Host{}
	for _, h := range hosts {
		known[h.FQDN] = h
	}
	return known, nil
}

// follow gives the registered hosts the addresses that they have now.
func (s *Stack) follow(ctx context.Context) error {
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	for _, simulated := range s.Fleet.Hosts() {
		h, ok := known[simulated.FQDN()]
		e := simulated.Endpoint()
		if !ok || (h.Address == e.Address && h.AgentPort == e.Port) {
			continue
		}
		if err := s.move(ctx, h.ID, e); err != nil {
			return fmt.Errorf("move %s: %w", h.FQDN, err)
		}
	}
	return nil
}

func (s *Stack) move(ctx context.Context, id string, to fleet.Endpoint) error {
	var whole map[string]any
	if err := s.API.Do(ctx, http.MethodGet, "/hosts/"+id, nil, &whole); err != nil {
		return err
	}
	body := map[string]any{"address": to.Address, "agent_port": to.Port}
	for _, field := range []string{"fqdn", "display_name", "labels", "zone", "group_ids", "inherit_windows"} {
		body[field] = whole[field]
	}
	return s.API.Do(ctx, http.MethodPut, "/hosts/"+id, body, nil)
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

// testsAtStart leaves people half of the tests that one user may run a minute.
const testsAtStart = 5

// TestNewChecks runs some of the checks that were registered by this start, so that people see health at once: the first
// poll takes its time. The last ones are those of the unhealthy host.
func (s *Stack) TestNewChecks(ctx context.Context) error {
	for _, path := range s.untested[max(0, len(s.untested)-testsAtStart):] {
		if err := s.API.Do(ctx, http.MethodPost, path+"/test", nil, nil); err != nil {
			return fmt.Errorf("run check: %w", err)
		}
	}
	s.untested = nil
	return nil
}
