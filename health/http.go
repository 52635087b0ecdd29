package health

import (
	"context"
	"errors"
	"net/http"

	"github.com/patch-manager/patch-manager/fleet"
)

// HTTP requests the URL of check, over a connection of its own and past every proxy. Healthy means a 2xx status and the
// expected text in the first MaxBody bytes. Where the rules for outbound requests do not let it, nothing is sent and the
// outcome is an error. A password is sent where the check has a user, and only to the origin of its URL.
func (p *Prober) HTTP(ctx context.Context, check fleet.Check, password string) fleet.Result {
	return p.run(ctx, check, func(ctx context.Context) verdict {
		transport := p.transportFor(check)
		defer transport.CloseIdleConnections()
		return p.visit(ctx, visit{transport, check, password}, check.URL, 0)
	})
}

// visit is what the requests of one check have in common.
type visit struct {
	transport *http.Transport
	check     fleet.Check
	password  string
}

// visit requests address, to which so many redirects led.
func (p *Prober) visit(ctx context.Context, v visit, address string, redirects int) verdict {
	req, err := v.request(ctx, address)
	if err != nil || fleet.ValidateURL(address) != nil {
		return failure("the URL can not be requested")
	}
	if err := p.rules.CheckURL(address); err != nil {
		return p.requestFailed(ctx, err)
	}
	resp, err := v.transport.RoundTrip(req)
	if err != nil {
		return p.requestFailed(ctx, err)
	}
	defer resp.Body.Close()
	if !isRedirect(resp.StatusCode) || p.redirects == 0 {
		return p.judge(ctx, resp, v.check.ExpectedBody)
	}
	if redirects == p.redirects {
		return unhealthy("answered %d after %d redirects, the most that are followed", resp.StatusCode, redirects)
	}
	next, fault := redirectTarget(req.URL, resp.Header.Get("Location"))
	if fault != "" {
		return unhealthy("answered %d, redirecting %s", resp.StatusCode, fault)
	}
	resp.Body.Close() // its connection must not wait for the end of the next
	return p.visit(ctx, v, next, redirects+1)
}

func (v visit) request(ctx context.Context, address string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "patch-manager-health-check")
	// Asked for by us and unpacked by us, so that the bound counts unpacked bytes.
	req.Header.Set("Accept-Encoding", "gzip")
	if v.check.BasicAuthUser != "" && fleet.SameOrigin(v.check.URL, address) {
		req.SetBasicAuth(v.check.BasicAuthUser, v.password)
	}
	return req, nil
}

func (p *Prober) transportFor(check fleet.Check) *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            p.dialPlain,
		DialTLSContext:         p.dialTLS(check.IgnoreCertErrors),
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}

func (p *Prober) judge(ctx context.Context, resp *http.Response, expected string) verdict {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		if isRedirect(resp.StatusCode) {
			return unhealthy("answered %d; redirects are not followed", resp.StatusCode)
		}
		return unhealthy("answered %d", resp.StatusCode)
	}
	found, truncated, err := search(resp, expected)
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

func (p *Prober) requestFailed(ctx context.Context, err error) verdict {
	var barred *fleet.Error
	switch {
	case errors.As(err, &barred):
		return failure("not carried out: %s", barred.Message)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
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
