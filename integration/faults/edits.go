package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// waitingEdits are made while hosts wait at the gate.
var waitingEdits = []hostEdit{
	{
		name: "the sick check is disabled", sick: service, change: putService(service, false), stays: true,
		checks: []string{agenttest.WebPage}, status: "succeeded", says: "all 1 enabled checks healthy; disabled: service",
	},
	{
		name: "the sick check is deleted", sick: service, change: deleteCheck, stays: true,
		checks: []string{agenttest.WebPage}, status: "succeeded", says: "all 1 enabled checks healthy",
	},
	{
		name: "the sick check asks for a healthy service", sick: service, change: putService(spare, true), stays: true,
		checks: []string{spare, agenttest.WebPage}, status: "succeeded", says: "all 2 enabled checks healthy",
	},
	{
		name: "a healthy check asks for a sick service", sick: agenttest.WebPage, change: inOrder(closing, putService(broken, true)),
		status: "failed", says: "waited for: service: " + broken + " is not healthy",
	},
	{
		name: "a sick check is enabled", sick: agenttest.WebPage, begin: putService(broken, false),
		change: inOrder(closing, putService(broken, true)), status: "failed", says: "waited for: service: " + broken + " is not healthy",
	},
	{
		name: "a sick check is added", sick: agenttest.WebPage, change: inOrder(closing, addSick),
		status: "failed", says: "waited for: added: " + broken + " is not healthy",
	},
	{name: "the host is deleted", sick: service, change: deleteHost, status: "skipped", says: "the host was deleted before it was patched"},
	{
		name: "the job's maker is removed from the group", sick: service, begin: madeByAnother, change: removeMaker,
		status: "succeeded", says: "all 2 enabled checks healthy",
	},
	{
		name: "the job's maker loses the role of an operator", sick: service, begin: madeByAnother, change: demoteMaker,
		status: "succeeded", says: "all 2 enabled checks healthy",
	},
	{name: "the window is deleted", sick: service, change: deleteWindow, status: "failed", says: "its maintenance window was removed or blacked out"},
	{name: "the window is disabled", sick: service, change: disableWindow, status: "failed", says: "its maintenance window was removed or blacked out"},
	{name: "the window is put off", sick: service, change: putOffWindow, status: "failed", says: "its maintenance window was removed or blacked out"},
	{name: "the window is shortened to the past", sick: service, change: shortenWindow, status: "failed", says: "waited for: service: "},
	{
		name: "the window that closes is extended", sick: service, change: inOrder(closing, extendWindow), stays: true, then: mendIt,
		status: "succeeded", says: "all 2 enabled checks healthy",
	},
	{name: "a blackout begins", sick: service, change: blackOut, status: "failed", says: "waited for: "},
	{
		name: "the host comes into a group with a blackout", sick: service, begin: groupWith("blackout"), change: joinGroup,
		status: "failed", says: "waited for: ",
	},
	{
		name: "the host leaves the group whose window it was in", sick: service, begin: inOrder(groupWith("maintenance"), joinGroup, deleteWindow),
		change: leaveGroup, status: "failed", says: "its maintenance window was removed or blacked out",
	},
	{
		name: "a blackout holds an immediate job and is lifted", sick: service, more: map[string]any{"immediate": true, "gate_timeout": "10m"},
		change: blackOut, then: liftBlackout, status: "succeeded", says: "all 2 enabled checks healthy",
	},
}

// lateEdits are made after the checks were found healthy and the agent was asked all there is to ask.
var lateEdits = []hostEdit{
	{
		name: "a healthy check asks for a sick service, late", change: inOrder(closing, putService(broken, true)),
		status: "failed", says: "waited for: service: " + broken + " is not healthy",
	},
	{name: "a sick check is added, late", change: inOrder(closing, addSick), status: "failed", says: "waited for: added: " + broken + " is not healthy"},
	{name: "the host is deleted, late", change: deleteHost, status: "skipped", says: "the host was deleted before it was patched"},
	{name: "the window is deleted, late", change: deleteWindow, status: "failed", says: "its maintenance window was removed or blacked out"},
	{name: "the window is put off, late", change: putOffWindow, status: "failed", says: "its maintenance window was removed or blacked out"},
	{name: "a blackout begins, late", change: blackOut, status: "failed", says: "waited for: "},
}

// inOrder takes several steps, one after the other.
func inOrder(steps ...step) step {
	return func(ctx context.Context, s *scene, e *edited) error {
		for _, do := range steps {
			if err := do(ctx, s, e); err != nil {
				return err
			}
		}
		return nil
	}
}

// closing has the host's window close while it waits.
func closing(ctx context.Context, s *scene, e *edited) error {
	e.closes = wholeMinute(time.Now().Add(2 * cutoff))
	return s.putSpan(ctx, e, e.closes.Add(-3*time.Hour), e.closes)
}

func mendIt(_ context.Context, _ *scene, e *edited) error {
	e.mend()
	return nil
}

// putService has the host's check of a service ask for the one of that name.
func putService(name string, enabled bool) step {
	return func(ctx context.Context, s *scene, e *edited) error {
		path, err := s.one(ctx, e.host, "health-checks", func(c named) bool { return c.Name == "service" })
		if err != nil {
			return err
		}
		in := map[string]any{"name": "service", "check_type": "service", "service_name": name, "enabled": enabled}
		return s.change(ctx, "health_check.update", http.MethodPut, path, in, nil)
	}
}

func addSick(ctx context.Context, s *scene, e *edited) error {
	in := map[string]any{"name": "added", "check_type": "service", "service_name": broken}
	return s.change(ctx, "health_check.create", http.MethodPost, "/hosts/"+e.id+"/health-checks", in, nil)
}

func deleteCheck(ctx context.Context, s *scene, e *edited) error {
	return s.dropCheck(ctx, e.host, "service")
}

func (s *scene) dropCheck(ctx context.Context, h *host, name string) error {
	path, err := s.one(ctx, h, "health-checks", func(c named) bool { return c.Name == name })
	if err != nil {
		return err
	}
	return s.change(ctx, "health_check.delete", http.MethodDelete, path, nil, nil)
}

func deleteHost(ctx context.Context, s *scene, e *edited) error {
	return s.change(ctx, "host.delete", http.MethodDelete, "/hosts/"+e.id, nil, nil)
}

// named is a part of a host.
type named struct{ ID, Name, Kind string }

// one returns where the API has a part of a host.
func (s *scene) one(ctx context.Context, h *host, of string, is func(named) bool) (string, error) {
	path := "/hosts/" + h.id + "/" + of
	var list struct{ Items []named } // few enough for one page
	if err := s.API.Do(ctx, http.MethodGet, path, nil, &list); err != nil {
		return "", err
	}
	i := slices.IndexFunc(list.Items, is)
	if i < 0 {
		return "", fmt.Errorf("what was looked for is not among the %s: %v", of, list.Items)
	}
	return path + "/" + list.Items[i].ID, nil
}
