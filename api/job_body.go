package api

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// What a job gets where its limits were not sent.
const (
	defaultMaxParallel = "10"
	defaultMaxFailures = "3"
)

// JobInput is what is sent of a job.
type JobInput struct {
	HostIDs     []string      `json:"host_ids,omitempty" maxItems:"10000" doc:"Together with the hosts of group_ids and matching at least one; every one operated by the caller"`
	GroupIDs    []string      `json:"group_ids,omitempty" maxItems:"1000" doc:"The hosts that these groups have now"`
	Matching    *HostMatching `json:"matching,omitempty" doc:"All hosts that match now and that the caller operates, with the meaning of the filters of GET /hosts; {}: all that the caller operates"`
	Packages    []string      `json:"packages,omitempty" minItems:"1" maxItems:"1000" doc:"Absent: everything a host lists as available when it is patched"`
	Immediate   bool          `json:"immediate,omitempty" doc:"Wait for no maintenance window; blackouts hold it all the same"`
	NotBefore   *time.Time    `json:"not_before,omitempty" doc:"Nothing is dispatched before"`
	AllowReboot bool          `json:"allow_reboot,omitempty" doc:"Reboot hosts that require it, if their span has room"`
	MaxParallel *string       `json:"max_parallel,omitempty" doc:"How many hosts are patched at a time: a number or a percentage, rounded down. Default: 10" example:"10%"`
	MaxFailures *string       `json:"max_failures,omitempty" doc:"At how many failures no more hosts are dispatched: a number or a percentage, rounded up. Default: 3" example:"5"`
	GateTimeout *string       `json:"gate_timeout,omitempty" doc:"How long a host of an immediate job may wait for its checks; default: gate.immediate_timeout of the settings, 60m" example:"60m"`
	MaxWait     *string       `json:"max_wait,omitempty" doc:"How long a host may wait for a maintenance window; default: 864h, in which every monthly window occurs" example:"864h"`
	Notes       string        `json:"notes,omitempty" maxLength:"2000"`
}

func (s *server) jobRequest(in JobInput, key string) (fleet.JobRequest, error) {
	p := s.Policy
	r := fleet.JobRequest{
		Packages: in.Packages, Immediate: in.Immediate, NotBefore: in.NotBefore, AllowReboot: in.AllowReboot,
		Notes: in.Notes, IdempotencyKey: key, RequestHash: hashOf(in),
	}
	var errs [6]error
	r.HostIDs, errs[0] = bodyIDs("host_ids", "host", in.HostIDs)
	r.GroupIDs, errs[1] = bodyIDs("group_ids", "group", in.GroupIDs)
	r.MaxParallel, errs[2] = fleet.ParseLimit("max_parallel", or(in.MaxParallel, defaultMaxParallel))
	r.MaxFailures, errs[3] = fleet.ParseLimit("max_failures", or(in.MaxFailures, defaultMaxFailures))
	r.GateTimeout, errs[4] = duration("gate_timeout", in.GateTimeout, p.GateTimeout)
	r.MaxWait, errs[5] = duration("max_wait", in.MaxWait, p.MaxWait)
	if in.Matching != nil {
		m := s.hostMatch(*in.Matching)
		r.Matching = &m
	}
	return r, errors.Join(errs[:]...)
}

// hashOf tells one request from another. It is of what the body meant, so that white space and the order of fields do
// not matter.
func hashOf(body any) []byte {
	encoded, _ := json.Marshal(body) // structs of ours always encode
	sum := sha256.Sum256(encoded)
	return sum[:]
}

func duration(field string, sent *string, absent time.Duration) (time.Duration, error) {
	if sent == nil {
		return absent, nil
	}
	d, err := time.ParseDuration(*sent)
	if err != nil {
		return time.Second, fleet.Invalid(field, `must be a duration such as "90s", "15m" or "1h"`)
	}
	return d, nil
}

// durationText is d as people write it: 1h and not 1h0m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Job is a patch job. Its counts and its status are of the hosts that the caller sees.
type Job struct {
	ID                string     `json:"id" format:"uuid"`
	Status            string     `json:"status" doc:"queued, waiting_window, waiting_health_check, running, succeeded, partially_succeeded, failed or cancelled; new values may appear"`
	Counts            JobCounts  `json:"counts"`
	GroupIDs          []string   `json:"group_ids" doc:"As they were sent"`
	Packages          []string   `json:"packages" nullable:"true" doc:"Null: everything available"`
	Immediate         bool       `json:"immediate"`
	NotBefore         *time.Time `json:"not_before" nullable:"true"`
	AllowReboot       bool       `json:"allow_reboot"`
	MaxParallel       string     `json:"max_parallel"`
	MaxFailures       string     `json:"max_failures"`
	GateTimeout       string     `json:"gate_timeout"`
	MaxWait           string     `json:"max_wait"`
	Notes             string     `json:"notes"`
	RetryOf           *string    `json:"retry_of" format:"uuid" nullable:"true"`
	CreatedBy         JobCreator `json:"created_by"`
	CreatedAt         time.Time  `json:"created_at"`
	StartedAt         *time.Time `json:"started_at" nullable:"true"`
	CompletedAt       *time.Time `json:"completed_at" nullable:"true" doc:"When every host had ended, those out of sight included"`
	CancelRequestedAt *time.Time `json:"cancel_requested_at" nullable:"true"`
	CancelRequestedBy *string    `json:"cancel_requested_by" nullable:"true"`
	Temporal          JobRun     `json:"temporal"`
}

// JobCounts counts the hosts of a job.
type JobCounts struct {
	Hosts    int            `json:"hosts"`
	ByStatus map[string]int `json:"by_status"`
	ByReason map[string]int `json:"by_reason"`
}

// JobCreator is who made a job.
type JobCreator struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
}

// JobRun is where the run of a job is found in Temporal.
type JobRun struct {
	WorkflowID string  `json:"workflow_id"`
	RunID      *string `json:"run_id" nullable:"true" doc:"Null before the run began"`
	URL        *string `json:"url" nullable:"true" doc:"The run in Temporal UI; null where no UI is known"`
}

func (s *server) jobBody(j fleet.JobView) Job {
	link := s.RunLink(j.ID, j.RunID)
	return Job{
		ID: j.ID, Status: string(j.Status()), Counts: jobCounts(j), GroupIDs: j.GroupIDs, Packages: j.Packages,
		Immediate: j.Immediate, NotBefore: utc(j.NotBefore), AllowReboot: j.AllowReboot, MaxParallel: j.MaxParallel,
		MaxFailures: j.MaxFailures, GateTimeout: durationText(j.GateTimeout), MaxWait: durationText(j.MaxWait), Notes: j.Notes,
		RetryOf: j.RetryOf, CreatedBy: JobCreator{ID: j.CreatedBy, Name: j.CreatedByName}, CreatedAt: j.CreatedAt.UTC(),
		StartedAt: utc(j.StartedAt), CompletedAt: utc(j.CompletedAt), CancelRequestedAt: utc(j.CancelRequestedAt),
		CancelRequestedBy: orNull(j.CancelRequestedBy),
		Temporal:          JobRun{WorkflowID: link.WorkflowID, RunID: orNull(j.RunID), URL: orNull(link.URL)},
	}
}

func jobCounts(j fleet.JobView) JobCounts {
	c := JobCounts{Hosts: j.Hosts(), ByStatus: map[string]int{}, ByReason: map[string]int{}}
	for status, n := range j.ByStatus {
		c.ByStatus[string(status)] = n
	}
	for reason, n := range j.ByReason {
		c.ByReason[string(reason)] = n
	}
	return c
}

func jobLocation(id string) string { return fmt.Sprintf("%s/jobs/%s", Base, id) }
