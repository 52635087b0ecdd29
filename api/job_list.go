package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// jobScan is how many jobs are read at a time, and jobScans how often, to fill a page of one status: the status is
// derived from the hosts and stands in no column.
const (
	jobScan  = 200
	jobScans = 10
)

type listJobsInput struct {
	PageQuery
	FormatQuery
	Status  string `query:"status" enum:"queued,waiting_window,waiting_health_check,running,succeeded,partially_succeeded,failed,cancelled" doc:"Only jobs of this status; a page may then hold fewer items than the limit although more follow"`
	HostID  string `query:"host_id" doc:"Only jobs with this host"`
	GroupID string `query:"group_id" doc:"Only jobs with a host of this group"`
}

type jobList struct {
	Items      []Job   `json:"items"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

func (s *server) listJobs(ctx context.Context, by fleet.Caller, in *listJobsInput) (*huma.StreamResponse, error) {
	f, err := jobFilter(in)
	if err != nil {
		return nil, err
	}
	if in.wantsCSV() {
		return s.exportJobs(by, f, fleet.Status(in.Status)), nil
	}
	var jobs []fleet.JobView
	var next *string
	if in.Status == "" {
		f.Limit = in.Limit + 1
		if jobs, err = s.Store.Jobs(ctx, by.Sees(), f); err != nil {
			return nil, err
		}
		jobs, next = cut("jobs", jobs, in.Limit, jobKey)
	} else if jobs, next, err = s.jobsOfStatus(ctx, by, f, fleet.Status(in.Status), in.Limit); err != nil {
		return nil, err
	}
	return jsonAnswer(jobList{Items: convert(jobs, s.jobBody), NextCursor: next})
}

func jobFilter(in *listJobsInput) (fleet.JobFilter, error) {
	f := fleet.JobFilter{}
	if in.HostID != "" {
		f.HostID = pathID(in.HostID)
	}
	if in.GroupID != "" {
		f.GroupID = pathID(in.GroupID)
	}
	if in.Cursor == "" {
		return f, nil
	}
	f.After = &fleet.JobKey{}
	if err := readCursor("jobs", in.Cursor, f.After); err != nil {
		return f, err
	}
	if _, ok := parseID(f.After.ID); !ok {
		return f, errCursor
	}
	return f, nil
}

func jobKey(j fleet.JobView) fleet.JobKey { return fleet.JobKey{CreatedAt: j.CreatedAt, ID: j.ID} }

// jobsOfStatus reads on until a page is full, the jobs end, or enough was read for one request; the cursor then goes on
// where this one stopped.
func (s *server) jobsOfStatus(
	ctx context.Context, by fleet.Caller, f fleet.JobFilter, status fleet.Status, limit int,
) ([]fleet.JobView, *string, error) {
	var page []fleet.JobView
	f.Limit = jobScan
	for range jobScans {
		jobs, err := s.Store.Jobs(ctx, by.Sees(), f)
		if err != nil {
			return nil, nil, err
		}
		for _, j := range jobs {
			if j.Status() != status {
				continue
			}
			if page = append(page, j); len(page) == limit {
				return page, writeCursor("jobs", jobKey(j)), nil
			}
		}
		if len(jobs) < jobScan {
			return page, nil, nil
		}
		last := jobKey(jobs[len(jobs)-1])
		f.After = &last
	}
	return page, writeCursor("jobs", *f.After), nil
}
