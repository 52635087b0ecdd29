package workertest

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"
)

// Cost is what a run left behind in Temporal.
type Cost struct {
	Events     int `json:"events"`
	Activities int `json:"activities"`
	Bytes      int `json:"bytes"`
}

// History reads the history of a run; an empty run id means the latest one.
func (s *System) History(ctx context.Context, workflowID, runID string) (*history.History, error) {
	events := s.Temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	h := &history.History{}
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return nil, fmt.Errorf("read history of %s: %w", workflowID, err)
		}
		h.Events = append(h.Events, e)
	}
	return h, nil
}

// CostOf counts a history.
func CostOf(h *history.History) Cost {
	c := Cost{Events: len(h.GetEvents()), Bytes: proto.Size(h)}
	for _, e := range h.GetEvents() {
		if e.GetEventType() == enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			c.Activities++
		}
	}
	return c
}
