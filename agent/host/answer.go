package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// Error codes that this agent has beside those of the contract.
const (
	codeNotFound    = "NOT_FOUND"
	codeMethod      = "METHOD_NOT_ALLOWED"
	codeRateLimited = "RATE_LIMITED"
	codeInternal    = "INTERNAL_ERROR"
	codeKeyReused   = "IDEMPOTENCY_KEY_REUSED"
	codeKeyDeleted  = "IDEMPOTENCY_KEY_JOB_DELETED"
	codeJobRunning  = "JOB_NOT_FINISHED"
)

// refusal is an error with its place in the contract.
type refusal struct {
	status     int
	code       string
	message    string
	retryable  bool
	retryAfter time.Duration
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, code, format string, args ...any) *refusal {
	retryable := status == http.StatusConflict || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...), retryable: retryable}
}

func invalid(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, agent.CodeValidation, format, args...)
}

// accepted marks data that is answered with 202.
type accepted struct{ agent.JobAccepted }

// operation is what a route does: it returns the answer's data, or an error that may be a refusal.
type operation func(*http.Request) (any, error)

// handle makes the envelope around an operation, and counts the request against a limit.
func (a *Agent) handle(limit *limiter, do operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if wait, ok := limit.admit(a.now()); !ok {
			e := refuse(http.StatusTooManyRequests, codeRateLimited, "more than %d requests of this kind in a minute", limit.perMinute)
			e.retryAfter = wait
			a.fail(w, r, e)
			return
		}
		data, err := do(r)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		status := http.StatusOK
		if _, ok := data.(accepted); ok {
			status = http.StatusAccepted
		}
		envelope, err := agent.Succeed(newID(), a.now(), data)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		a.write(w, status, envelope)
	}
}

func (a *Agent) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *refusal
	if !errors.As(err, &known) {
		a.log.Error("answer a request", "method", r.Method, "path", r.URL.Path, "error", err)
		known = refuse(http.StatusInternalServerError, codeInternal, "%v", err)
	}
	if known.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(known.retryAfter.Seconds()))))
	}
	a.write(w, known.status, agent.Fail(newID(), a.now(), agent.Error{
		Code: known.code, Message: known.message, Details: json.RawMessage("null"), Retryable: known.retryable,
	}))
}

func (a *Agent) write(w http.ResponseWriter, status int, envelope agent.Envelope) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(envelope); err != nil {
		a.log.Warn("write an answer", "error", err)
	}
}

// maxBody bounds a request's body in bytes: some thousands of package names.
const maxBody = 1 << 20

// readBody decodes a request's JSON object into v. A field that this agent does not know is refused: a silently dropped
// one has cost a fleet its reboots.
func readBody(r *http.Request, v any) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, refuse(http.StatusRequestEntityTooLarge, agent.CodeValidation, "body: at most %d bytes", maxBody)
	}
	if err != nil {
		return nil, invalid("body: %v", err)
	}
	if !strings.HasPrefix(strings.TrimSpace(string(body)), "{") {
		return nil, invalid("body: a JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return nil, invalid("body: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, invalid("body: something follows the JSON object")
	}
	return body, nil
}
