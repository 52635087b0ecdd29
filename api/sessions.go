package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// Session is one browser that the caller signed in with.
type Session struct {
	ID         string    `json:"id" format:"uuid"`
	Current    bool      `json:"current" doc:"Whether the request came with it"`
	Method     string    `json:"method" doc:"password or oidc; new values may appear"`
	RemoteAddr string    `json:"remote_addr" doc:"Where it began"`
	UserAgent  string    `json:"user_agent" doc:"What the browser calls itself"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at" doc:"To the minute"`
	ExpiresAt  time.Time `json:"expires_at" doc:"At the latest; 30 minutes without a request end it too"`
}

type sessionList struct {
	Items      []Session `json:"items"`
	NextCursor *string   `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type sessionListAnswer struct{ Body sessionList }

// SessionPath names a session in the path of an operation. The framework only fills embedded types that are exported.
type SessionPath struct {
	SessionID string `path:"session_id" doc:"The session"`
}

func (s *server) registerMySessions() {
	handle(s, huma.Operation{
		OperationID: "listMySessions", Method: http.MethodGet, Path: "/me/sessions", Tags: []string{"Signing in"},
		Summary: "List the caller's sessions, the latest first",
	}, s.mySessions)
	handle(s, huma.Operation{
		OperationID: "deleteMySession", Method: http.MethodDelete, Path: "/me/sessions/{session_id}", Tags: []string{"Signing in"},
		Summary: "End one of the caller's sessions", DefaultStatus: http.StatusNoContent, Errors: readErrors,
	}, s.deleteMySession)
}

func (s *server) mySessions(ctx context.Context, by fleet.Caller, in *PageQuery) (*sessionListAnswer, error) {
	f := fleet.SessionFilter{Limit: in.Limit + 1}
	if err := readIDCursor("sessions", in.Cursor, &f.Before); err != nil {
		return nil, err
	}
	sessions, err := s.Store.Sessions(ctx, by.UserID, f)
	if err != nil {
		return nil, err
	}
	page, next := cut("sessions", sessions, in.Limit, func(v fleet.Session) string { return v.ID })
	body := convert(page, func(v fleet.Session) Session {
		return Session{
			ID: v.ID, Current: v.ID == by.Credential.ID, Method: v.Method, RemoteAddr: v.RemoteAddr, UserAgent: v.UserAgent,
			CreatedAt: v.CreatedAt.UTC(), LastSeenAt: v.LastSeenAt.UTC(), ExpiresAt: v.ExpiresAt.UTC(),
		}
	})
	return &sessionListAnswer{Body: sessionList{Items: body, NextCursor: next}}, nil
}

func (s *server) deleteMySession(ctx context.Context, by fleet.Caller, in *SessionPath) (*empty, error) {
	return nil, s.Store.EndSession(ctx, by, pathID(in.SessionID), "session.end")
}
