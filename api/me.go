package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// Me is the caller.
type Me struct {
	ID          string     `json:"id" format:"uuid"`
	Name        string     `json:"name"`
	DisplayName string     `json:"display_name"`
	Admin       bool       `json:"admin"`
	HasPassword bool       `json:"has_password" doc:"Whether the user can sign in with a password"`
	Groups      []MyGroup  `json:"groups" doc:"The groups with a role of the user; administrators need none"`
	SignedIn    SignedIn   `json:"signed_in"`
	CreatedAt   time.Time  `json:"created_at"`
	LastLoginAt *time.Time `json:"last_login_at" nullable:"true"`
	EventID     string     `json:"event_id" doc:"Where the event stream is: followed from behind it, by Last-Event-ID, it tells of every change to what is read after this answer" example:"1207:0"`
}

// MyGroup is a group with the caller's role in it.
type MyGroup struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
	Role string `json:"role" doc:"operator or viewer; new values may appear"`
}

// SignedIn is what the request was authenticated with.
type SignedIn struct {
	Kind      string     `json:"kind" doc:"session or token; new values may appear"`
	ID        string     `json:"id" format:"uuid" doc:"Of the session or token"`
	Method    *string    `json:"method" nullable:"true" doc:"Of a session: password or oidc; new values may appear"`
	Scopes    []string   `json:"scopes" doc:"read, and write unless a token lacks it; never more than the user's roles allow"`
	ExpiresAt *time.Time `json:"expires_at" nullable:"true" doc:"At the latest; null is never"`
}

type meAnswer struct{ Body Me }

func (s *server) registerMe() {
	handle(s, huma.Operation{
		OperationID: "getMe", Method: http.MethodGet, Path: "/me", Tags: []string{"Signing in"},
		Summary: "Who the caller is, with the rights held now",
	}, s.me)
	s.registerMySessions()
}

func (s *server) me(ctx context.Context, by fleet.Caller, _ *empty) (*meAnswer, error) {
	me, err := s.meBody(ctx, by.Principal)
	return &meAnswer{Body: me}, err
}

func (s *server) meBody(ctx context.Context, who fleet.Principal) (Me, error) {
	now, err := s.Store.EventsNow(ctx)
	if err != nil {
		return Me{}, err
	}
	user, err := s.Store.User(ctx, who.UserID)
	if err != nil {
		return Me{}, err
	}
	groups, err := s.Store.Memberships(ctx, who.UserID)
	if err != nil {
		return Me{}, err
	}
	return Me{
		ID: user.ID, Name: user.Name, DisplayName: user.DisplayName, Admin: user.Admin, HasPassword: user.HasPassword,
		Groups: convert(groups, func(m fleet.Membership) MyGroup {
			return MyGroup{ID: m.GroupID, Name: m.Group, Role: string(m.Role)}
		}),
		SignedIn: SignedIn{
			Kind: who.Credential.Kind, ID: who.Credential.ID, Method: orNull(who.Credential.Method), Scopes: who.Credential.Scopes(),
			ExpiresAt: utc(who.Credential.ExpiresAt),
		},
		CreatedAt: user.CreatedAt.UTC(), LastLoginAt: utc(user.LastLoginAt), EventID: now.String(),
	}, nil
}
