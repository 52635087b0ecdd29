package devstack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client speaks to the product's API as any other client would.
type Client struct {
	url, token string
	http       *http.Client
}

// NewClient returns a client of the API at url.
func NewClient(url, token string) *Client {
	return &Client{url: url, token: token, http: &http.Client{Timeout: 30 * time.Second}}
}

// URL is where the API is, without a trailing slash.
func (c *Client) URL() string { return c.url }

// Problem is an answer of the API that is no success.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
	request string
}

func (p *Problem) Error() string {
	text := fmt.Sprintf("%s: %d %s: %s", p.request, p.Status, p.Code, p.Detail)
	for _, e := range p.Errors {
		text += fmt.Sprintf("; %s: %s", e.Location, e.Message)
	}
	return text
}

// Do sends in, unless it is nil, and decodes the answer into out, unless that is nil.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	if err := decode(response, out); err != nil {
		var p *Problem
		if errors.As(err, &p) {
			p.request = method + " " + path
			return p
		}
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// Events opens the event stream, which goes on until ctx ends or the server ends it. The caller closes it.
func (c *Client) Events(ctx context.Context) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/api/v1/events", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("open event stream: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := (&http.Client{}).Do(request) // not ours: that one bounds the time of a whole answer
	if err != nil {
		return nil, fmt.Errorf("open event stream: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("open event stream: %s", response.Status)
	}
	return response.Body, nil
}

func decode(response *http.Response, out any) error {
	body := json.NewDecoder(response.Body)
	if response.StatusCode >= 300 {
		p := &Problem{Status: response.StatusCode}
		if err := body.Decode(p); err != nil {
			p.Detail = response.Status
		}
		return p
	}
	if out == nil {
		return nil
	}
	return body.Decode(out)
}

// All reads every page of a list.
func All[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var all []T
	cursor := ""
	for {
		var page struct {
			Items      []T    `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		query := url.Values{"limit": {"100"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		if err := c.Do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all, nil
		}
	}
}
