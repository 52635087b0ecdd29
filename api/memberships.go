package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// GroupUserPath names a member of a group. The framework only fills embedded types that are exported.
type GroupUserPath struct {
	GroupPath
	UserID string `path:"user_id" doc:"The user"`
}

// GroupHostPath names a host in a group. The framework only fills embedded types that are exported.
type GroupHostPath struct {
	GroupPath
	HostID string `path:"host_id" doc:"The host"`
}

// MembershipInput is what a user may do in a group.
type MembershipInput struct {
	Role string `json:"role" enum:"operator,viewer"`
}

type putGroupUserInput struct {
	GroupUserPath
	Body MembershipInput
}

// GroupUser is a member of a group.
type GroupUser struct {
	UserID      string `json:"user_id" format:"uuid"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
	Role        string `json:"role" doc:"operator or viewer; new values may appear"`
	BySignOn    bool   `json:"by_sign_on" doc:"By the groups at the identity provider, which the next sign-on follows, and not by hand"`
}

type groupUserList struct {
	Items      []GroupUser `json:"items"`
	NextCursor *string     `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type (
	listGroupUsersInput struct {
		GroupPath
		PageQuery
	}
	listGroupUsersAnswer struct{ Body groupUserList }
)

func (s *server) registerMemberships() {
	handle(s, huma.Operation{
		OperationID: "listGroupUsers", Method: http.MethodGet, Path: "/groups/{id}/users", Tags: []string{"Groups"},
		Summary: "List the users of a group in order of their names (administrators)", Errors: append(readErrors, http.StatusForbidden),
	}, s.listGroupUsers)
	handle(s, huma.Operation{
		OperationID: "putGroupUser", Method: http.MethodPut, Path: "/groups/{id}/users/{user_id}", Tags: []string{"Groups"},
		Summary: "Give a user a role in a group (administrators)", DefaultStatus: http.StatusNoContent, Errors: changeErrors,
	}, s.putGroupUser)
	handle(s, huma.Operation{
		OperationID: "deleteGroupUser", Method: http.MethodDelete, Path: "/groups/{id}/users/{user_id}", Tags: []string{"Groups"},
		Summary: "Take a user out of a group (administrators)", DefaultStatus: http.StatusNoContent, Errors: changeErrors,
	}, s.deleteGroupUser)
	handle(s, huma.Operation{
		OperationID: "putGroupHost", Method: http.MethodPut, Path: "/groups/{id}/hosts/{host_id}", Tags: []string{"Groups"},
		Summary:       "Put a host into a group",
		Description:   "Takes the operator role in the group and in every group of the host.",
		DefaultStatus: http.StatusNoContent, Errors: changeErrors,
	}, s.putGroupHost)
	handle(s, huma.Operation{
		OperationID: "deleteGroupHost", Method: http.MethodDelete, Path: "/groups/{id}/hosts/{host_id}", Tags: []string{"Groups"},
		Summary:       "Take a host out of a group",
		Description:   "Takes the operator role in every group of the host. Only administrators can take it out of its last one.",
		DefaultStatus: http.StatusNoContent, Errors: changeErrors,
	}, s.deleteGroupHost)
}

func (s *server) listGroupUsers(ctx context.Context, by fleet.Caller, in *listGroupUsersInput) (*listGroupUsersAnswer, error) {
	f := fleet.UserFilter{Limit: in.Limit + 1}
	if err := readCursor("group-users", in.Cursor, &f.After); err != nil {
		return nil, err
	}
	members, err := s.Store.GroupUsers(ctx, by, pathID(in.ID), f)
	if err != nil {
		return nil, err
	}
	page, next := cut("group-users", members, in.Limit, func(m fleet.Member) string { return m.Name })
	body := convert(page, func(m fleet.Member) GroupUser {
		return GroupUser{UserID: m.UserID, Name: m.Name, DisplayName: m.DisplayName, Role: string(m.Role), BySignOn: m.BySignOn}
	})
	return &listGroupUsersAnswer{Body: groupUserList{Items: body, NextCursor: next}}, nil
}

func (s *server) putGroupUser(ctx context.Context, by fleet.Caller, in *putGroupUserInput) (*empty, error) {
	group, user := pathID(in.ID), pathID(in.UserID)
	return nil, s.Store.PutGroupUser(ctx, by, group, user, fleet.Role(in.Body.Role))
}

func (s *server) deleteGroupUser(ctx context.Context, by fleet.Caller, in *GroupUserPath) (*empty, error) {
	group, user := pathID(in.ID), pathID(in.UserID)
	return nil, s.Store.DeleteGroupUser(ctx, by, group, user)
}

func (s *server) putGroupHost(ctx context.Context, by fleet.Caller, in *GroupHostPath) (*empty, error) {
	return s.changeGroupHost(ctx, by, in, s.Store.PutGroupHost)
}

func (s *server) deleteGroupHost(ctx context.Context, by fleet.Caller, in *GroupHostPath) (*empty, error) {
	return s.changeGroupHost(ctx, by, in, s.Store.DeleteGroupHost)
}

func (s *server) changeGroupHost(
	ctx context.Context, by fleet.Caller, in *GroupHostPath,
	change func(ctx context.Context, by fleet.Caller, groupID, hostID string) error,
) (*empty, error) {
	group, host := pathID(in.ID), pathID(in.HostID)
	if err := change(ctx, by, group, host); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return nil, nil //nolint:nilnil // the framework answers without a body
}
