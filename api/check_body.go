package api

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// maxPassword bounds a Basic-auth password, in characters.
const maxPassword = 500

// HealthCheckFields is what create and replace have in common.
type HealthCheckFields struct {
	Name             string `json:"name" minLength:"1" maxLength:"100" doc:"Unique in its host"`
	CheckType        string `json:"check_type" enum:"service,http"`
	Enabled          *bool  `json:"enabled,omitempty" doc:"Default: true"`
	ServiceName      string `json:"service_name,omitempty" doc:"service only: a systemd unit" example:"nginx.service"`
	URL              string `json:"url,omitempty" doc:"http only: absolute, http or https, without user and fragment"`
	ExpectedBody     string `json:"expected_body,omitempty" doc:"http only: what the body must contain"`
	IgnoreCertErrors *bool  `json:"ignore_cert_errors,omitempty" doc:"Default: checks.ignore_cert_errors_default of the settings, true"`
	BasicAuthUser    string `json:"basic_auth_user,omitempty" doc:"http only"`
	FailureThreshold *int   `json:"failure_threshold,omitempty" minimum:"1" maximum:"10" doc:"How many results in a row must be unhealthy or an error until the check shows so; default: 1. The gate judges each result alone"`
	SuccessThreshold *int   `json:"success_threshold,omitempty" minimum:"1" maximum:"10" doc:"How many results in a row must be healthy until a check that shows otherwise shows so; default: 1. The gate judges each result alone"`
}

// HealthCheckInput is what is sent of a new health check.
type HealthCheckInput struct {
	HealthCheckFields
	BasicAuthPass *string `json:"basic_auth_pass,omitempty" doc:"http only; stored encrypted and never returned" writeOnly:"true"`
}

// HealthCheckUpdate replaces a health check.
type HealthCheckUpdate struct {
	HealthCheckFields
	BasicAuthPass OptionalText `json:"basic_auth_pass,omitempty" doc:"http only; absent keeps the stored one, null clears it" writeOnly:"true"`
}

// OptionalText tells a field that was not sent from one that was sent as null.
type OptionalText struct {
	Sent  bool
	Value *string
}

// UnmarshalJSON is only called for fields that were sent.
func (o *OptionalText) UnmarshalJSON(b []byte) error {
	o.Sent = true
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return json.Unmarshal(b, &o.Value)
}

// Schema documents the field as text or null.
func (OptionalText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}

func (in HealthCheckFields) check(p Policy) fleet.Check {
	return fleet.Check{
		Name: in.Name, Type: fleet.CheckType(in.CheckType), Enabled: or(in.Enabled, true), ServiceName: in.ServiceName,
		URL: in.URL, ExpectedBody: in.ExpectedBody, IgnoreCertErrors: or(in.IgnoreCertErrors, p.IgnoreCertErrorsDefault),
		BasicAuthUser: in.BasicAuthUser, FailureThreshold: or(in.FailureThreshold, 1), SuccessThreshold: or(in.SuccessThreshold, 1),
	}
}

// HealthCheck is a check of one host with its last result.
type HealthCheck struct {
	ID                   string      `json:"id" format:"uuid"`
	HostID               string      `json:"host_id" format:"uuid"`
	Name                 string      `json:"name"`
	CheckType            string      `json:"check_type" doc:"service or http; new values may appear"`
	Enabled              bool        `json:"enabled"`
	ServiceName          *string     `json:"service_name" nullable:"true"`
	URL                  *string     `json:"url" nullable:"true"`
	ExpectedBody         *string     `json:"expected_body" nullable:"true"`
	IgnoreCertErrors     bool        `json:"ignore_cert_errors"`
	BasicAuthUser        *string     `json:"basic_auth_user" nullable:"true"`
	HasBasicAuthPassword bool        `json:"has_basic_auth_password"`
	FailureThreshold     int         `json:"failure_threshold" doc:"How many results in a row must be unhealthy or an error until the check shows so: from 1 to 10"`
	SuccessThreshold     int         `json:"success_threshold" doc:"How many results in a row must be healthy until the check shows so again: from 1 to 10"`
	LastResult           *LastResult `json:"last_result" doc:"Null before the first result"`
	CreatedAt            time.Time   `json:"created_at"`
	UpdatedAt            time.Time   `json:"updated_at"`
}

// CheckResult is one run of a check.
type CheckResult struct {
	Healthy   bool      `json:"healthy"`
	Outcome   string    `json:"outcome" doc:"healthy, unhealthy, or error where the check could not be carried out; new values may appear"`
	Detail    string    `json:"detail"`
	LatencyMS int64     `json:"latency_ms"`
	CheckedAt time.Time `json:"checked_at" doc:"The start of the probe"`
}

// LastResult is the newest result of a check, how long it has been so, and what the check shows.
type LastResult struct {
	_           struct{}  `nullable:"true"`
	Healthy     bool      `json:"healthy"`
	Outcome     string    `json:"outcome" doc:"healthy, unhealthy, or error where the check could not be carried out; new values may appear"`
	Detail      string    `json:"detail"`
	LatencyMS   int64     `json:"latency_ms"`
	CheckedAt   time.Time `json:"checked_at" doc:"The start of the probe"`
	Since       time.Time `json:"since" doc:"When it last became healthy or ceased to be"`
	Consecutive int       `json:"consecutive" doc:"How many results in a row there were since then"`
	Shown       string    `json:"shown" doc:"What lists, filters and counts take the check for: the outcome, or an earlier one until failure_threshold or success_threshold results in a row differ from it. The first result shows at once. The gate judges the outcome; new values may appear"`
	ShownSince  time.Time `json:"shown_since" doc:"When shown last changed"`
	Stale       bool      `json:"stale" doc:"Whether the check is enabled and this is older than two polls (health.poll_interval of the settings), by the server's clock"`
}

// checkBody leaves out a last result that is past its retention, as every answer does.
func (s *server) checkBody(c fleet.CheckView) HealthCheck {
	body := HealthCheck{
		ID: c.ID, HostID: c.HostID, Name: c.Name, CheckType: string(c.Type), Enabled: c.Enabled,
		ServiceName: orNull(c.ServiceName), URL: orNull(c.URL), ExpectedBody: orNull(c.ExpectedBody),
		IgnoreCertErrors: c.IgnoreCertErrors, BasicAuthUser: orNull(c.BasicAuthUser), HasBasicAuthPassword: c.HasPassword,
		FailureThreshold: c.FailureThreshold, SuccessThreshold: c.SuccessThreshold,
		CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	ages := s.resultAges()
	if c.Last != nil && c.Last.CheckedAt.After(ages.KeptSince) {
		body.LastResult = &LastResult{
			Healthy: c.Last.Healthy(), Outcome: string(c.Last.Outcome), Detail: c.Last.Detail,
			LatencyMS: c.Last.Latency.Milliseconds(), CheckedAt: c.Last.CheckedAt.UTC(), Since: c.Last.Since.UTC(),
			Consecutive: c.Last.Consecutive, Shown: string(c.Last.Shown), ShownSince: c.Last.ShownSince.UTC(), Stale: c.Stale(ages),
		}
	}
	return body
}

func resultBody(r fleet.Result) CheckResult {
	return CheckResult{
		Healthy: r.Healthy(), Outcome: string(r.Outcome), Detail: r.Detail, LatencyMS: r.Latency.Milliseconds(),
		CheckedAt: r.CheckedAt.UTC(),
	}
}

// orNull is s for an answer in which nothing is null.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
