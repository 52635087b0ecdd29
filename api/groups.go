package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// GroupInput is what is sent of a group.
type GroupInput struct {
	Name        string `json:"name" minLength:"1" maxLength:"100" doc:"Unique regardless of case"`
	Description string `json:"description,omitempty" maxLength:"2000"`
}

// Group is a group with the number of its members.
type Group struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	HostCount   int       `json:"host_count"`
	UserCount   int       `json:"user_count"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func groupBody(g fleet.Group) Group {
	return Group{
		ID: g.ID, Name: g.Name, Description: g.Description, HostCount: g.HostCount, UserCount: g.UserCount,
		CreatedAt: g.CreatedAt.UTC(), UpdatedAt: g.UpdatedAt.UTC(),
	}
}

// GroupPath names a group in the path of an operation. The framework only fills embedded types that are exported.
type GroupPath struct {
	ID string `path:"id" doc:"The group"`
}

type groupList struct {
	Items      []Group `json:"items"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type (
	listGroupsInput struct {
		PageQuery
		Query string `query:"q" maxLength:"100" doc:"Part of the name"`
	}
	listGroupsAnswer struct{ Body groupList }
	groupAnswer      struct{ Body Group }
	createGroupInput struct{ Body GroupInput }
	updateGroupInput struct {
		GroupPath
		Body GroupInput
	}
	createdGroupAnswer struct {
		Location string `header:"Location"`
		Body     Group
	}
)

func (s *server) registerGroups() {
	handle(s, huma.Operation{
		OperationID: "listGroups", Method: http.MethodGet, Path: "/groups", Tags: []string{"Groups"},
		Summary: "List groups in order of their names",
	}, s.listGroups)
	handle(s, huma.Operation{
		OperationID: "createGroup", Method: http.MethodPost, Path: "/groups", Tags: []string{"Groups"},
		Summary: "Create a group (administrators)", DefaultStatus: http.StatusCreated, Errors: createErrors,
	}, s.createGroup)
	handle(s, huma.Operation{
		OperationID: "getGroup", Method: http.MethodGet, Path: "/groups/{id}", Tags: []string{"Groups"},
		Summary: "Read a group", Errors: readErrors,
	}, s.getGroup)
	handle(s, huma.Operation{
		OperationID: "updateGroup", Method: http.MethodPut, Path: "/groups/{id}", Tags: []string{"Groups"},
		Summary: "Replace a group (administrators)", Errors: changeErrors,
	}, s.updateGroup)
	handle(s, huma.Operation{
		OperationID: "deleteGroup", Method: http.MethodDelete, Path: "/groups/{id}", Tags: []string{"Groups"},
		Summary: "Delete a group with its windows and memberships (administrators)", DefaultStatus: http.StatusNoContent,
		Errors: changeErrors,
	}, s.deleteGroup)
}

func (s *server) listGroups(ctx context.Context, by fleet.Caller, in *listGroupsInput) (*listGroupsAnswer, error) {
	f := fleet.GroupFilter{Text: in.Query, Limit: in.Limit + 1}
	if err := readCursor("groups", in.Cursor, &f.After); err != nil {
		return nil, err
	}
	groups, err := s.Store.Groups(ctx, by.Sees(), f)
	if err != nil {
		return nil, err
	}
	page, next := cut("groups", groups, in.Limit, func(g fleet.Group) string { return g.Name })
	return &listGroupsAnswer{Body: groupList{Items: convert(page, groupBody), NextCursor: next}}, nil
}

func (s *server) createGroup(ctx context.Context, by fleet.Caller, in *createGroupInput) (*createdGroupAnswer, error) {
	g := fleet.Group{Name: in.Body.Name, Description: in.Body.Description}
	if err := g.Validate(); err != nil {
		return nil, err
	}
	id, err := s.Store.CreateGroup(ctx, by, g)
	if err != nil {
		return nil, err
	}
	created, err := s.Store.Group(ctx, by.Sees(), id)
	if err != nil {
		return nil, fmt.Errorf("read created group: %w", err)
	}
	return &createdGroupAnswer{Location: Base + "/groups/" + id, Body: groupBody(created)}, nil
}

func (s *server) getGroup(ctx context.Context, by fleet.Caller, in *GroupPath) (*groupAnswer, error) {
	id := pathID(in.ID)
	g, err := s.Store.Group(ctx, by.Sees(), id)
	if err != nil {
		return nil, err
	}
	return &groupAnswer{Body: groupBody(g)}, nil
}

func (s *server) updateGroup(ctx context.Context, by fleet.Caller, in *updateGroupInput) (*groupAnswer, error) {
	id := pathID(in.ID)
	g := fleet.Group{Name: in.Body.Name, Description: in.Body.Description}
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if err := s.Store.UpdateGroup(ctx, by, id, g); err != nil {
		return nil, err
	}
	return s.getGroup(ctx, by, &in.GroupPath)
}

func (s *server) deleteGroup(ctx context.Context, by fleet.Caller, in *GroupPath) (*empty, error) {
	id := pathID(in.ID)
	if err := s.Store.DeleteGroup(ctx, by, id); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return nil, nil //nolint:nilnil // the framework answers without a body
}
