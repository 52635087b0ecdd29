package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// StreamEvent is the data of a message: a change of state. Besides these fields it has the ids and states of its kind.
type StreamEvent struct {
	Kind      string    `json:"kind" doc:"host.changed, host.deleted, group.changed, check.changed, window.changed, job.changed, job_host.changed; new kinds may appear" example:"host.changed"`
	SubjectID string    `json:"subject_id" doc:"What changed; of a job_host the ids of job and host with a slash between"`
	At        time.Time `json:"at"`
}

// StreamReset is the data of the reset message.
type StreamReset struct {
	At time.Time `json:"at"`
}

const lastEventIDHeader = "Last-Event-ID"

type eventsInput struct {
	LastEventID string `header:"Last-Event-ID" doc:"The id of the last message received; absent: the stream starts now" example:"1207:34"`
}

func (s *server) registerEvents() {
	handle(s, huma.Operation{
		OperationID: "streamEvents", Method: http.MethodGet, Path: "/events", Tags: []string{"Events"},
		Summary: "Follow changes as server-sent events",
		Description: "Each message is a change that the caller may see, in the order of the stream, each once. The id of a message " +
			"resumes the stream behind it; ids also come without data, for streams on which little happens. A message named reset, " +
			"always the first one, says that changes may have been missed: read anew what is shown. The stream ends when the token " +
			"does, when the client takes too little off it, and when the server stops; connect again with the last id.",
		Responses: map[string]*huma.Response{"200": {
			Description: "Messages until either side ends the stream",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: streamSchema(s.api.OpenAPI().Components.Schemas)}},
		}},
	}, s.events)
}

// streamSchema describes the messages in the form in which client generators know streams. The framework's own package
// for them does not fit: it takes whole numbers for ids.
func streamSchema(schemas huma.Registry) *huma.Schema {
	message := func(title, name string, data any) *huma.Schema {
		schema := &huma.Schema{
			Title: title, Type: huma.TypeObject, Required: []string{"id", "data"},
			Properties: map[string]*huma.Schema{
				"id":    {Type: huma.TypeString, Description: "Resumes the stream behind this message"},
				"data":  schemas.Schema(reflect.TypeOf(data), true, title),
				"retry": {Type: huma.TypeInteger, Description: "Milliseconds to wait before connecting again"},
			},
		}
		if name != "" {
			schema.Required = append(schema.Required, "event")
			schema.Properties["event"] = &huma.Schema{Type: huma.TypeString, Extensions: map[string]any{"const": name}}
		}
		return schema
	}
	return &huma.Schema{
		Title: "Server Sent Events", Type: huma.TypeArray,
		Description: "Each item is one message, as UTF-8 text in the form of server-sent events",
		Items: &huma.Schema{OneOf: []*huma.Schema{
			message("Change", "", StreamEvent{}), message("Reset", "reset", StreamReset{}),
		}},
	}
}

// events finds where the stream starts, while a problem can still be answered, and hands over to it.
func (s *server) events(ctx context.Context, caller fleet.Caller, in *eventsInput) (*huma.StreamResponse, error) {
	c := &client{hub: s.hub, scope: caller.Sees(), again: principalAgain(ctx), stopping: s.Stopping, now: s.Now}
	var err error
	if in.LastEventID == "" {
		c.at, err = s.Store.EventsNow(ctx)
	} else {
		err = c.resume(ctx, in.LastEventID)
	}
	if err != nil {
		return nil, err
	}
	return c.response(s), nil
}

// resume starts the stream behind the id, or at its end with a reset where that can not be done without a gap.
func (c *client) resume(ctx context.Context, id string) error {
	after, ok := fleet.ParseEventPosition(id)
	if !ok {
		return fleet.Invalid(lastEventIDHeader, "must be the id of a message of this stream, such as 1207:34")
	}
	page, err := c.hub.store.EventsAfter(ctx, c.scope, after, 1)
	if err != nil {
		return err
	}
	c.at, c.reset = after, page.Lost
	if page.Lost {
		c.at = page.Next
	}
	return nil
}

// encodeEvent is an event as every client gets it.
func encodeEvent(e fleet.Event) []byte {
	fields := map[string]any{}
	var payload map[string]json.RawMessage
	// A payload that is no object has no names to appear under.
	_ = json.Unmarshal(e.Payload, &payload)
	for name, value := range payload {
		fields[name] = value
	}
	fields["kind"], fields["subject_id"], fields["at"] = e.Kind, e.SubjectID, e.At.UTC()
	data, err := json.Marshal(fields)
	if err != nil { // a year of five digits
		data, _ = json.Marshal(map[string]any{"kind": e.Kind, "subject_id": e.SubjectID, "at": nil})
	}
	return fmt.Appendf(nil, "id: %s\ndata: %s\n\n", e.Position, data)
}
