package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/patch-manager/patch-manager/fleet"
)

// Why a stream ends besides by the client or an error.
var (
	errBehind   = errors.New("what follows is no longer held")
	errStopping = errors.New("the process stops")
)

// client is one stream of events.
type client struct {
	hub      *hub
	out      outlet
	scope    fleet.Scope
	again    func(context.Context) (fleet.Principal, error) // the caller as of now
	stopping <-chan struct{}
	now      func() time.Time

	at    fleet.EventPosition // everything up to here was sent
	reset bool                // the stream starts with the news that some was lost
	live  bool                // it follows the hub, as of run
	run   int
}

func (c *client) response(s *server) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/event-stream")
		hc.SetHeader("X-Accel-Buffering", "no") // a proxy would hold messages back
		hc.SetStatus(http.StatusOK)
		_, w := humachi.Unwrap(hc)
		c.out = outlet{w: w, control: http.NewResponseController(w), limit: s.hub.pace.write}
		err := c.serve(hc.Context())
		s.Log.LogAttrs(hc.Context(), slog.LevelInfo, "event stream ended", slog.Any("reason", err),
			slog.String("request_id", callerOf(hc.Context()).RequestID))
	}}
}

// serve sends until the stream has to end, and says why it had to.
func (c *client) serve(ctx context.Context) error {
	defer c.hub.join()() // the reader outlives the client that happens to come first
	heartbeat, recheck := time.NewTicker(c.hub.pace.heartbeat), time.NewTicker(c.hub.pace.recheck)
	defer heartbeat.Stop()
	defer recheck.Stop()
	if err := c.out.send(c.greeting()); err != nil {
		return err
	}
	for {
		news, err := c.advance(ctx)
		if err != nil {
			return err
		}
		select { // first, so that a busy stream does not put it off
		case <-recheck.C:
			err = c.recheck(ctx)
		default:
			select {
			case <-recheck.C:
				err = c.recheck(ctx)
			case <-heartbeat.C:
				err = c.out.send(fmt.Appendf(nil, "id: %s\n: still here\n\n", c.at))
			case <-c.stopping:
				err = errStopping
			case <-ctx.Done():
				err = context.Cause(ctx)
			case <-news:
			}
		}
		if err != nil {
			return err
		}
	}
}

// greeting opens the stream with the id to resume from, since the first event may be long in coming.
func (c *client) greeting() []byte {
	retry := c.hub.pace.retry.Milliseconds()
	if c.reset {
		data := c.now().UTC().Format(time.RFC3339Nano)
		return fmt.Appendf(nil, "retry: %d\nid: %s\nevent: reset\ndata: {\"at\":%q}\n\n", retry, c.at, data)
	}
	return fmt.Appendf(nil, "retry: %d\nid: %s\n: following\n\n", retry, c.at)
}

// advance sends what there is and returns a channel that closes when there is more.
func (c *client) advance(ctx context.Context) (<-chan struct{}, error) {
	state := c.hub.look()
	switch {
	case c.live && (state.run != c.run || !state.reaches(c.at)):
		return nil, errBehind
	case !state.ready:
		return state.news, nil
	case !state.reaches(c.at):
		return closed, c.catchUp(ctx)
	}
	c.live, c.run = true, state.run
	if err := c.sendVisible(state.after(c.at)); err != nil {
		return nil, err
	}
	if state.end.Compare(c.at) > 0 {
		c.at = state.end
	}
	return state.news, nil
}

// closed is a channel that never makes anybody wait.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// catchUp sends a page of what is older than what the hub holds. This costs a query for each client, so it is done for
// one that begins, and never again for one that fell behind.
func (c *client) catchUp(ctx context.Context) error {
	page, err := c.hub.store.EventsAfter(ctx, c.scope, c.at, c.hub.pace.page)
	if err != nil {
		return err
	}
	if page.Lost {
		return errBehind
	}
	frames := make([]frame, len(page.Events))
	for i, e := range page.Events {
		frames[i] = frame{event: e, bytes: encodeEvent(e)}
	}
	c.at = page.Next
	return c.sendVisible(frames)
}

// recheck takes over the rights that the caller has now. Where nobody can say, the stream ends rather than show what may
// not be seen any more.
func (c *client) recheck(ctx context.Context) error {
	principal, err := c.again(ctx)
	if err != nil {
		return err
	}
	c.scope = principal.Sees()
	return nil
}

func (c *client) sendVisible(frames []frame) error {
	var visible [][]byte
	for _, f := range frames {
		if f.event.VisibleTo(c.scope) {
			visible = append(visible, f.bytes)
		}
	}
	return c.out.send(visible...)
}

// outlet writes to a client that has to take it within limit.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

func (o outlet) send(messages ...[]byte) error {
	if len(messages) == 0 {
		return nil
	}
	// Not every writer knows deadlines; the connections of the server do.
	_ = o.control.SetWriteDeadline(time.Now().Add(o.limit))
	for _, m := range messages {
		if _, err := o.w.Write(m); err != nil {
			return fmt.Errorf("send events: %w", err)
		}
	}
	if err := o.control.Flush(); err != nil {
		return fmt.Errorf("send events: %w", err)
	}
	// A deadline that passes while nothing happens would end the stream, in HTTP/2 at once.
	_ = o.control.SetWriteDeadline(time.Time{})
	return nil
}
