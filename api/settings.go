package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// About is what this process runs with, as people may see it.
type About struct {
	Settings []fleet.Setting
	Commit   string // empty where the build does not know
	Go       string
	Temporal TemporalServer
}

// Setting is one setting of this process.
type Setting struct {
	Key         string `json:"key" doc:"As in the file of settings" example:"gate.retry_interval"`
	Value       string `json:"value" doc:"What counts, as text; of a secret set or not set, of a database where it is, without its password; empty for none" example:"5m"`
	Default     string `json:"default" doc:"What would count if nobody said anything; empty for none"`
	Source      string `json:"source" doc:"Where the value comes from: default, file, environment or flag; new values may appear"`
	Description string `json:"description"`
}

// ServerVersion is which program runs.
type ServerVersion struct {
	Version string `json:"version" doc:"The release, or unknown"`
	Commit  string `json:"commit" doc:"What it was built from, with +dirty where that was changed; empty where the build does not know"`
	Go      string `json:"go" doc:"The version of Go that it was built with"`
}

// TemporalServer is where the runs of jobs are.
type TemporalServer struct {
	Address   string `json:"address" doc:"host:port" example:"127.0.0.1:7233"`
	Namespace string `json:"namespace"`
	UIURL     string `json:"ui_url" doc:"Where people reach Temporal UI; empty where the settings do not say"`
}

type serverSettings struct {
	Items    []Setting      `json:"items" doc:"Every setting, in the order in which they are documented"`
	Version  ServerVersion  `json:"version"`
	Temporal TemporalServer `json:"temporal"`
}

type settingsAnswer struct{ Body serverSettings }

func (s *server) registerSettings() {
	handle(s, huma.Operation{
		OperationID: "getSettings", Method: http.MethodGet, Path: "/settings", Tags: []string{"Settings"},
		Summary:     "Read what this server runs with (administrators)",
		Description: "Of the process that answers: workers, and other processes of the API, may have been started with other settings. No secret is shown.",
		Errors:      adminErrors,
	}, s.getSettings)
}

func (s *server) getSettings(_ context.Context, by fleet.Caller, _ *empty) (*settingsAnswer, error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	return &settingsAnswer{Body: serverSettings{
		Items:    convert(s.About.Settings, settingBody),
		Version:  ServerVersion{Version: s.Version, Commit: s.About.Commit, Go: s.About.Go},
		Temporal: s.About.Temporal,
	}}, nil
}

func settingBody(s fleet.Setting) Setting {
	return Setting{Key: s.Key, Value: s.Value, Default: s.Default, Source: string(s.Source), Description: s.Help}
}
