package health_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

// onServer is a prober whose manager works with a server at database.test, at the port of url.
func onServer(t *testing.T, url string, answers func() []netip.Addr, allow ...string) *health.Prober {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	names := &nameServer{answers: func(name string, _ int) []netip.Addr {
		if name == "database.test." {
			return answers()
		}
		return written(name, 0)
	}}
	rules := onLoopback
	for _, host := range allow {
		rules.Allow.Endpoints = append(rules.Allow.Endpoints, net.JoinHostPort(host, port))
	}
	p := health.NewProber(health.Config{
		Timeout: 5 * time.Second, Rules: rules, Resolver: names.resolver(t), Servers: []string{"database.test:" + port},
	})
	health.ReadSurroundingsEachTime(p)
	return p
}

func loopback() []netip.Addr { return []netip.Addr{netip.MustParseAddr("127.0.0.1")} }

func TestTheDatabaseIsNotReachedByWhateverNameUnlessItIsListed(t *testing.T) {
	t.Parallel()
	url := serve(t, body("ok"))
	named := strings.Replace(url, "127.0.0.1", "v4-127-0-0-1.test", 1)
	for _, u := range []string{url, named} {
		check := fleet.Check{URL: u, ExpectedBody: "ok"}
		result := onServer(t, url, loopback).HTTP(t.Context(), check, "")
		require.Equal(t, fleet.OutcomeError, result.Outcome)
		require.Contains(t, result.Detail, "only where an administrator lists it")
		require.Equal(t, fleet.OutcomeHealthy, onServer(t, url, loopback, "127.0.0.1").HTTP(t.Context(), check, "").Outcome)
		require.Equal(t, fleet.OutcomeHealthy, onServer(t, url, loopback, "database.test").HTTP(t.Context(), check, "").Outcome)
		require.Equal(t, fleet.OutcomeError, onServer(t, url, loopback, "nobody.test").HTTP(t.Context(), check, "").Outcome)
	}
}

func TestNothingIsReachedBeforeTheServersOfTheManagerAreKnown(t *testing.T) {
	t.Parallel()
	url := serve(t, body("ok"))
	var known atomic.Bool
	p := onServer(t, url, func() []netip.Addr {
		if known.Load() {
			return []netip.Addr{netip.MustParseAddr("10.0.0.1")}
		}
		return nil
	})
	check := fleet.Check{URL: url, ExpectedBody: "ok"}
	result := p.HTTP(t.Context(), check, "")
	require.Equal(t, fleet.OutcomeError, result.Outcome)
	require.Contains(t, result.Detail, "can not be told")
	known.Store(true)
	require.Equal(t, fleet.OutcomeHealthy, p.HTTP(t.Context(), check, "").Outcome)
	known.Store(false)
	require.Equal(t, fleet.OutcomeHealthy, p.HTTP(t.Context(), check, "").Outcome, "what was known stays, while the name can not be resolved")
}

func TestAServerThatMovesIsNotReachedWhereItIsNow(t *testing.T) {
	t.Parallel()
	url := serve(t, body("ok"))
	var address atomic.Pointer[netip.Addr]
	move := func(to string) { a := netip.MustParseAddr(to); address.Store(&a) }
	move("10.0.0.1")
	p := onServer(t, url, func() []netip.Addr { return []netip.Addr{*address.Load()} })
	check := fleet.Check{URL: url, ExpectedBody: "ok"}
	require.Equal(t, fleet.OutcomeHealthy, p.HTTP(t.Context(), check, "").Outcome)
	move("127.0.0.1")
	require.Equal(t, fleet.OutcomeError, p.HTTP(t.Context(), check, "").Outcome)
}

func TestAProberWithoutRulesReachesNothing(t *testing.T) {
	t.Parallel()
	url := serve(t, body("ok"))
	result := health.NewProber(health.Config{}).HTTP(t.Context(), fleet.Check{URL: url, ExpectedBody: "ok"}, "")
	require.Equal(t, fleet.OutcomeError, result.Outcome)
	require.Contains(t, result.Detail, "port")
	require.NotContains(t, result.Detail, fmt.Sprint(loopback()[0]))
}
