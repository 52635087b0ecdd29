package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// SetupInput makes the first administrator.
type SetupInput struct {
	Code     string `json:"code" minLength:"1" writeOnly:"true" doc:"The code that the API printed at its start"`
	User     string `json:"user" minLength:"1" maxLength:"100" doc:"The name to sign in with"`
	Password string `json:"password" format:"password" writeOnly:"true" doc:"12 characters to 256 bytes, and not the name of the user"`
}

type setupInput struct{ Body SetupInput }

func (s *server) registerSetup() {
	handleOpen(s, huma.Operation{
		OperationID: "setUp", Method: http.MethodPost, Path: "/setup", Tags: []string{"Signing in"},
		Summary: "Make the first administrator with a one-time code",
		Description: "The API prints a code at its start while there is no administrator. It counts for 24 hours, and none does once " +
			"there is one. Tries are limited for each address.",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests},
	}, s.setUp)
}

func (s *server) setUp(ctx context.Context, by fleet.Caller, in *setupInput) (*createdUserAnswer, error) {
	if err := s.Store.Take(ctx, "setup from "+network(by.RemoteAddr), loginsByAddress, addressPeriod); err != nil {
		return nil, err
	}
	if err := s.Store.CheckSetup(ctx, in.Body.Code); err != nil {
		return nil, err
	}
	user := fleet.UserInput{Name: in.Body.User, Admin: true}
	if err := user.Validate(); err != nil {
		return nil, err
	}
	var err error
	if user.PasswordHash, err = s.newPassword(ctx, "password", in.Body.Password, user.Name); err != nil {
		return nil, err
	}
	id, err := s.Store.SetUp(ctx, by, in.Body.Code, user)
	if err != nil {
		return nil, err
	}
	created, err := s.Store.User(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read created user: %w", err)
	}
	return &createdUserAnswer{Location: Base + "/users/" + id, Body: userBody(created)}, nil
}
