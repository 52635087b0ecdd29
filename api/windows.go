package api

import (
	"context"
	"fmt"

	"github.com/patch-manager/patch-manager/fleet"
)

// OwnerPath names the host or the group in the path of a window. The framework only fills embedded types that are
// exported.
type OwnerPath struct {
	ID string `path:"id" doc:"The host or group"`
}

// WindowPath names a window in the path of an operation.
type WindowPath struct {
	WindowID string `path:"window_id" doc:"The maintenance window"`
}

type windowList struct {
	Items      []Window `json:"items"`
	NextCursor *string  `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type (
	windowListAnswer    struct{ Body windowList }
	windowAnswer        struct{ Body Window }
	createdWindowAnswer struct {
		Location string `header:"Location"`
		Body     Window
	}
	listOwnedInput struct {
		OwnerPath
		PageQuery
	}
	createOwnedInput struct {
		OwnerPath
		Body WindowInput
	}
	ownedWindowPath struct {
		OwnerPath
		WindowPath
	}
	updateOwnedInput struct {
		OwnerPath
		WindowPath
		Body WindowInput
	}
	createSiteInput struct{ Body WindowInput }
	updateSiteInput struct {
		WindowPath
		Body WindowInput
	}
)

func (s *server) registerWindows() {
	for _, r := range allWindowRoutes {
		s.registerOwnedWindows(r)
	}
	s.registerSiteWindows(siteWindowRoutes)
	s.registerOccurrences()
}

func (s *server) registerOwnedWindows(r windowRoutes) {
	handle(s, r.list(), func(ctx context.Context, by fleet.Caller, in *listOwnedInput) (*windowListAnswer, error) {
		return s.listWindows(ctx, by, r, in.ID, in.PageQuery)
	})
	handle(s, r.create(), func(ctx context.Context, by fleet.Caller, in *createOwnedInput) (*createdWindowAnswer, error) {
		return s.createWindow(ctx, by, r, in.ID, in.Body)
	})
	handle(s, r.get(), func(ctx context.Context, by fleet.Caller, in *ownedWindowPath) (*windowAnswer, error) {
		return s.getWindow(ctx, by, r, in.ID, in.WindowID)
	})
	handle(s, r.update(), func(ctx context.Context, by fleet.Caller, in *updateOwnedInput) (*windowAnswer, error) {
		return s.updateWindow(ctx, by, r, in.ID, in.WindowID, in.Body)
	})
	handle(s, r.remove(), func(ctx context.Context, by fleet.Caller, in *ownedWindowPath) (*empty, error) {
		return s.deleteWindow(ctx, by, r, in.ID, in.WindowID)
	})
}

func (s *server) registerSiteWindows(r windowRoutes) {
	handle(s, r.list(), func(ctx context.Context, by fleet.Caller, in *PageQuery) (*windowListAnswer, error) {
		return s.listWindows(ctx, by, r, "", *in)
	})
	handle(s, r.create(), func(ctx context.Context, by fleet.Caller, in *createSiteInput) (*createdWindowAnswer, error) {
		return s.createWindow(ctx, by, r, "", in.Body)
	})
	handle(s, r.get(), func(ctx context.Context, by fleet.Caller, in *WindowPath) (*windowAnswer, error) {
		return s.getWindow(ctx, by, r, "", in.WindowID)
	})
	handle(s, r.update(), func(ctx context.Context, by fleet.Caller, in *updateSiteInput) (*windowAnswer, error) {
		return s.updateWindow(ctx, by, r, "", in.WindowID, in.Body)
	})
	handle(s, r.remove(), func(ctx context.Context, by fleet.Caller, in *WindowPath) (*empty, error) {
		return s.deleteWindow(ctx, by, r, "", in.WindowID)
	})
}

func (s *server) listWindows(
	ctx context.Context, by fleet.Caller, r windowRoutes, ownerID string, page PageQuery,
) (*windowListAnswer, error) {
	owner := r.owner(ownerID)
	f := fleet.WindowFilter{Limit: page.Limit + 1}
	if err := readIDCursor("windows", page.Cursor, &f.After); err != nil {
		return nil, err
	}
	windows, err := s.Store.Windows(ctx, by.Sees(), owner, f)
	if err != nil {
		return nil, err
	}
	shown, next := cut("windows", windows, page.Limit, func(w fleet.Window) string { return w.ID })
	now := s.Now()
	body := convert(shown, func(w fleet.Window) Window { return windowBody(w, now) })
	return &windowListAnswer{Body: windowList{Items: body, NextCursor: next}}, nil
}

func (s *server) createWindow(
	ctx context.Context, by fleet.Caller, r windowRoutes, ownerID string, in WindowInput,
) (*createdWindowAnswer, error) {
	owner := r.owner(ownerID)
	w, err := in.window(s.Policy.Cutoff)
	if err != nil {
		return nil, err
	}
	w.Own(owner)
	id, err := s.Store.CreateWindow(ctx, by, w)
	if err != nil {
		return nil, err
	}
	s.wake(ctx)
	created, err := s.Store.Window(ctx, by.Sees(), owner, id)
	if err != nil {
		return nil, fmt.Errorf("read created window: %w", err)
	}
	return &createdWindowAnswer{Location: r.location(owner, id), Body: windowBody(created, s.Now())}, nil
}

func (s *server) getWindow(ctx context.Context, by fleet.Caller, r windowRoutes, ownerID, windowID string) (*windowAnswer, error) {
	owner, id := r.owner(ownerID), pathID(windowID)
	w, err := s.Store.Window(ctx, by.Sees(), owner, id)
	if err != nil {
		return nil, err
	}
	return &windowAnswer{Body: windowBody(w, s.Now())}, nil
}

func (s *server) updateWindow(
	ctx context.Context, by fleet.Caller, r windowRoutes, ownerID, windowID string, in WindowInput,
) (*windowAnswer, error) {
	owner, id := r.owner(ownerID), pathID(windowID)
	w, err := in.window(s.Policy.Cutoff)
	if err != nil {
		return nil, err
	}
	w.ID = id
	w.Own(owner)
	if err := s.Store.UpdateWindow(ctx, by, w); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return s.getWindow(ctx, by, r, ownerID, windowID)
}

func (s *server) deleteWindow(ctx context.Context, by fleet.Caller, r windowRoutes, ownerID, windowID string) (*empty, error) {
	owner, id := r.owner(ownerID), pathID(windowID)
	if err := s.Store.DeleteWindow(ctx, by, owner, id); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return nil, nil //nolint:nilnil // the framework answers without a body
}
