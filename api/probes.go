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
	Status string            `json:"status" enum:"ok,unavailable"`
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
	for name, ask := range s.Ready {
		ctx, cancel := context.WithTimeout(ctx, readyTimeout)
		err := ask(ctx)
		cancel()
		answer.Body.Checks[name] = "ok"
		if err != nil {
			s.Log.WarnContext(ctx, "dependency is away", "name", name, "error", err)
			answer.Body.Checks[name] = "unavailable"
			answer.Status, answer.RetryAfter, answer.Body.Status = http.StatusServiceUnavailable, retryAfter, "unavailable"
		}
	}
	return answer, nil
}
