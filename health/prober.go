package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of a check where Config does not say.
const (
	DefaultTimeout = 10 * time.Second
	MaxBody        = 64 << 10 // bytes, after decompression
	maxHeader      = 32 << 10
)

// Config bounds the probes. Its zero value requests no URL.
type Config struct {
	Timeout   time.Duration       // of a whole check, dialling and reading included; 0 means DefaultTimeout
	Rules     fleet.OutboundRules // for HTTP checks
	Servers   []string            // host:port of what the manager itself works with, which checks do not reach
	Redirects int                 // how many an HTTP check follows, each by the same rules
	Resolver  *net.Resolver       // nil means that of the machine
}

// Prober carries checks out. It is safe for concurrent use.
type Prober struct {
	timeout      time.Duration
	rules        fleet.OutboundRules
	redirects    int
	resolver     *net.Resolver
	surroundings *surroundings
	now          func() time.Time
	connecting   func(netip.AddrPort) // told of every connection that is about to be made
}

// NewProber makes a prober.
func NewProber(cfg Config) *Prober {
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	return &Prober{
		timeout: cfg.Timeout, rules: cfg.Rules, redirects: cfg.Redirects, resolver: cfg.Resolver, now: time.Now,
		surroundings: &surroundings{servers: cfg.Servers, listed: cfg.Rules.Allow.Endpoints, resolver: cfg.Resolver, age: surroundingsAge},
		connecting:   func(netip.AddrPort) {},
	}
}

// verdict is what a probe found.
type verdict struct {
	outcome fleet.Outcome
	detail  string
}

func healthy(format string, args ...any) verdict {
	return verdict{fleet.OutcomeHealthy, fmt.Sprintf(format, args...)}
}

func unhealthy(format string, args ...any) verdict {
	return verdict{fleet.OutcomeUnhealthy, fmt.Sprintf(format, args...)}
}

// failure is for what keeps us from carrying the check out; a host that does not answer is unhealthy instead.
func failure(format string, args ...any) verdict {
	return verdict{fleet.OutcomeError, fmt.Sprintf(format, args...)}
}

// run bounds a probe in time and makes its verdict a result.
func (p *Prober) run(ctx context.Context, check fleet.Check, probe func(context.Context) verdict) fleet.Result {
	result := fleet.Result{CheckID: check.ID, HostID: check.HostID, CheckedAt: p.now()}
	bounded, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	v := probe(bounded)
	if v.outcome != fleet.OutcomeHealthy && errors.Is(ctx.Err(), context.Canceled) {
		// We stopped, so the host was not heard out.
		v = failure("the check was interrupted")
	}
	result.Latency = p.now().Sub(result.CheckedAt)
	result.Outcome, result.Detail = v.outcome, fleet.Clip(v.detail)
	return result
}
