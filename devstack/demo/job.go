package demo

import (
	"context"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/devstack"
)

// jobHost is one host of the job as the API answers it.
type jobHost struct {
	HostID      string       `json:"host_id"`
	FQDN        string       `json:"fqdn"`
	Status      string       `json:"status"`
	Phase       string       `json:"phase"`
	Reason      string       `json:"reason"`
	Detail      string       `json:"detail"`
	Attempted   bool         `json:"attempted"`
	Span        *span        `json:"span"`
	Wait        *wait        `json:"wait"`
	Evaluations []evaluation `json:"evaluations"` // of a single host only
	Packages    []struct {
		Name   string `json:"name"`
		Result string `json:"result"`
	} `json:"packages"`
}

type span struct {
	LastStartAt *time.Time `json:"last_start_at"`
	EndsAt      *time.Time `json:"ends_at"`
}

type wait struct {
	Detail    string     `json:"detail"`
	NextTryAt *time.Time `json:"next_try_at"`
}

type evaluation struct {
	At      time.Time `json:"at"`
	Verdict string    `json:"verdict"`
}

type job struct {
	ID          string     `json:"id"`
	Status      string     `json:"status"`
	CompletedAt *time.Time `json:"completed_at"`
	Temporal    struct {
		URL string `json:"url"`
	} `json:"temporal"`
}

// createJob asks for all packages of every host, rebooting where that is needed.
func createJob(ctx context.Context, api *devstack.Client) (job, error) {
	registered, err := devstack.All[devstack.Host](ctx, api, "/hosts")
	if err != nil {
		return job{}, err
	}
	ids := make([]string, len(registered))
	for i, h := range registered {
		ids[i] = h.ID
	}
	body := map[string]any{"host_ids": ids, "allow_reboot": true, "max_parallel": "4", "notes": "Demonstration"}
	var made job
	return made, api.Do(ctx, http.MethodPost, "/jobs", body, &made)
}

func (j job) read(ctx context.Context, api *devstack.Client) (job, []jobHost, error) {
	var now job
	if err := api.Do(ctx, http.MethodGet, "/jobs/"+j.ID, nil, &now); err != nil {
		return now, nil, err
	}
	rows, err := devstack.All[jobHost](ctx, api, "/jobs/"+j.ID+"/hosts")
	return now, rows, err
}

func (j job) host(ctx context.Context, api *devstack.Client, id string) (jobHost, error) {
	var h jobHost
	return h, api.Do(ctx, http.MethodGet, "/jobs/"+j.ID+"/hosts/"+id, nil, &h)
}
