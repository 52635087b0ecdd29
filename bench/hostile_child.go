package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
	"github.com/patch-manager/patch-manager/health/healthtest"
)

// The roles of the processes that measureHostile starts.
const (
	roleHostile = "hostile" // serves hostile targets
	roleHealthy = "healthy" // serves healthy ones
	roleDelay   = "delay"   // measures how long healthy checks take
	roleMemory  = "memory"  // measures what hostile checks add
)

// order is what such a process is told on its standard input; it says its answer on the standard output.
type order struct {
	Role             string
	Count            int    // of the targets to serve
	Kind             string // of the hostile ones; every kind unless given
	Hostile, Healthy []string
	Rounds           int
	Dir              string // of the authority of agents
}

// delay is how long each healthy check took.
type delay struct{ Alone, Beside []time.Duration }

// p95 returns the 95th percentiles.
func (d delay) p95() (alone, beside time.Duration, ratio float64) {
	alone, beside = percentile(d.Alone, 95), percentile(d.Beside, 95)
	return alone, beside, float64(beside) / float64(alone)
}

func runChild(ctx context.Context, in io.Reader, out io.Writer) error {
	orders := json.NewDecoder(in)
	var o order
	if err := orders.Decode(&o); err != nil {
		return err
	}
	answer, err := o.carryOut(ctx)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(answer); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in) // targets are there until it ends
	return nil
}

func (o order) carryOut(ctx context.Context) (any, error) {
	switch o.Role {
	case roleHostile:
		return o.serveHostile()
	case roleHealthy:
		return o.serveHealthy(), nil
	case roleDelay:
		return o.measureDelay(ctx)
	case rolePages:
		return o.servePages(), nil
	case roleAgents:
		return o.serveAgents()
	case roleCrowd, roleSilent:
		return o.serveCrowd()
	}
	return o.measureMemory(ctx)
}

func (o order) serveHostile() ([]string, error) {
	kinds := slices.DeleteFunc(slices.Clone(healthtest.Kinds), func(k healthtest.Kind) bool { return o.Kind != "" && o.Kind != k.Name })
	var urls []string
	for i := range o.Count {
		s, err := healthtest.Serve(kinds[i%len(kinds)])
		if err != nil {
			return nil, err
		}
		urls = append(urls, s.URL())
	}
	return urls, nil
}

// serveHealthy serves pages, every other one over TLS.
func (o order) serveHealthy() []string {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "all is ok") })
	var urls []string
	for i := range o.Count {
		s := httptest.NewUnstartedServer(page)
		if i%2 == 0 {
			s.Start()
		} else {
			s.StartTLS()
		}
		urls = append(urls, s.URL)
	}
	return urls
}

func newProber() *health.Prober {
	return health.NewProber(health.Config{Redirects: 5, Rules: fleet.OutboundRules{
		Ports: []fleet.PortRange{{First: 1024, Last: 65535}},
		Allow: fleet.OutboundAllow{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	}})
}

func httpCheck(url string) fleet.Check {
	return fleet.Check{Type: fleet.CheckHTTP, URL: url, ExpectedBody: "ok", IgnoreCertErrors: true}
}

// The healthy targets are checked at a steady pace, as the poller does it, for as long as a check may take.
const (
	healthyChecks = 400
	pace          = health.DefaultTimeout / healthyChecks
)

// measureDelay measures in turns, so that whatever else the machine does meets both sides.
func (o order) measureDelay(ctx context.Context) ([]delay, error) {
	p := newProber()
	if _, err := latencies(ctx, p, o.Healthy, nil); err != nil {
		return nil, err
	}
	var rounds []delay
	for range o.Rounds {
		alone, err := latencies(ctx, p, o.Healthy, nil)
		if err != nil {
			return nil, err
		}
		beside, err := latencies(ctx, p, o.Healthy, o.Hostile)
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, delay{alone, beside})
	}
	return rounds, nil
}

// latencies checks the healthy targets while checks of the hostile ones, all begun in one instant, are under way.
func latencies(ctx context.Context, p *health.Prober, healthy, hostile []string) ([]time.Duration, error) {
	var all sync.WaitGroup
	for _, url := range hostile {
		all.Go(func() { p.HTTP(ctx, httpCheck(url), "") })
	}
	results := make([]fleet.Result, healthyChecks)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := range results {
		all.Go(func() { results[i] = p.HTTP(ctx, httpCheck(healthy[i%len(healthy)]), "") })
		<-tick.C
	}
	all.Wait()
	took := make([]time.Duration, len(results))
	for i, r := range results {
		if !r.Healthy() {
			return nil, fmt.Errorf("a healthy target was not: %s", r.Detail)
		}
		took[i] = r.Latency
	}
	return took, nil
}

// holdFor is how long hostile checks are given to come to their worst before their memory is measured.
const holdFor = 4 * time.Second

func (o order) measureMemory(ctx context.Context) (healthtest.Memory, error) {
	before, err := healthtest.MeasureMemory()
	if err != nil {
		return healthtest.Memory{}, err
	}
	p := newProber()
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, url := range o.Hostile {
		all.Go(func() { p.HTTP(ctx, httpCheck(url), "") })
	}
	time.Sleep(holdFor)
	after, err := healthtest.MeasureMemory()
	stop()
	all.Wait()
	return healthtest.Memory{Live: after.Live - before.Live, Peak: after.Peak - before.Resident}, err
}
