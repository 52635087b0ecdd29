package api

import (
	"context"
	"math"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// recheckWait is how long a request waits until a host has looked again: its checks take up to 10 s.
const recheckWait = 15 * time.Second

// JobHostPath names one host of a job in the path of an operation.
type JobHostPath struct {
	JobPath
	HostID string `path:"host_id" doc:"The host"`
}

type listJobHostsInput struct {
	JobPath
	PageQuery
	FormatQuery
	Status string `query:"status" maxLength:"50" doc:"Only hosts of this status"`
	Query  string `query:"q" maxLength:"200" doc:"Part of the fqdn"`
	Sort   string `query:"sort" enum:"fqdn,-fqdn,status,-status,updated_at,-updated_at" default:"fqdn" doc:"The order; with a minus the other way round. By status those come first that want to be looked at: indeterminate, failed, running, waiting_health_check, waiting_slot, waiting_window, queued, cancelled, skipped, succeeded"`
}

type jobHostList struct {
	Items      []JobHost `json:"items"`
	NextCursor *string   `json:"next_cursor" nullable:"true" doc:"Null on the last page; it goes with the same sort only"`
}

type jobLogInput struct {
	JobHostPath
	After int `query:"after" minimum:"-1" default:"-1" doc:"Only lines after the one with this seq"`
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"The most lines to return"`
}

// JobLog is a part of the output of one host.
type JobLog struct {
	Items     []LogLine `json:"items"`
	NextAfter int       `json:"next_after" doc:"What to send as after to go on, now or when there is more"`
	Ended     bool      `json:"ended" doc:"Whether the host has ended and these are its last lines"`
}

// LogLine is one line that the agent wrote.
type LogLine struct {
	Seq  int       `json:"seq"`
	At   time.Time `json:"at"`
	Line string    `json:"line"`
}

// SettleInput ends an indeterminate host.
type SettleInput struct {
	Outcome string `json:"outcome" enum:"succeeded,failed"`
	Note    string `json:"note,omitempty" maxLength:"2000" doc:"How this was found out"`
}

type (
	jobHostAnswer struct{ Body JobHostDetail }
	jobLogAnswer  struct{ Body JobLog }
	settleInput   struct {
		JobHostPath
		Body SettleInput
	}
)

func (s *server) registerJobHosts() {
	tags := []string{"Jobs"}
	handle(s, huma.Operation{
		OperationID: "listJobHosts", Method: http.MethodGet, Path: "/jobs/{id}/hosts", Tags: tags,
		Summary: "List the hosts of a job", Errors: readErrors,
		Description: tableDescription("hosts"),
		Responses:   s.listOrTable(reflect.TypeFor[jobHostList](), "JobHostList"),
	}, s.listJobHosts)
	handle(s, huma.Operation{
		OperationID: "getJobHost", Method: http.MethodGet, Path: "/jobs/{id}/hosts/{host_id}", Tags: tags,
		Summary: "Read one host of a job, with the decisions of its gate", Errors: readErrors,
	}, s.getJobHost)
	handle(s, huma.Operation{
		OperationID: "getJobHostLog", Method: http.MethodGet, Path: "/jobs/{id}/hosts/{host_id}/log", Tags: tags,
		Summary: "Read the output of one host of a job", Errors: readErrors,
	}, s.jobHostLog)
	handle(s, huma.Operation{
		OperationID: "cancelJobHost", Method: http.MethodPost, Path: "/jobs/{id}/hosts/{host_id}/cancel", Tags: tags,
		Summary: "Cancel one host of a job", DefaultStatus: http.StatusAccepted, Errors: changeErrors,
	}, s.cancelJobHost)
	handle(s, huma.Operation{
		OperationID: "recheckJobHost", Method: http.MethodPost, Path: "/jobs/{id}/hosts/{host_id}/recheck", Tags: tags,
		Summary: "Make a waiting host look again at once", Errors: changeErrors,
		Description: "Answers when it has decided; without an answer within 15 s the request ends with 503.",
	}, s.recheckJobHost)
	handle(s, huma.Operation{
		OperationID: "settleJobHost", Method: http.MethodPost, Path: "/jobs/{id}/hosts/{host_id}/settle", Tags: tags,
		Summary: "End an indeterminate host of a job, so that it can be patched again", Errors: changeErrors,
	}, s.settleJobHost)
}

func (s *server) listJobHosts(ctx context.Context, by fleet.Caller, in *listJobHostsInput) (*huma.StreamResponse, error) {
	job := pathID(in.ID)
	f := fleet.JobHostFilter{Status: fleet.Status(in.Status), Text: in.Query, Sort: fleet.JobHostSort(in.Sort), Limit: in.Limit + 1}
	list := "job-hosts:" + in.Sort
	if in.Cursor != "" {
		f.After = &fleet.JobHostPlace{}
		if err := readCursor(list, in.Cursor, f.After); err != nil {
			return nil, err
		}
		if _, ok := parseID(f.After.HostID); !ok {
			return nil, errCursor
		}
	}
	if in.wantsCSV() {
		return s.exportJobHosts(ctx, by, job, f)
	}
	hosts, err := s.Store.JobHosts(ctx, by.Sees(), job, f)
	if err != nil {
		return nil, err
	}
	page, next := cut(list, hosts, in.Limit, func(h fleet.PlacedJobHost) fleet.JobHostPlace { return h.Place })
	items := convert(page, func(h fleet.PlacedJobHost) JobHost { return jobHostBody(h.JobHostView) })
	return jsonAnswer(jobHostList{Items: items, NextCursor: next})
}

func (s *server) getJobHost(ctx context.Context, by fleet.Caller, in *JobHostPath) (*jobHostAnswer, error) {
	job, host := pathID(in.ID), pathID(in.HostID)
	detail, err := s.Store.JobHost(ctx, by.Sees(), job, host)
	if err != nil {
		return nil, err
	}
	return &jobHostAnswer{Body: jobHostDetailBody(detail)}, nil
}

func (s *server) jobHostLog(ctx context.Context, by fleet.Caller, in *jobLogInput) (*jobLogAnswer, error) {
	job, host := pathID(in.ID), pathID(in.HostID)
	if in.After > math.MaxInt32 {
		return nil, fleet.Invalid("after", "must be the seq of a line")
	}
	// The status is read before the lines, so that an end is only told with its last lines.
	detail, err := s.Store.JobHost(ctx, by.Sees(), job, host)
	if err != nil {
		return nil, err
	}
	lines, err := s.Store.Output(ctx, by.Sees(), job, host, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	log := JobLog{NextAfter: in.After, Ended: detail.Status.Terminal() && len(lines) < in.Limit}
	log.Items = convert(lines, func(l fleet.OutputLine) LogLine { return LogLine{Seq: l.Seq, At: l.At.UTC(), Line: l.Line} })
	if len(lines) > 0 {
		log.NextAfter = lines[len(lines)-1].Seq
	}
	return &jobLogAnswer{Body: log}, nil
}

func (s *server) cancelJobHost(ctx context.Context, by fleet.Caller, in *JobHostPath) (*jobHostAnswer, error) {
	job, host := pathID(in.ID), pathID(in.HostID)
	if err := s.Store.RequestJobHostCancel(ctx, by, job, host); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return s.getJobHost(ctx, by, in)
}

func (s *server) recheckJobHost(ctx context.Context, by fleet.Caller, in *JobHostPath) (*jobHostAnswer, error) {
	job, host := pathID(in.ID), pathID(in.HostID)
	if err := s.Store.RequestRecheck(ctx, by, job, host); err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, recheckWait)
	defer cancel()
	if err := s.Runs.Recheck(wait, job, host); err != nil {
		return nil, err
	}
	return s.getJobHost(ctx, by, in)
}

func (s *server) settleJobHost(ctx context.Context, by fleet.Caller, in *settleInput) (*jobHostAnswer, error) {
	job, host := pathID(in.ID), pathID(in.HostID)
	if err := fleet.CheckText("note", in.Body.Note, fleet.MaxJobNotes, true); err != nil {
		return nil, err
	}
	if err := s.Store.SettleJobHost(ctx, by, job, host, fleet.Status(in.Body.Outcome), in.Body.Note); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return s.getJobHost(ctx, by, &in.JobHostPath)
}
