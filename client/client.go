package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 64 << 20

// PageLimit is the most items that a page of a list has.
const PageLimit = 200

// ErrInTheClear says that a token would be sent without TLS to another machine.
var ErrInTheClear = errors.New("a token is sent by https alone, or by http to this machine")

// Error is an answer that is no success: what the API says of it. Status is zero where there was no answer.
type Error struct {
	Problem

	RetryAfter string // of the header, where it has one
	Cause      error  // why there was no answer
}

// Unwrap returns why there was no answer.
func (e *Error) Unwrap() error { return e.Cause }

func (e *Error) Error() string {
	if e.Errors == nil || len(*e.Errors) == 0 {
		return e.Detail
	}
	var fields []string
	for _, f := range *e.Errors {
		fields = append(fields, f.Field+": "+f.Message)
	}
	return strings.Join(fields, "\n")
}

// Address checks the URL of a manager and returns it without a slash at its end.
func Address(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("must be a URL such as https://patches.example.com")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return "", ErrInTheClear
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// Connect returns a client that sends token with every request, unless that is empty. Nothing is asked yet, and no redirect is
// followed. It fails with ErrInTheClear. A nil transport is Go's own.
func Connect(address, token string, transport http.RoundTripper) (*Client, error) {
	address, err := Address(address)
	if err != nil {
		return nil, err
	}
	doer := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return NewClient(address, WithHTTPClient(doer), WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return nil
	}))
}

// Answer reads what an operation was answered. It fails with *Error where that is no success.
func Answer[T any](response *http.Response, err error) (T, error) {
	var out T
	if err != nil {
		return out, unanswered(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return out, unanswered(err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return out, failure(response, body)
	}
	if len(body) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return out, fmt.Errorf("read the manager's answer: %w", err)
	}
	return out, nil
}

func unanswered(err error) error {
	return &Error{Problem: Problem{Code: "no_answer", Detail: "ask the manager: " + err.Error()}, Cause: err}
}

func failure(response *http.Response, body []byte) error {
	e := &Error{RetryAfter: response.Header.Get("Retry-After")}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(body, &e.Problem) != nil {
		e.Detail = "the answer is " + response.Status + "; is this the address of a Patch Manager?"
	}
	e.Status = int64(response.StatusCode)
	return e
}

// All reads the pages of a list until there are no more, or limit items where that is above zero.
func All[T any](limit int, page func(cursor *string) (items []T, next *string, err error)) ([]T, error) {
	all := []T{}
	for cursor := (*string)(nil); ; {
		items, next, err := page(cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if limit > 0 && len(all) >= limit {
			return all[:limit], nil
		}
		if next == nil {
			return all, nil
		}
		cursor = next
	}
}
