package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

type checkResultsInput struct {
	CheckPath
	PageQuery
	From time.Time `query:"from" doc:"Only results from this time on"`
	To   time.Time `query:"to" doc:"Only results before this time"`
}

type checkResultList struct {
	Items      []CheckResult `json:"items"`
	NextCursor *string       `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type checkResultsAnswer struct{ Body checkResultList }

func (s *server) registerCheckResults() {
	handle(s, huma.Operation{
		OperationID: "listHealthCheckResults", Method: http.MethodGet, Path: checksPath + "/{check_id}/results",
		Tags: []string{"Health checks"}, Summary: "List the results of a health check, the newest first", Errors: readErrors,
		Description: "Results are kept 4 days unless the settings say otherwise.",
	}, s.checkResults)
}

func (s *server) checkResults(ctx context.Context, by fleet.Caller, in *checkResultsInput) (*checkResultsAnswer, error) {
	host, id := pathID(in.ID), pathID(in.CheckID)
	f := fleet.ResultFilter{Since: s.Now().Add(-s.Policy.ResultRetention), Limit: in.Limit + 1}
	if in.From.After(f.Since) {
		f.Since = in.From
	}
	if !in.To.IsZero() {
		f.Before = &in.To
	}
	if in.Cursor != "" {
		f.Before = &time.Time{}
		if err := readCursor("health-check-results", in.Cursor, f.Before); err != nil {
			return nil, err
		}
	}
	results, err := s.Store.CheckResults(ctx, by.Sees(), host, id, f)
	if err != nil {
		return nil, err
	}
	page, next := cut("health-check-results", results, in.Limit, func(r fleet.Result) time.Time { return r.CheckedAt })
	return &checkResultsAnswer{Body: checkResultList{Items: convert(page, resultBody), NextCursor: next}}, nil
}
