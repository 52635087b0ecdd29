package agenttest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// Fault answers a request in place of the agent; next is what the agent itself would do.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Always makes an injected fault stay.
const Always = -1

type injected struct {
	pattern string
	times   int
	fault   Fault
}

// Inject lets the next so many requests that match pattern meet a fault. Pattern is the beginning of method and path, as
// in "POST /patches/apply" or "GET /jobs"; the empty one matches all. The fault injected first is met first.
func (h *Host) Inject(pattern string, times int, fault Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, &injected{pattern, times, fault})
}

// ClearFaults takes every fault back.
func (h *Host) ClearFaults() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = nil
}

func (h *Host) withFaults(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := connectionOf(r)
		if !h.up() || !h.knows(c) {
			cut(w)
			return
		}
		c.requests.Add(1)
		if fault := h.fault(r); fault != nil {
			fault(w, r, next)
			return
		}
		if h.limited(r.Method) {
			Problem(http.StatusTooManyRequests, "RATE_LIMITED", time.Minute)(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *Host) fault(r *http.Request) Fault {
	request := r.Method + " " + strings.TrimPrefix(r.URL.Path, agent.BasePath)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, Request{h.fleet.opts.Now(), request, r.Header.Get("Idempotency-Key")})
	for i, f := range h.faults {
		if !strings.HasPrefix(request, f.pattern) {
			continue
		}
		f.times--
		if f.times == 0 {
			h.faults = slices.Delete(h.faults, i, i+1)
		}
		return f.fault
	}
	return nil
}

// Answer sends a fixed status and body.
func Answer(status int, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// Problem sends a well-formed error; a retryAfter above zero is told too.
func Problem(status int, code string, retryAfter time.Duration) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if retryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
		}
		writeJSON(w, status, agent.Fail(newID(), time.Now(), agent.Error{Code: code, Message: "simulated"}))
	}
}

// QueueFull refuses as an agent with five jobs does.
func QueueFull(retryAfter time.Duration) Fault {
	return Problem(http.StatusTooManyRequests, agent.CodeQueueFull, retryAfter)
}

// Raw writes bytes to the connection as they are, and closes it.
func Raw(text string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, text)
	}
}

// Reset closes the connection and does nothing else.
func Reset() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { cut(w) }
}

// AcceptThenReset does what is asked and closes the connection without an answer.
func AcceptThenReset() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(newRecorder(), r)
		cut(w)
	}
}

// Hang does not answer until the client gives up.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }
}

// AcceptThenHang does what is asked and does not answer until the client gives up.
func AcceptThenHang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(newRecorder(), r)
		<-r.Context().Done()
	}
}

// Drip sends the right answer a byte at a time.
func Drip(every time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		recorded := newRecorder()
		next.ServeHTTP(recorded, r)
		w.WriteHeader(recorded.status)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for _, b := range recorded.body.Bytes() {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
			_, _ = w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// CloseReused does what is asked and closes the connection without an answer when it carried a request before.
func CloseReused() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if connectionOf(r).requests.Load() == 1 {
			next.ServeHTTP(w, r)
			return
		}
		AcceptThenReset()(w, r, next)
	}
}

// OnReused does what is asked only on a connection that carried a request before.
func OnReused() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if connectionOf(r).requests.Load() == 1 {
			cut(w)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// Replace sends the right answer with text replaced in its body.
func Replace(old, replacement string) Fault {
	return Mangle(func(body []byte) []byte { return bytes.ReplaceAll(body, []byte(old), []byte(replacement)) })
}

// Mangle sends the right answer with another body.
func Mangle(fn func([]byte) []byte) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		recorded := newRecorder()
		next.ServeHTTP(recorded, r)
		w.WriteHeader(recorded.status)
		_, _ = w.Write(fn(recorded.body.Bytes()))
	}
}

// Truncate announces the right answer and closes the connection before its last n bytes.
func Truncate(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		recorded := newRecorder()
		next.ServeHTTP(recorded, r)
		body := recorded.body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(recorded.status)
		_, _ = w.Write(body[:max(0, len(body)-n)])
		_ = http.NewResponseController(w).Flush()
		cut(w)
	}
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, status: http.StatusOK} }

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
