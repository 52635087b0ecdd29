package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
)

// streamWithin bounds every wait for a stream; past it a test fails instead of hanging.
const streamWithin = 60 * time.Second

// fast is a pace at which tests need not wait.
var fast = api.StreamPace{Poll: 5 * time.Millisecond, Heartbeat: 20 * time.Millisecond, Recheck: 20 * time.Millisecond}

// serveStream serves the site on a socket and ends with the test.
func (s *site) serveStream(cfg api.Config, pace api.StreamPace) *httptest.Server {
	s.t.Helper()
	server := httptest.NewUnstartedServer(api.NewPaced(cfg, pace))
	// Small, so that a client that does not read is noticed.
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(64 << 10)
		return ctx
	}
	server.Start()
	s.t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// message is one message of a stream.
type message struct {
	id, event, data, comment string
}

func (m message) json(t testing.TB) map[string]any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(m.data), &fields), "data: %q", m.data)
	return fields
}

// follower is a client of the stream.
type follower struct {
	t      testing.TB
	body   io.ReadCloser
	lines  *bufio.Reader
	lastID string
	close  func()
}

// listen opens a stream and reads its first message.
func (s *site) listen(url, token, lastID string) (*follower, message) {
	s.t.Helper()
	return s.listenThrough((&net.Dialer{}).DialContext, url, token, lastID)
}

// dialNarrow dials a connection that holds little for who does not read.
func dialNarrow(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		err = c.(*net.TCPConn).SetReadBuffer(16 << 10)
	}
	return c, err
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

func (s *site) listenThrough(dial dialer, url, token, lastID string) (*follower, message) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), streamWithin)
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", url+"/api/v1/events", nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dial}
	response, err := transport.RoundTrip(r)
	require.NoError(s.t, err)
	require.Equal(s.t, 200, response.StatusCode)
	require.Equal(s.t, "text/event-stream", response.Header.Get("Content-Type"))
	require.Equal(s.t, "no-store", response.Header.Get("Cache-Control"))
	f := &follower{t: s.t, body: response.Body, lines: bufio.NewReader(response.Body), close: cancel}
	first, err := f.read()
	require.NoError(s.t, err)
	return f, first
}

// read returns the next message, or the error that the stream ended with.
func (f *follower) read() (message, error) {
	var m message
	for {
		line, err := f.lines.ReadString('\n')
		if err != nil {
			return m, err
		}
		if line == "\n" {
			f.lastID = m.id
			return m, nil
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "id":
			m.id = value
		case "event":
			m.event = value
		case "data":
			m.data = value
		case "":
			m.comment = value
		}
	}
}

// next returns the next message with data.
func (f *follower) next() message {
	f.t.Helper()
	for {
		m, err := f.read()
		require.NoError(f.t, err)
		if m.data != "" {
			return m
		}
	}
}

// subjects returns what the next n messages are about.
func (f *follower) subjects(n int) []string {
	f.t.Helper()
	var s []string
	for range n {
		s = append(s, f.next().json(f.t)["subject_id"].(string))
	}
	return s
}

// rest reads until the stream ends, and returns what the messages with data were about.
func (f *follower) rest() []string {
	f.t.Helper()
	s := []string{}
	for {
		m, err := f.read()
		if err != nil {
			require.NotErrorIs(f.t, err, context.DeadlineExceeded, "the stream does not end")
			return s
		}
		if m.data != "" {
			s = append(s, m.json(f.t)["subject_id"].(string))
		}
	}
}

const insertEvent = `insert into events (kind, subject_id, group_ids, site, payload) values ('test', $1, $2, $3, $4)`

// event writes an event that admins see.
func (s *site) event(subject string) {
	s.t.Helper()
	s.exec(insertEvent, subject, []string{}, false, "{}")
}

// settle waits until no transaction of this server's databases holds an event up, so that a stream which starts now
// starts behind them.
func (s *site) settle() {
	s.t.Helper()
	held := `select count(*) from events where xid >= pg_snapshot_xmin(pg_current_snapshot())`
	require.Eventually(s.t, func() bool { return s.count(held) == 0 }, streamWithin, 5*time.Millisecond)
}
