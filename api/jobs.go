package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// How long a request waits for Temporal where the work does not depend on it: what is left undone is stored, and done by
// the reconciliation.
const temporalWait = 2 * time.Second

// JobPath names a job in the path of an operation. The framework only fills embedded types that are exported.
type JobPath struct {
	ID string `path:"id" doc:"The job"`
}

// KeyHeader makes a request one and the same however often it is sent.
type KeyHeader struct {
	Key string `header:"Idempotency-Key" doc:"1 to 200 printable characters, unique for the caller; the same request with it makes one job, another request is refused"`
}

// RetryInput says which hosts of a job are tried again.
type RetryInput struct {
	Statuses []string `json:"statuses,omitempty" minItems:"1" maxItems:"10" enum:"failed,cancelled,skipped,succeeded" doc:"Default: failed. An indeterminate host is settled first"`
}

type (
	jobAnswer      struct{ Body Job }
	createJobInput struct {
		KeyHeader
		Body JobInput
	}
	acceptedJobAnswer struct {
		Location string `header:"Location"`
		Body     Job
	}
	retryJobInput struct {
		JobPath
		KeyHeader
		Body *RetryInput
	}
)

func (s *server) registerJobs() {
	s.registerJobDefaults()
	tags := []string{"Jobs"}
	handle(s, huma.Operation{
		OperationID: "listJobs", Method: http.MethodGet, Path: "/jobs", Tags: tags, Summary: "List jobs, the newest first",
		Description: tableDescription("jobs"),
		Responses:   s.listOrTable(reflect.TypeFor[jobList](), "JobList"),
	}, s.listJobs)
	handle(s, huma.Operation{
		OperationID: "createJob", Method: http.MethodPost, Path: "/jobs", Tags: tags, Summary: "Patch a set of hosts",
		Description:   "The hosts are host_ids, those of group_ids and those of matching together, each once; which these are is found out now. The job is accepted also while Temporal is away; its run starts when it is back.",
		DefaultStatus: http.StatusAccepted, Errors: createErrors,
	}, s.createJob)
	handle(s, huma.Operation{
		OperationID: "getJob", Method: http.MethodGet, Path: "/jobs/{id}", Tags: tags, Summary: "Read a job", Errors: readErrors,
	}, s.getJob)
	handle(s, huma.Operation{
		OperationID: "cancelJob", Method: http.MethodPost, Path: "/jobs/{id}/cancel", Tags: tags,
		Summary:       "Cancel a job",
		Description:   "Nothing is dispatched once this is answered. A host that is being patched is followed to its end. Takes the operator role for all hosts of the job.",
		DefaultStatus: http.StatusAccepted, Errors: changeErrors,
	}, s.cancelJob)
	handle(s, huma.Operation{
		OperationID: "retryJob", Method: http.MethodPost, Path: "/jobs/{id}/retry", Tags: tags,
		Summary:       "Start a new job for the hosts of a job that ended with one of the statuses",
		DefaultStatus: http.StatusAccepted, Errors: changeErrors,
	}, s.retryJob)
}

func (s *server) createJob(ctx context.Context, by fleet.Caller, in *createJobInput) (*acceptedJobAnswer, error) {
	request, err := s.jobRequest(in.Body, in.Key)
	if err != nil {
		return nil, err
	}
	return s.submit(ctx, by, request)
}

// submit stores a job and has its run started. The run is started later where Temporal is away.
func (s *server) submit(ctx context.Context, by fleet.Caller, r fleet.JobRequest) (*acceptedJobAnswer, error) {
	if err := r.Validate(s.Now()); err != nil {
		return nil, err
	}
	id, existed, err := s.Store.CreateJob(ctx, by, r)
	if err != nil {
		return nil, err
	}
	if !existed {
		s.start(ctx, id)
	}
	job, err := s.Store.Job(ctx, by.Sees(), id)
	if err != nil {
		return nil, fmt.Errorf("read created job: %w", err)
	}
	return &acceptedJobAnswer{Location: jobLocation(id), Body: s.jobBody(job)}, nil
}

// start has the run of a stored job started. The job is there whether this works or not, and whoever sent it may be gone.
func (s *server) start(ctx context.Context, jobID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), temporalWait)
	defer cancel()
	if err := s.Runs.StartJob(ctx, jobID); err != nil {
		s.Log.WarnContext(ctx, "start job; the reconciliation will", "job_id", jobID, "error", err)
	}
}

func (s *server) getJob(ctx context.Context, by fleet.Caller, in *JobPath) (*jobAnswer, error) {
	id := pathID(in.ID)
	job, err := s.Store.Job(ctx, by.Sees(), id)
	if err != nil {
		return nil, err
	}
	return &jobAnswer{Body: s.jobBody(job)}, nil
}

func (s *server) cancelJob(ctx context.Context, by fleet.Caller, in *JobPath) (*jobAnswer, error) {
	id := pathID(in.ID)
	if err := s.Store.RequestJobCancel(ctx, by, id); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return s.getJob(ctx, by, in)
}

func (s *server) retryJob(ctx context.Context, by fleet.Caller, in *retryJobInput) (*acceptedJobAnswer, error) {
	id := pathID(in.ID)
	statuses := []fleet.Status{fleet.StatusFailed}
	if in.Body != nil && len(in.Body.Statuses) > 0 {
		statuses = convert(in.Body.Statuses, func(s string) fleet.Status { return fleet.Status(s) })
		slices.Sort(statuses)
	}
	request, err := s.Store.RetryRequest(ctx, by.Sees(), id, statuses)
	if err != nil {
		return nil, err
	}
	request.IdempotencyKey, request.RequestHash = in.Key, hashOf([]any{id, statuses})
	return s.submit(ctx, by, request)
}
