package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// readyTimeout bounds the answer of each dependency.
const readyTimeout = 3 * time.Second

// Health says that the process serves.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

// Readiness says which dependency answers.
type Readiness struct {
	Status string            `json:"status" doc:"ok; degraded: requests are served without one dependency; or unavailable"`
	Checks map[string]string `json:"checks" doc:"Each dependency by name: ok or unavailable"`
}

type healthAnswer struct{ Body Health }

type readinessAnswer struct {
	Status     int
	RetryAfter string `header:"Retry-After"`
	Body       Readiness
}

func (s *server) registerProbes() {
	huma.Register(s.api, huma.Operation{
		OperationID: "getHealth", Method: http.MethodGet, Path: "/healthz", Tags: []string{"Probes"},
		Summary: "Whether the process serves",
	}, func(context.Context, *empty) (*healthAnswer, error) {
		return &healthAnswer{Body: Health{Status: "ok"}}, nil
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "getReadiness", Method: http.MethodGet, Path: "/readyz", Tags: []string{"Probes"},
		Summary: "Whether everything the process needs answers, 503 with the same body where not",
		Errors:  []int{http.StatusServiceUnavailable},
	}, s.readiness)
}

func (s *server) readiness(ctx context.Context, _ *empty) (*readinessAnswer, error) {
	answer := &readinessAnswer{Status: http.StatusOK, Body: Readiness{Status: "ok", Checks: map[string]string{}}}
	if !s.ask(ctx, s.Optional, answer.Body.Checks) {
		answer.Body.Status = "degraded"
	}
	if !s.ask(ctx, s.Ready, answer.Body.Checks) {
		answer.Status, answer.RetryAfter, answer.Body.Status = http.StatusServiceUnavailable, retryAfter, "unavailable"
	}
	return answer, nil
}

// ask notes of each dependency whether it answers, side by side, and reports whether all do.
func (s *server) ask(ctx context.Context, dependencies map[string]func(context.Context) error, checks map[string]string) bool {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	failures := make(map[string]<-chan error, len(dependencies))
	for name, answers := range dependencies {
		failure := make(chan error, 1)
		go func() { failure <- answers(ctx) }()
		failures[name] = failure
	}
	all := true
	for name, failure := range failures {
		checks[name] = "ok"
		if err := <-failure; err != nil {
			s.Log.WarnContext(ctx, "dependency is away", "name", name, "error", err)
			checks[name], all = "unavailable", false
		}
	}
	return all
}
