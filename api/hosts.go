package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// HostPath names a host in the path of an operation. The framework only fills embedded types that are exported.
type HostPath struct {
	ID string `path:"id" doc:"The host"`
}

type (
	hostAnswer      struct{ Body Host }
	createHostInput struct{ Body HostInput }
	updateHostInput struct {
		HostPath
		Body HostInput
	}
	createdHostAnswer struct {
		Location string `header:"Location"`
		Body     Host
	}
	inventoryAnswer struct{ Body Inventory }
)

func (s *server) registerHosts() {
	s.registerHostList()
	handle(s, huma.Operation{
		OperationID: "createHost", Method: http.MethodPost, Path: "/hosts", Tags: []string{"Hosts"},
		Summary: "Register a host", DefaultStatus: http.StatusCreated, Errors: createErrors,
	}, s.createHost)
	handle(s, huma.Operation{
		OperationID: "getHost", Method: http.MethodGet, Path: "/hosts/{id}", Tags: []string{"Hosts"},
		Summary: "Read a host", Errors: readErrors,
	}, s.getHost)
	handle(s, huma.Operation{
		OperationID: "updateHost", Method: http.MethodPut, Path: "/hosts/{id}", Tags: []string{"Hosts"},
		Summary: "Replace a host", Errors: changeErrors,
		Description: "An absent group_ids keeps the groups, since changing them takes the operator role in all of them; every other absent field gets its default. Another fqdn revokes the certificates that the host was issued here.",
	}, s.updateHost)
	handle(s, huma.Operation{
		OperationID: "deleteHost", Method: http.MethodDelete, Path: "/hosts/{id}", Tags: []string{"Hosts"},
		Summary: "Delete a host with its checks and windows", DefaultStatus: http.StatusNoContent, Errors: changeErrors,
		Description: "Refused while a patch of the host is unfinished. Rows of jobs outlive the host.",
	}, s.deleteHost)
	handle(s, huma.Operation{
		OperationID: "getHostPatches", Method: http.MethodGet, Path: "/hosts/{id}/patches", Tags: []string{"Hosts"},
		Summary: "Read the last inventory of a host", Errors: readErrors,
	}, s.getHostPatches)
}

// resultAges says from when on a result counts, two polls back, and from when on it is shown.
func (s *server) resultAges() fleet.ResultAges {
	return fleet.AgesAt(s.Now(), s.Policy.PollInterval, s.Policy.ResultRetention)
}

func (s *server) createHost(ctx context.Context, by fleet.Caller, in *createHostInput) (*createdHostAnswer, error) {
	host, err := in.Body.host(s.Policy)
	if err != nil {
		return nil, err
	}
	id, err := s.Store.CreateHost(ctx, by, host)
	if err != nil {
		return nil, err
	}
	created, err := s.hostByID(ctx, by, id)
	if err != nil {
		return nil, fmt.Errorf("read created host: %w", err)
	}
	return &createdHostAnswer{Location: Base + "/hosts/" + id, Body: created}, nil
}

func (s *server) getHost(ctx context.Context, by fleet.Caller, in *HostPath) (*hostAnswer, error) {
	id := pathID(in.ID)
	host, err := s.hostByID(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return &hostAnswer{Body: host}, nil
}

func (s *server) hostByID(ctx context.Context, by fleet.Caller, id string) (Host, error) {
	h, err := s.Store.Host(ctx, by.Sees(), id, s.resultAges())
	if err != nil {
		return Host{}, err
	}
	bodies, err := s.hostBodies(ctx, []fleet.HostView{h})
	if err != nil {
		return Host{}, err
	}
	return bodies[0], nil
}

// hostBodies shows hosts with their next spans.
func (s *server) hostBodies(ctx context.Context, views []fleet.HostView) ([]Host, error) {
	ids := convert(views, func(h fleet.HostView) string { return h.ID })
	spans, err := s.nextSpans(ctx, ids, s.Now(), s.Policy.Cutoff)
	if err != nil {
		return nil, err
	}
	ages := s.resultAges()
	return convert(views, func(h fleet.HostView) Host {
		body := hostBody(h, ages)
		body.Span = hostSpan(spans, h.ID)
		return body
	}), nil
}

func (s *server) updateHost(ctx context.Context, by fleet.Caller, in *updateHostInput) (*hostAnswer, error) {
	id := pathID(in.ID)
	host, err := in.Body.host(s.Policy)
	if err != nil {
		return nil, err
	}
	if err := s.Store.UpdateHost(ctx, by, id, host); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return s.getHost(ctx, by, &in.HostPath)
}

func (s *server) deleteHost(ctx context.Context, by fleet.Caller, in *HostPath) (*empty, error) {
	id := pathID(in.ID)
	if err := s.Store.DeleteHost(ctx, by, id); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return nil, nil //nolint:nilnil // the framework answers without a body
}

func (s *server) getHostPatches(ctx context.Context, by fleet.Caller, in *HostPath) (*inventoryAnswer, error) {
	id := pathID(in.ID)
	inv, err := s.Store.HostInventory(ctx, by.Sees(), id)
	if err != nil {
		return nil, err
	}
	return &inventoryAnswer{Body: inventoryBody(inv, s.Now())}, nil
}

// wake has the stored wake-ups delivered soon. They are stored with the edit that caused them, so that a failure here only
// delays them; it is logged and the request goes on.
func (s *server) wake(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), temporalWait)
	defer cancel()
	if err := s.Runs.Wake(ctx); err != nil {
		s.Log.WarnContext(ctx, "wake runs", "error", err)
	}
}
