package health

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/patch-manager/patch-manager/fleet"
)

// HTTP requests the URL of check, over a connection of its own and past every proxy. Healthy means a 2xx status and the
// expected text in the first MaxBody bytes. Redirects are not followed. A password is sent where the check has a user.
func (p *Prober) HTTP(ctx context.Context, check fleet.Check, password string) fleet.Result {
	return p.run(ctx, check, func(ctx context.Context) verdict {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, check.URL, nil)
		if err != nil {
			return failure("the URL can not be requested")
		}
		req.Header.Set("User-Agent", "patch-manager-health-check")
		// Asked for by us and unpacked by us, so that the bound counts unpacked bytes.
		req.Header.Set("Accept-Encoding", "gzip")
		if check.BasicAuthUser != "" {
			req.SetBasicAuth(check.BasicAuthUser, password)
		}
		transport := transportFor(check)
		defer transport.CloseIdleConnections()
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return p.requestFailed(ctx, err)
		}
		defer resp.Body.Close()
		return p.judge(ctx, resp, check.ExpectedBody)
	})
}

func transportFor(check fleet.Check) *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: check.IgnoreCertErrors, //nolint:gosec // the operator's choice for this check, shown in the UI
		},
	}
}

func (p *Prober) judge(ctx context.Context, resp *http.Response, expected string) verdict {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		if resp.StatusCode/100 == 3 {
			return unhealthy("answered %d; redirects are not followed", resp.StatusCode)
		}
		return unhealthy("answered %d", resp.StatusCode)
	}
	body, err := unpacked(resp)
	if err != nil {
		return p.bodyFailed(ctx, err)
	}
	found, truncated, err := contains(body, expected, MaxBody)
	switch {
	case found:
		return healthy("answered %d with the expected text", resp.StatusCode)
	case err != nil:
		return p.bodyFailed(ctx, err)
	case truncated:
		return unhealthy("answered %d without the expected text in the first %d bytes (truncated)", resp.StatusCode, MaxBody)
	}
	return unhealthy("answered %d without the expected text", resp.StatusCode)
}

func unpacked(resp *http.Response) (io.Reader, error) {
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return resp.Body, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(resp.Body)
	}
	return nil, errEncoding
}

var errEncoding = errors.New("a content encoding that was not asked for")

// contains looks for expected in the first limit bytes of r, whatever pieces they come in, and stops as soon as it is
// found. Truncated says that r goes on after limit.
func contains(r io.Reader, expected string, limit int) (found, truncated bool, err error) {
	window := make([]byte, 0, limit+1)
	for len(window) <= limit {
		n, err := r.Read(window[len(window):cap(window)])
		// What was searched before can only matter with its last bytes, where the text may have begun.
		from := max(0, len(window)-len(expected)+1)
		window = window[:len(window)+n]
		if bytes.Contains(window[from:min(len(window), limit)], []byte(expected)) {
			return true, false, nil
		}
		if errors.Is(err, io.EOF) {
			return false, len(window) > limit, nil
		}
		if err != nil {
			return false, false, err
		}
	}
	return false, true, nil
}

func (p *Prober) requestFailed(ctx context.Context, err error) verdict {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unhealthy("no answer within %s", p.timeout)
	}
	return unhealthy("no answer: %s", reason(err))
}

func (p *Prober) bodyFailed(ctx context.Context, err error) verdict {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unhealthy("the answer was not complete within %s", p.timeout)
	}
	return unhealthy("the answer can not be read: %s", reason(err))
}
