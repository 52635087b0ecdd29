package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/devstack"
)

func isWindow(w named) bool { return w.Kind == "maintenance" }

func deleteWindow(ctx context.Context, s *scene, e *edited) error {
	path, err := s.one(ctx, e.host, "maintenance-windows", isWindow)
	if err != nil {
		return err
	}
	return s.change(ctx, "maintenance_window.delete", http.MethodDelete, path, nil, nil)
}

// disableWindow leaves the host its window, which is none then.
func disableWindow(ctx context.Context, s *scene, e *edited) error {
	w := once("maintenance", e.start, e.end)
	w.Enabled = false
	return s.putWindow(ctx, e, w)
}

func putOffWindow(ctx context.Context, s *scene, e *edited) error {
	return s.putSpan(ctx, e, wholeMinute(time.Now().Add(longest)), e.end)
}

func shortenWindow(ctx context.Context, s *scene, e *edited) error {
	return s.putSpan(ctx, e, e.start, time.Now().UTC().Truncate(time.Minute))
}

func extendWindow(ctx context.Context, s *scene, e *edited) error {
	return s.putSpan(ctx, e, e.start, e.end.Add(time.Hour))
}

// putSpan edits the window of a host in place.
func (s *scene) putSpan(ctx context.Context, e *edited, start, end time.Time) error {
	e.start, e.end = start, end
	return s.putWindow(ctx, e, once("maintenance", start, end))
}

func (s *scene) putWindow(ctx context.Context, e *edited, w devstack.Window) error {
	path, err := s.one(ctx, e.host, "maintenance-windows", isWindow)
	if err != nil {
		return err
	}
	return s.change(ctx, "maintenance_window.update", http.MethodPut, path, w, nil)
}

// blackOut has a blackout of the host begin, which outlasts the cell.
func blackOut(ctx context.Context, s *scene, e *edited) error {
	return s.change(ctx, "maintenance_window.create", http.MethodPost, "/hosts/"+e.id+"/maintenance-windows", blackout(), nil)
}

func liftBlackout(ctx context.Context, s *scene, e *edited) error {
	path, err := s.one(ctx, e.host, "maintenance-windows", func(w named) bool { return w.Kind == "blackout" })
	if err != nil {
		return err
	}
	return s.change(ctx, "maintenance_window.delete", http.MethodDelete, path, nil, nil)
}

// blackout is one that has begun by now.
func blackout() devstack.Window {
	start := time.Now().UTC().Truncate(time.Minute)
	return once("blackout", start, start.Add(time.Hour))
}

// groupWith makes a group with a window like the host's, or with a blackout.
func groupWith(kind string) step {
	return func(ctx context.Context, s *scene, e *edited) error {
		if err := s.makeGroup(ctx, e); err != nil {
			return err
		}
		w := once(kind, e.start, e.end)
		if kind == "blackout" {
			w = blackout()
		}
		return s.change(ctx, "maintenance_window.create", http.MethodPost, "/groups/"+e.group+"/maintenance-windows", w, nil)
	}
}

func (s *scene) makeGroup(ctx context.Context, e *edited) error {
	var made struct{ ID string }
	err := s.change(ctx, "group.create", http.MethodPost, "/groups", map[string]any{"name": "of " + e.FQDN()}, &made)
	e.group = made.ID
	return err
}

func joinGroup(ctx context.Context, s *scene, e *edited) error {
	return s.change(ctx, "host.groups", http.MethodPut, "/groups/"+e.group+"/hosts/"+e.id, nil, nil)
}

func leaveGroup(ctx context.Context, s *scene, e *edited) error {
	return s.change(ctx, "host.groups", http.MethodDelete, "/groups/"+e.group+"/hosts/"+e.id, nil, nil)
}

// madeByAnother has the job of the host made by an operator of its group.
func madeByAnother(ctx context.Context, s *scene, e *edited) error {
	if err := errors.Join(s.makeGroup(ctx, e), joinGroup(ctx, s, e)); err != nil {
		return err
	}
	var made struct{ ID string }
	maker := map[string]any{"name": "maker of " + e.FQDN()}
	if err := s.API.Do(ctx, http.MethodPost, "/users", maker, &made); err != nil { // not counted: the stack has made others
		return err
	}
	e.user = made.ID
	token, err := s.Command(ctx, "token", "create", "--user", "maker of "+e.FQDN(), "--role", "operator", "--group", e.group)
	e.client = devstack.NewClient(s.API.URL(), token)
	return err
}

// removeMaker has the maker of a job see and do nothing of it any more. Jobs belong to the fleet and not to their makers, so that
// it goes on.
func removeMaker(ctx context.Context, s *scene, e *edited) error {
	path := "/groups/" + e.group + "/users/" + e.user
	if err := s.change(ctx, "group.user.delete", http.MethodDelete, path, nil, nil); err != nil {
		return err
	}
	return s.expectMakerRefused(ctx, e, http.StatusNotFound)
}

// demoteMaker has the maker of a job only look at it.
func demoteMaker(ctx context.Context, s *scene, e *edited) error {
	path := "/groups/" + e.group + "/users/" + e.user
	if err := s.change(ctx, "group.user.put", http.MethodPut, path, map[string]any{"role": "viewer"}, nil); err != nil {
		return err
	}
	return s.expectMakerRefused(ctx, e, http.StatusForbidden)
}

// expectMakerRefused expects that whoever made a job can not have it look at its gate again.
func (s *scene) expectMakerRefused(ctx context.Context, e *edited, status int) error {
	err := e.client.Do(ctx, http.MethodPost, "/jobs/"+e.job+"/hosts/"+e.id+"/recheck", nil, nil)
	var p *devstack.Problem
	s.expect(errors.As(err, &p) && p.Status == status, "%s: the recheck of its maker is answered by %v", e.name, fmt.Sprint(err))
	return nil
}
