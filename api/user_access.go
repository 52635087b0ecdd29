package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// NewPassword is a password that an administrator gives to a user.
type NewPassword struct {
	Password string `json:"password" format:"password" writeOnly:"true" doc:"12 characters to 256 bytes, and not the name of the user"`
}

// PasswordChange replaces one's own password.
type PasswordChange struct {
	CurrentPassword string `json:"current_password" format:"password" writeOnly:"true"`
	NewPassword     string `json:"new_password" format:"password" writeOnly:"true" doc:"12 characters to 256 bytes, and not the name of the user"`
}

type (
	putUserPasswordInput struct {
		UserPath
		Body NewPassword
	}
	changePasswordInput  struct{ Body PasswordChange }
	changePasswordAnswer struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
	}
)

func (s *server) registerUserAccess() {
	handle(s, huma.Operation{
		OperationID: "putUserPassword", Method: http.MethodPut, Path: "/users/{id}/password", Tags: []string{"Users"},
		Summary:       "Give another user a password (administrators)",
		Description:   "Ends all sessions of the user. One's own password is changed with PUT /me/password.",
		DefaultStatus: http.StatusNoContent, Errors: changeErrors, Metadata: map[string]any{takesSession: true},
	}, s.putUserPassword)
	handle(s, huma.Operation{
		OperationID: "deleteUserSessions", Method: http.MethodDelete, Path: "/users/{id}/sessions", Tags: []string{"Users"},
		Summary: "End all sessions of a user (administrators)", DefaultStatus: http.StatusNoContent, Errors: changeErrors,
	}, s.deleteUserSessions)
	handle(s, huma.Operation{
		OperationID: "changeMyPassword", Method: http.MethodPut, Path: "/me/password", Tags: []string{"Signing in"},
		Summary:       "Change the caller's password",
		Description:   "Ends the caller's other sessions, and renews the one of the request. Tries are limited.",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusConflict, http.StatusTooManyRequests},
		Metadata: map[string]any{takesSession: true},
	}, s.changeMyPassword)
}

// newPassword is the hash of a password that keeps the rules.
func (s *server) newPassword(ctx context.Context, field, password, user string) (string, error) {
	if err := fleet.CheckPassword(field, password, user); err != nil {
		return "", err
	}
	return s.Passwords.Hash(ctx, password)
}

func (s *server) putUserPassword(ctx context.Context, by fleet.Caller, in *putUserPasswordInput) (*empty, error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	id := pathID(in.ID)
	// Who has got hold of a session must not get hold of the account.
	if id == by.UserID {
		return nil, fleet.Forbidden("own_password", "one's own password is changed with the current one, by PUT /me/password")
	}
	user, err := s.Store.User(ctx, id)
	if err != nil {
		return nil, err
	}
	hash, err := s.newPassword(ctx, "password", in.Body.Password, user.Name)
	if err != nil {
		return nil, err
	}
	return nil, s.Store.SetPassword(ctx, by, id, hash)
}

func (s *server) deleteUserSessions(ctx context.Context, by fleet.Caller, in *UserPath) (*empty, error) {
	return nil, s.Store.EndSessions(ctx, by, pathID(in.ID))
}

func (s *server) changeMyPassword(ctx context.Context, by fleet.Caller, in *changePasswordInput) (*changePasswordAnswer, error) {
	failure := fleet.Failure{Action: fleet.ActionPasswordChangeFailed, UserID: by.UserID}
	if err := s.Store.TakeTry(ctx, by, failure, "password of "+by.UserID, loginsByDevice, userPeriod); err != nil {
		return nil, err
	}
	name, was, err := s.Store.PasswordOf(ctx, by.UserID)
	if err != nil {
		return nil, err
	}
	if was == "" {
		return nil, fleet.Conflict("no_password", "you sign in without a password; an administrator can give you one")
	}
	right, err := s.Passwords.Verify(ctx, in.Body.CurrentPassword, was)
	if err != nil {
		return nil, err
	}
	if !right {
		failure.Reason = fleet.ReasonWrongPassword
		return nil, s.fail(ctx, by, failure, fleet.Invalid("current_password", "is not your password"))
	}
	hash, err := s.newPassword(ctx, "new_password", in.Body.NewPassword, name)
	if err != nil {
		return nil, err
	}
	fresh, err := s.Store.ChangePassword(ctx, by, was, hash)
	if err != nil {
		return nil, err
	}
	return &changePasswordAnswer{SetCookie: s.cookie(sessionCookie, fresh, 0)}, nil
}
