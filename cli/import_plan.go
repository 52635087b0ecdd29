package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/client"
	"github.com/patch-manager/patch-manager/fleet"
)

// step is one change that an import makes, or would make.
type step struct {
	Host string `json:"host"`
	Does string `json:"does"`
	What string `json:"what"`

	where string
	do    func(context.Context) error
}

// importing is what an import knows of the manager, and learns as it goes on.
type importing struct {
	*session

	hosts  map[string]client.Host // by name in lower case
	groups map[string]uuid.UUID   // by name; none yet where a step makes it
	made   map[string]uuid.UUID   // hosts that a step made
	steps  []step
}

// planImport compares records with what is there.
func (s *session) planImport(ctx context.Context, records []record) ([]step, error) {
	p := &importing{session: s, hosts: map[string]client.Host{}, groups: map[string]uuid.UUID{}, made: map[string]uuid.UUID{}}
	hosts, err := s.hosts(ctx, client.ListHostsParams{}, 0)
	if err != nil {
		return nil, err
	}
	for _, h := range hosts {
		p.hosts[strings.ToLower(h.Fqdn)] = h
	}
	groups, err := s.groups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		p.groups[g.Name] = g.ID
	}
	for _, r := range records {
		if err := p.plan(ctx, r); err != nil {
			return nil, err
		}
	}
	return p.steps, nil
}

func (p *importing) add(r record, does, what string, do func(context.Context) error) {
	p.steps = append(p.steps, step{Host: r.host.FQDN, Does: does, What: what, where: r.where, do: do})
}

func (p *importing) plan(ctx context.Context, r record) error {
	for _, name := range r.groups {
		if _, known := p.groups[name]; !known {
			p.groups[name] = uuid.Nil
			p.add(r, "add group", name, func(ctx context.Context) error {
				made, err := client.Answer[client.Group](p.CreateGroup(ctx, client.GroupInput{Name: name}))
				p.groups[name] = made.ID
				return err
			})
		}
	}
	host, known := p.hosts[strings.ToLower(r.host.FQDN)]
	if !known {
		p.add(r, "add host", r.host.Address, func(ctx context.Context) error { return p.addHost(ctx, r) })
		p.planChecks(r, nil)
		return nil
	}
	p.made[r.host.FQDN] = host.ID
	for _, name := range r.groups {
		if id := p.groups[name]; id == uuid.Nil || !slices.Contains(host.GroupIds, id.String()) {
			p.add(r, "put into group", name, func(ctx context.Context) error {
				_, err := client.Answer[any](p.PutGroupHost(ctx, p.groups[name], host.ID))
				return err
			})
		}
	}
	if len(r.checks) == 0 {
		return nil
	}
	checks, err := client.Answer[client.CheckList](p.ListHealthChecks(ctx, host.ID))
	p.planChecks(r, checks.Items)
	return err
}

func (p *importing) planChecks(r record, there []client.HealthCheck) {
	for _, c := range r.checks {
		if slices.ContainsFunc(there, func(is client.HealthCheck) bool { return is.Name == c.Name }) {
			continue
		}
		in := client.HealthCheckInput{Name: c.Name, CheckType: client.HealthCheckInputCheckType(c.Type)}
		if c.Type == fleet.CheckService {
			in.ServiceName = &c.ServiceName
		} else {
			in.URL, in.ExpectedBody = &c.URL, &c.ExpectedBody
		}
		p.add(r, "add check", c.Name, func(ctx context.Context) error {
			host, known := p.made[r.host.FQDN]
			if !known {
				return fmt.Errorf("%s was not added", r.host.FQDN)
			}
			_, err := client.Answer[client.HealthCheck](p.CreateHealthCheck(ctx, host, in))
			return err
		})
	}
}

func (p *importing) addHost(ctx context.Context, r record) error {
	groups := make([]string, len(r.groups))
	for i, name := range r.groups {
		groups[i] = p.groups[name].String()
	}
	var labels *map[string]string
	if len(r.host.Labels) > 0 {
		labels = &r.host.Labels
	}
	made, err := client.Answer[client.Host](p.CreateHost(ctx, client.HostInput{
		Fqdn: r.host.FQDN, Address: &r.host.Address, AgentPort: r.port, DisplayName: &r.host.DisplayName, Zone: &r.host.Zone,
		Labels: labels, GroupIds: &groups,
	}))
	if err == nil {
		p.made[r.host.FQDN] = made.ID
	}
	return err
}

// applyImport does the steps one after another, and goes on past one that was refused.
func (s *session) applyImport(ctx context.Context, plan []step) (rejected []rejection) {
	for i, step := range plan {
		if err := step.do(ctx); err != nil {
			rejected = append(rejected, rejection{step.where, step.Does + " " + step.What + ": " + strings.ReplaceAll(err.Error(), "\n", "; ")})
			plan[i].Does = "failed to " + step.Does
		}
	}
	return rejected
}
