package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// Problem is an answer to a request that could not be fulfilled (RFC 9457).
type Problem struct {
	Type   string       `json:"type" doc:"Always about:blank; code tells problems apart"`
	Title  string       `json:"title" doc:"The status in words"`
	Status int          `json:"status" doc:"The HTTP status"`
	Code   string       `json:"code" doc:"What went wrong, stable and machine-readable; new values may appear" example:"invalid_field"`
	Detail string       `json:"detail" doc:"What went wrong, for people"`
	Errors []FieldError `json:"errors,omitempty" doc:"Each field at fault with the rule it breaks"`
}

// FieldError is one field at fault.
type FieldError struct {
	Field   string `json:"field" doc:"The field in the notation of the request body, or the name of a parameter" example:"weekdays[1]"`
	Code    string `json:"code" doc:"What is wrong with it, stable and machine-readable" example:"invalid_field"`
	Message string `json:"message" doc:"The rule, for people"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status to answer with.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes the answer a problem document.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// retryAfter is what clients are told to wait, in seconds, while something is away.
const retryAfter = "5"

// statusOf maps the kinds of fleet's errors to statuses; this is the only place that does.
var statusOf = map[fleet.Kind]int{
	fleet.KindNotFound:        http.StatusNotFound,
	fleet.KindConflict:        http.StatusConflict,
	fleet.KindInvalid:         http.StatusUnprocessableEntity,
	fleet.KindForbidden:       http.StatusForbidden,
	fleet.KindUnauthenticated: http.StatusUnauthorized,
	fleet.KindUnavailable:     http.StatusServiceUnavailable,
	fleet.KindTooMany:         http.StatusTooManyRequests,
}

// codeOf names the problems that the framework finds before an operation runs.
var codeOf = map[int]string{
	http.StatusBadRequest:            "malformed_request",
	http.StatusUnauthorized:          "unauthenticated",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusRequestTimeout:        "request_timeout",
	http.StatusRequestEntityTooLarge: "body_too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusUnprocessableEntity:   "invalid_request",
}

// The framework reports its findings through these variables of its own, so they are set once for the process.
func init() {
	huma.NewError = frameworkProblem
	huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return frameworkProblem(status, msg, errs...)
	}
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
}

// problemOf is what a caller gets to see of err. Anything that is not one of fleet's errors is a defect of ours: it is
// logged and its text kept from the caller.
func problemOf(ctx context.Context, log *slog.Logger, err error) error {
	known := fleetErrors(err)
	if len(known) == 0 {
		if ctx.Err() == nil {
			log.ErrorContext(ctx, "request failed", "error", err, "request_id", callerOf(ctx).RequestID)
		}
		return newProblem(http.StatusInternalServerError, "internal", "something went wrong on our side; the log has it under the request id")
	}
	first := known[0]
	p := newProblem(statusOf[first.Kind], first.Code, first.Error())
	for _, e := range known {
		if e.Field != "" {
			p.Errors = append(p.Errors, FieldError{Field: e.Field, Code: e.Code, Message: e.Message})
		}
	}
	switch first.Kind {
	case fleet.KindUnavailable:
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {retryAfter}})
	case fleet.KindTooMany:
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {wholeSeconds(first.Wait)}})
	}
	return p
}

// wholeSeconds is d rounded up, for a header that knows no parts of a second, and at least one.
func wholeSeconds(d time.Duration) string {
	return strconv.Itoa(max(1, int((d+time.Second-1)/time.Second)))
}

func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// fleetErrors returns every error of fleet's in the tree of err, in order.
func fleetErrors(err error) []*fleet.Error {
	if e, ok := err.(*fleet.Error); ok { //nolint:errorlint // the tree is walked here, node by node
		return []*fleet.Error{e}
	}
	switch node := err.(type) { //nolint:errorlint // the tree is walked here, node by node
	case interface{ Unwrap() error }:
		return fleetErrors(node.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*fleet.Error
		for _, e := range node.Unwrap() {
			all = append(all, fleetErrors(e)...)
		}
		return all
	}
	return nil
}

// frameworkProblem is what the framework found wrong with a request. The offending values are never echoed: one of them
// may be a password.
func frameworkProblem(status int, msg string, errs ...error) huma.StatusError {
	var own *Problem
	if len(errs) == 1 && errors.As(errs[0], &own) {
		return own
	}
	code, ok := codeOf[status]
	if !ok {
		code = "internal"
	}
	p := newProblem(status, code, msg)
	for _, err := range errs {
		var detail *huma.ErrorDetail
		if errors.As(err, &detail) {
			p.Errors = append(p.Errors, fieldError(detail))
		}
	}
	// The framework finds unknown properties in the order of a map.
	slices.SortStableFunc(p.Errors, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	if len(p.Errors) > 0 {
		p.Detail = describe(p.Errors)
	}
	if len(p.Errors) > 0 && status == http.StatusUnprocessableEntity {
		p.Code = p.Errors[0].Code
	}
	return p
}

// fieldError reads the framework's notation: body.labels.name, query.limit, and for a missing property the place it is
// missing from with its name in the message.
func fieldError(d *huma.ErrorDetail) FieldError {
	_, field, _ := strings.Cut(d.Location, ".")
	if name, ok := missingProperty(d.Message); ok {
		return FieldError{Field: strings.TrimPrefix(field+"."+name, "."), Code: "required_field", Message: "must be given"}
	}
	if d.Message == "unexpected property" || d.Message == "unknown query parameter" {
		return FieldError{Field: field, Code: "unknown_field", Message: "is not known here"}
	}
	if field == "" {
		return FieldError{Field: d.Location, Code: "invalid_field", Message: d.Message}
	}
	return FieldError{Field: field, Code: "invalid_field", Message: d.Message}
}

func missingProperty(message string) (string, bool) {
	rest, ok := strings.CutPrefix(message, "expected required property ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, " to be present")
}

func describe(errs []FieldError) string {
	first := fmt.Sprintf("%s: %s", errs[0].Field, errs[0].Message)
	if len(errs) == 1 {
		return first
	}
	return fmt.Sprintf("%s (and %d more)", first, len(errs)-1)
}
