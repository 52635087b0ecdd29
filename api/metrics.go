package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// metricsType is Prometheus' text format.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

type textAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// text documents an answer that is a text of some type.
func text(contentType, description string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: description, Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string"}}},
	}}
}

func (s *server) registerMetrics() {
	register(s, secured(huma.Operation{
		OperationID: "getMetrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"Metrics"},
		Summary:     "Read the metrics, for Prometheus (administrators)",
		Description: "Prometheus sends the token of an administrator as bearer token; one that only reads will do.",
		Errors:      []int{http.StatusForbidden}, Responses: text("text/plain", "Prometheus' text format"),
	}), s.getMetrics)
}

func (s *server) getMetrics(ctx context.Context, by fleet.Caller, _ *empty) (*textAnswer, error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	body, err := s.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	return &textAnswer{ContentType: metricsType, Body: body}, nil
}
