package api

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// streamPace is how the event stream goes.
type streamPace struct {
	poll      time.Duration // between two looks into the database, while anybody listens
	heartbeat time.Duration // between two signs of life to a client
	recheck   time.Duration // between two looks at the rights of a client
	write     time.Duration // that a client may take to receive what there is
	retry     time.Duration // that a client is told to wait before it connects again
	page      int           // events read at a time
	keep      int           // events held for clients that are behind; up to twice as many between two clean-ups
}

var defaultPace = streamPace{
	poll: 300 * time.Millisecond, heartbeat: 15 * time.Second, recheck: 20 * time.Second, write: 5 * time.Second,
	retry: 2 * time.Second, page: 500, keep: 8192,
}

// pollTimeout bounds one look into the database, so that a connection that hangs does not hold up the stream for ever.
const pollTimeout = 10 * time.Second

// frame is an event as it is sent, encoded once for all clients. It is never changed.
type frame struct {
	event fleet.Event
	bytes []byte
}

// hub reads the events once for all clients of the process. It holds the latest ones; clients come for them at their own
// pace, so a slow one costs nothing: it finds that what it needs is no longer held, and its stream ends.
type hub struct {
	store EventStore
	log   *slog.Logger
	pace  streamPace

	mu        sync.Mutex
	listeners int
	stop      context.CancelFunc // of the reader, which runs while there are listeners
	state     hubState
}

// hubState is what the hub holds at a moment: every event behind start, up to end.
type hubState struct {
	run        int // grows when events were lost between this state and the one before
	ready      bool
	start, end fleet.EventPosition
	frames     []frame
	news       chan struct{} // closed when there is another state
}

func newHub(store EventStore, log *slog.Logger, pace streamPace) *hub {
	return &hub{store: store, log: log, pace: pace, state: hubState{news: make(chan struct{})}}
}

// join makes the hub read until the function that it returns was called as often as join.
func (h *hub) join() (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners++
	if h.listeners == 1 {
		// Not of the request that happens to come first: the reader outlives it.
		ctx, cancel := context.WithCancel(context.Background())
		h.stop = cancel
		h.state.ready = false
		go h.read(ctx)
	}
	return h.leave
}

func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners--
	if h.listeners == 0 {
		h.stop()
		h.state.frames = nil
	}
}

// look returns the state at this moment. Its frames are shared and only read.
func (h *hub) look() hubState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// read follows the stream from its end at this moment until ctx ends.
func (h *hub) read(ctx context.Context) {
	tick := time.NewTicker(h.pace.poll)
	defer tick.Stop()
	var after *fleet.EventPosition
	for failing := false; ; {
		page, err := h.next(ctx, after)
		if err == nil {
			after = &page.Next
			h.publish(ctx, page)
		} else if !failing && ctx.Err() == nil {
			h.log.WarnContext(ctx, "events can not be read, trying on", "error", err)
		}
		failing = err != nil
		if page.More {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// next reads one page; the first one is empty and starts at the end of the stream.
func (h *hub) next(ctx context.Context, after *fleet.EventPosition) (fleet.EventPage, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	if after == nil {
		now, err := h.store.EventsNow(ctx)
		return fleet.EventPage{Next: now, Lost: true}, err
	}
	return h.store.EventsAfter(ctx, fleet.Scope{All: true}, *after, h.pace.page)
}

// publish adds a page to what is held. The reader whose ctx ended may have been followed by another one, so it is not
// listened to any more.
func (h *hub) publish(ctx context.Context, page fleet.EventPage) {
	frames := make([]frame, len(page.Events))
	for i, e := range page.Events {
		frames[i] = frame{event: e, bytes: encodeEvent(e)}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	s := &h.state
	if page.Lost {
		s.run++
		s.ready, s.start, s.frames = true, page.Next, nil
	}
	s.end = page.Next
	if len(frames) == 0 && !page.Lost {
		return
	}
	s.frames = append(s.frames, frames...)
	if over := len(s.frames) - h.pace.keep; over > h.pace.keep {
		s.start = s.frames[over-1].event.Position
		// A copy, because clients may still read the part that is let go.
		s.frames = slices.Clone(s.frames[over:])
	}
	close(s.news)
	s.news = make(chan struct{})
}

// reaches reports whether everything behind p is held.
func (s hubState) reaches(p fleet.EventPosition) bool { return s.ready && p.Compare(s.start) >= 0 }

// after returns the frames behind p.
func (s hubState) after(p fleet.EventPosition) []frame {
	i, found := slices.BinarySearchFunc(s.frames, p, func(f frame, p fleet.EventPosition) int {
		return f.event.Position.Compare(p)
	})
	if found {
		i++
	}
	return s.frames[i:]
}
