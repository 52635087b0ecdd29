package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// JobDefaults is what a job gets where it does not say.
type JobDefaults struct {
	MaxParallel string `json:"max_parallel" example:"10"`
	MaxFailures string `json:"max_failures" example:"3"`
	GateTimeout string `json:"gate_timeout" doc:"gate.immediate_timeout of the settings" example:"1h"`
	MaxWait     string `json:"max_wait" example:"864h"`
}

type jobDefaultsAnswer struct{ Body JobDefaults }

func (s *server) registerJobDefaults() {
	handle(s, huma.Operation{
		OperationID: "getJobDefaults", Method: http.MethodGet, Path: "/job-defaults", Tags: []string{"Jobs"},
		Summary: "Read what a job gets where it does not say",
	}, s.jobDefaults)
}

func (s *server) jobDefaults(context.Context, fleet.Caller, *empty) (*jobDefaultsAnswer, error) {
	return &jobDefaultsAnswer{Body: JobDefaults{
		MaxParallel: defaultMaxParallel, MaxFailures: defaultMaxFailures,
		GateTimeout: durationText(s.Policy.GateTimeout), MaxWait: durationText(s.Policy.MaxWait),
	}}, nil
}
