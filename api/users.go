package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// UserInput is what is sent of a new user.
type UserInput struct {
	Name        string  `json:"name" minLength:"1" maxLength:"100" doc:"Unique regardless of case"`
	DisplayName string  `json:"display_name,omitempty" maxLength:"200"`
	Admin       bool    `json:"admin,omitempty" doc:"Administrators may do everything; default: false"`
	Password    *string `json:"password,omitempty" format:"password" writeOnly:"true" doc:"12 characters to 256 bytes; absent: the user can not sign in with a password"`
}

// UserUpdate replaces what is known of a user but the password.
type UserUpdate struct {
	Name        string `json:"name" minLength:"1" maxLength:"100" doc:"Unique regardless of case"`
	DisplayName string `json:"display_name,omitempty" maxLength:"200"`
	Admin       bool   `json:"admin" doc:"A change renews the user's sessions"`
	Disabled    bool   `json:"disabled" doc:"Ends sessions and keeps tokens from working, at once"`
}

// User is a person or program with rights.
type User struct {
	ID            string     `json:"id" format:"uuid"`
	Name          string     `json:"name"`
	DisplayName   string     `json:"display_name"`
	Admin         bool       `json:"admin"`
	Disabled      bool       `json:"disabled"`
	HasPassword   bool       `json:"has_password" doc:"Whether the user can sign in with a password"`
	CreatedAt     time.Time  `json:"created_at"`
	LastLoginAt   *time.Time `json:"last_login_at" nullable:"true"`
	Issuer        *string    `json:"issuer" nullable:"true" doc:"The identity provider that the user signs on at; null for who never did"`
	Subject       *string    `json:"subject" nullable:"true" doc:"Who the user is there"`
	AdminBySignOn bool       `json:"admin_by_sign_on" doc:"An administrator by the groups at the identity provider, which the next sign-on follows, and not by hand"`
}

func userBody(u fleet.User) User {
	body := User{
		ID: u.ID, Name: u.Name, DisplayName: u.DisplayName, Admin: u.Admin, Disabled: u.DisabledAt != nil, HasPassword: u.HasPassword,
		CreatedAt: u.CreatedAt.UTC(), LastLoginAt: utc(u.LastLoginAt),
	}
	if u.SignOn != nil {
		body.Issuer, body.Subject, body.AdminBySignOn = &u.SignOn.Issuer, &u.SignOn.Subject, u.SignOn.Admin
	}
	return body
}

// UserPath names a user in the path of an operation. The framework only fills embedded types that are exported.
type UserPath struct {
	ID string `path:"id" doc:"The user"`
}

type userList struct {
	Items      []User  `json:"items"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type (
	listUsersInput struct {
		PageQuery
		Query string `query:"q" maxLength:"100" doc:"Part of the name or display name"`
	}
	listUsersAnswer struct{ Body userList }
	userAnswer      struct{ Body User }
	createUserInput struct{ Body UserInput }
	updateUserInput struct {
		UserPath
		Body UserUpdate
	}
	createdUserAnswer struct {
		Location string `header:"Location"`
		Body     User
	}
)

func (s *server) registerUsers() {
	tags := []string{"Users"}
	handle(s, huma.Operation{
		OperationID: "listUsers", Method: http.MethodGet, Path: "/users", Tags: tags,
		Summary: "List users in order of their names (administrators)", Errors: adminErrors,
	}, s.listUsers)
	handle(s, huma.Operation{
		OperationID: "createUser", Method: http.MethodPost, Path: "/users", Tags: tags, Summary: "Create a user (administrators)",
		DefaultStatus: http.StatusCreated, Errors: createErrors,
	}, s.createUser)
	handle(s, huma.Operation{
		OperationID: "getUser", Method: http.MethodGet, Path: "/users/{id}", Tags: tags, Summary: "Read a user (administrators)",
		Errors: append(readErrors, http.StatusForbidden),
	}, s.getUser)
	handle(s, huma.Operation{
		OperationID: "updateUser", Method: http.MethodPut, Path: "/users/{id}", Tags: tags, Summary: "Replace a user (administrators)",
		Description: "The last enabled administrator can be neither disabled nor made none.", Errors: changeErrors,
	}, s.updateUser)
	handle(s, huma.Operation{
		OperationID: "deleteUser", Method: http.MethodDelete, Path: "/users/{id}", Tags: tags,
		Summary:     "Delete a user with sessions, tokens and memberships (administrators)",
		Description: "The last enabled administrator can not be deleted.", DefaultStatus: http.StatusNoContent, Errors: changeErrors,
	}, s.deleteUser)
	s.registerUserAccess()
}

func (s *server) listUsers(ctx context.Context, by fleet.Caller, in *listUsersInput) (*listUsersAnswer, error) {
	f := fleet.UserFilter{Text: in.Query, Limit: in.Limit + 1}
	if err := readCursor("users", in.Cursor, &f.After); err != nil {
		return nil, err
	}
	users, err := s.Store.Users(ctx, by, f)
	if err != nil {
		return nil, err
	}
	page, next := cut("users", users, in.Limit, func(u fleet.User) string { return u.Name })
	return &listUsersAnswer{Body: userList{Items: convert(page, userBody), NextCursor: next}}, nil
}

func (s *server) createUser(ctx context.Context, by fleet.Caller, in *createUserInput) (*createdUserAnswer, error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	user := fleet.UserInput{Name: in.Body.Name, DisplayName: in.Body.DisplayName, Admin: in.Body.Admin}
	if err := user.Validate(); err != nil {
		return nil, err
	}
	if in.Body.Password != nil {
		hash, err := s.newPassword(ctx, "password", *in.Body.Password, user.Name)
		if err != nil {
			return nil, err
		}
		user.PasswordHash = hash
	}
	id, err := s.Store.CreateUser(ctx, by, user)
	if err != nil {
		return nil, err
	}
	created, err := s.Store.User(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read created user: %w", err)
	}
	return &createdUserAnswer{Location: Base + "/users/" + id, Body: userBody(created)}, nil
}

func (s *server) getUser(ctx context.Context, by fleet.Caller, in *UserPath) (*userAnswer, error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	u, err := s.Store.User(ctx, pathID(in.ID))
	if err != nil {
		return nil, err
	}
	return &userAnswer{Body: userBody(u)}, nil
}

func (s *server) updateUser(ctx context.Context, by fleet.Caller, in *updateUserInput) (*userAnswer, error) {
	user := fleet.UserInput{Name: in.Body.Name, DisplayName: in.Body.DisplayName, Admin: in.Body.Admin, Disabled: in.Body.Disabled}
	if err := user.Validate(); err != nil {
		return nil, err
	}
	if err := s.Store.UpdateUser(ctx, by, pathID(in.ID), user); err != nil {
		return nil, err
	}
	u, err := s.Store.User(ctx, pathID(in.ID))
	return &userAnswer{Body: userBody(u)}, err
}

func (s *server) deleteUser(ctx context.Context, by fleet.Caller, in *UserPath) (*empty, error) {
	return nil, s.Store.DeleteUser(ctx, by, pathID(in.ID))
}
