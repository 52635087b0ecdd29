package api

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// AuditActor is who did something.
type AuditActor struct {
	ID   *string `json:"id" nullable:"true" format:"uuid" doc:"Of the user; null where it is none"`
	Name string  `json:"name" doc:"As of then"`
}

// AuditEntry is who did what and when.
type AuditEntry struct {
	Seq         int64      `json:"seq" doc:"Its number, from 1 and without gaps"`
	At          time.Time  `json:"at"`
	Actor       AuditActor `json:"actor"`
	Action      string     `json:"action" doc:"New ones may appear" example:"host.update"`
	SubjectType string     `json:"subject_type" example:"host"`
	SubjectID   string     `json:"subject_id" doc:"Of a job_host the ids of job and host with a slash between"`
	RequestID   string     `json:"request_id" doc:"Empty where no request asked for it"`
	RemoteAddr  string     `json:"remote_addr" doc:"Where the request came from"`
	Detail      any        `json:"detail" doc:"What was done, by the action"`
	Hash        string     `json:"hash" doc:"With seq, as SEQ:HASH, a checkpoint for patch-manager audit verify; empty in entries from before there were any"`
}

type auditList struct {
	Items      []AuditEntry `json:"items"`
	NextCursor *string      `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type listAuditInput struct {
	PageQuery
	FormatQuery
	Actor       string    `query:"actor" maxLength:"200" doc:"Only what this user did: the name, or the id"`
	Action      string    `query:"action" maxLength:"100" doc:"Only this action" example:"host.update"`
	SubjectType string    `query:"subject_type" maxLength:"100" doc:"Only what was done to things of this kind" example:"host"`
	SubjectID   string    `query:"subject_id" maxLength:"200" doc:"Only what was done to this"`
	RequestID   string    `query:"request_id" maxLength:"100" doc:"Only what this request did"`
	From        time.Time `query:"from" doc:"Only entries from this time on"`
	To          time.Time `query:"to" doc:"Only entries before this time"`
}

func (s *server) registerAudit() {
	handle(s, huma.Operation{
		OperationID: "listAudit", Method: http.MethodGet, Path: "/audit", Tags: []string{"Audit"},
		Summary:     "List who did what, the newest first (administrators)",
		Description: "That somebody read them is an entry itself. " + tableDescription("entries"),
		Errors:      []int{http.StatusForbidden},
		Responses:   s.listOrTable(reflect.TypeFor[auditList](), "AuditList"),
	}, s.listAudit)
}

func (s *server) listAudit(ctx context.Context, by fleet.Caller, in *listAuditInput) (*huma.StreamResponse, error) {
	f := fleet.AuditFilter{
		Actor: in.Actor, Action: in.Action, SubjectType: in.SubjectType, SubjectID: in.SubjectID, RequestID: in.RequestID,
		From: in.From, To: in.To, Limit: in.Limit + 1,
	}
	if err := errors.Join(f.Validate(), readCursor("audit", in.Cursor, &f.Before)); err != nil {
		return nil, err
	}
	if in.Cursor != "" && f.Before < 1 {
		return nil, errCursor
	}
	if in.wantsCSV() {
		next, err := s.Store.ExportAudit(ctx, by, f, maxExport)
		if err != nil {
			return nil, err
		}
		return exportTable(s, table[fleet.AuditEntry]{name: "audit", columns: auditColumns, row: auditRow, next: next}), nil
	}
	entries, err := s.Store.Audit(ctx, by, f)
	if err != nil {
		return nil, err
	}
	page, cursor := cut("audit", entries, in.Limit, func(e fleet.AuditEntry) int64 { return e.Seq })
	return jsonAnswer(auditList{Items: convert(page, auditBody), NextCursor: cursor})
}

func auditBody(e fleet.AuditEntry) AuditEntry {
	body := AuditEntry{
		Seq: e.Seq, At: e.At.UTC(), Actor: AuditActor{Name: e.ActorName}, Action: e.Action, SubjectType: e.SubjectType,
		SubjectID: e.SubjectID, RequestID: e.RequestID, RemoteAddr: e.RemoteAddr, Detail: e.Detail, Hash: hex.EncodeToString(e.Hash),
	}
	if len(e.Detail) == 0 { // of an entry that somebody damaged
		body.Detail = nil
	}
	if e.ActorID != "" {
		body.Actor.ID = &e.ActorID
	}
	return body
}
