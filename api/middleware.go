package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/fleet"
)

const requestIDHeader = "X-Request-Id"

// requestIDPattern is what is taken over from a client or proxy, so that logs of both can be joined.
var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// identify gives the request an id, which answers, logs and audit entries carry, and remembers where it came from.
func (s *server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !requestIDPattern.MatchString(id) {
			id = uuid.NewString()
		}
		w.Header().Set(requestIDHeader, id)
		caller := fleet.Caller{RequestID: id, RemoteAddr: s.remoteHost(r)}
		ctx := context.WithValue(r.Context(), callerKey{}, caller)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, browserKey{}, s.readBrowser(r))))
	})
}

// logAccess writes one line per request. Query strings stay out: they are what people type.
func (s *server) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("method", r.Method), slog.String("path", loggedPath(r.URL.Path)), slog.Int("status", ww.Status()),
				slog.Int("bytes", ww.BytesWritten()), slog.Duration("took", s.Now().Sub(start).Round(time.Microsecond)),
				slog.String("request_id", callerOf(r.Context()).RequestID), slog.String("remote", callerOf(r.Context()).RemoteAddr))
		}()
		next.ServeHTTP(ww, r)
	})
}

// loggedPath leaves out what of a path is a secret: the token that an agent polls with.
func loggedPath(path string) string {
	if strings.HasPrefix(path, pollPath) {
		return pollPath + "[redacted]"
	}
	return path
}

// recoverPanic turns a panic into a 500 of the usual form, and logs where it was.
func (s *server) recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // the one value that net/http compares with itself
				panic(v)
			}
			s.Log.ErrorContext(r.Context(), "panic", "value", panicText(v), "stack", string(debug.Stack()),
				"request_id", callerOf(r.Context()).RequestID)
			writeProblem(w, newProblem(http.StatusInternalServerError, "internal",
				"something went wrong on our side; the log has it under the request id"))
		}()
		next.ServeHTTP(w, r)
	})
}

// panicText is what the runtime says of a panic. What others panic with is not repeated: it may hold what was in their
// hands, a password too. The stack says where it was.
func panicText(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// limitBody bounds what any handler can read of a body.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody+1)
		next.ServeHTTP(w, r)
	})
}

// writeProblem answers outside of the framework.
func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone if this fails
}
