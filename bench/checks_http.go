package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"time"

	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"golang.org/x/sync/errgroup"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

const (
	pageServers = 20
	pageHosts   = 500
	pageChecks  = pageHosts * checksPerHost
	// checksPerHost is as many as a host can have.
	checksPerHost = 5
	// The poller divides the fleet into shards of at most wholeShard hosts. A sweep of spreadShard ones is 12 s of that of
	// 10,000 hosts.
	wholeShard  = 500
	spreadShard = 25
)

// measureHTTP compares HTTP checks alone, and as the poller does them: read from Postgres, carried out, stored.
func (b *bench) measureHTTP(ctx context.Context, db *database) error {
	pages, err := b.targets(ctx, order{Role: rolePages, Count: pageServers})
	if err != nil {
		return err
	}
	defer pages.end()
	poll, checks, err := newPollOf(ctx, db, pages.urls, pageHosts)
	if err != nil {
		return err
	}
	floor, prober := newPageFloor(), newProber()
	get := func(i int) error { return floor.get(checks[i].URL) }
	sides := []side{
		{"floor", func(context.Context) error { return atOnce(pageChecks, get) }},
		{"HTTP checks", func(ctx context.Context) error {
			return atOnce(pageChecks, func(i int) error { return healthyOr(prober.HTTP(ctx, checks[i], "")) })
		}},
	}
	took, err := inTurns(ctx, b.rounds*turnsPerRound, sides...)
	if err != nil {
		return err
	}
	b.add(result{Name: "HTTP checks: floor", Value: per1000(took[0], pageChecks), Unit: "s per 1,000"})
	b.addCompared("HTTP checks: ours", pageChecks, took[1], took[0], 1.3)
	return b.measureStored(ctx, poll, get)
}

// measureStored compares whole sweeps. Those that are spread store what came in half a second, and their floor is as
// spread: processors that are idle between take more for the same.
func (b *bench) measureStored(ctx context.Context, p *pollOf, get func(int) error) error {
	least := func(context.Context) error { return atOnce(pageChecks, get) }
	sweep := func(ctx context.Context) error { return p.sweep(ctx, wholeShard, dueNow()) }
	if err := sweep(ctx); err != nil { // makes the states
		return err
	}
	if err := b.besideGatus(ctx, p.db, "HTTP checks, stored", b.rounds*turnsPerRound, side{"floor", least}, side{"sweep", sweep}); err != nil {
		return err
	}
	spread := func(ctx context.Context) error { return p.sweep(ctx, spreadShard, dueByAndBy()) }
	least = func(context.Context) error { return byAndBy(pageChecks, get) }
	return b.besideGatus(ctx, p.db, "HTTP checks, stored, spread as over 5 min", b.rounds, side{"spread floor", least}, side{"spread sweep", spread})
}

// besideGatus compares a sweep with the floor, and it and Postgres together with what was recorded of Gatus.
func (b *bench) besideGatus(ctx context.Context, db *database, name string, turns int, floor, sweep side) error {
	before, err := serverCPU(db.pid)
	if err != nil {
		return err
	}
	took, err := inTurns(ctx, turns, floor, sweep)
	if err != nil {
		return err
	}
	after, err := serverCPU(db.pid)
	if err != nil {
		return err
	}
	least, ours := per1000(took[0], pageChecks), per1000(took[1], pageChecks)
	postgres := (after - before) * 1000 / float64(turns*pageChecks)
	b.addCompared(name, pageChecks, took[1], took[0], 1.8)
	b.add(result{Name: "… Postgres for that", Value: postgres, Unit: "s per 1,000"})
	b.add(result{Name: "… Gatus for one of both together, as recorded", Value: gatusSeconds / (ours + postgres), Unit: "ratio", Limit: 30, AtLeast: true})
	b.add(result{Name: "… the same by the floor of this run", Value: gatusFloors * least / (ours + postgres), Unit: "ratio", Limit: 30, AtLeast: true})
	return nil
}

// pageFloor is the least that an HTTP check can be: a fresh connection, a request, the body read and looked through.
type pageFloor struct{ transport *http.Transport }

func newPageFloor() pageFloor {
	return pageFloor{&http.Transport{DisableKeepAlives: true, DisableCompression: true}}
}

func (f pageFloor) get(url string) error {
	req, err := http.NewRequest(http.MethodGet, url, nil) //nolint:noctx // the least that a request can be
	if err != nil {
		return err
	}
	resp, err := f.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(pageText)) {
		return fmt.Errorf("a page was not as expected: %d %w", resp.StatusCode, err)
	}
	return nil
}

// pollOf is the poller of a database, its activities called as Temporal calls them.
type pollOf struct {
	db           *database
	poller       *activities.Poller
	checks       int
	shardsAtOnce int // below zero means all
}

// newPollOf adds hosts with HTTP checks of pages, which it returns.
func newPollOf(ctx context.Context, db *database, pages []string, hosts int) (*pollOf, []fleet.Check, error) {
	checks, err := db.addHosts(ctx, hosts, func(n int) host {
		checks := make([]fleet.Check, checksPerHost)
		for i := range checks {
			checks[i] = fleet.Check{Type: fleet.CheckHTTP, URL: pages[(n+i)%len(pages)], ExpectedBody: pageText}
		}
		return host{checks: checks}
	})
	runner := activities.NewCheckRunner(nil, newProber(), nil, db)
	poller := activities.NewPoller(db, runner, nil, 0, slog.New(slog.DiscardHandler))
	return &pollOf{db: db, poller: poller, checks: len(checks), shardsAtOnce: -1}, checks, err
}

// timing is when a sweep began and must be over.
type timing struct {
	start    time.Time
	interval time.Duration
	hosts    int // of each shard, for the pace
}

// dueNow makes every host due at once: a shard has so many by what it says that each is due right after the one before.
func dueNow() timing { return timing{time.Now(), time.Minute, 1_000_000_000} }

// dueByAndBy gives each shard as many hosts a second as a whole one has at the default interval.
func dueByAndBy() timing {
	return timing{time.Now(), 5 * time.Minute * spreadShard / wholeShard, spreadShard}
}

// byAndBy does n pieces of work when the hosts of a sweep that is spread have their turns.
func byAndBy(n int, do func(i int) error) error {
	at := dueByAndBy()
	pace := fleet.NewPace(at.start, at.interval, spreadShard, 0, at.start)
	var all errgroup.Group
	for i := range n {
		if perTurn := n / spreadShard; i%perTurn == 0 {
			time.Sleep(time.Until(pace.Turn(i / perTurn)))
		}
		all.Go(func() error { return do(i) })
	}
	return all.Wait()
}

// sweep polls all shards of so many hosts, and fails unless all their checks were carried out and found healthy.
func (p *pollOf) sweep(ctx context.Context, size int, at timing) error {
	shards, err := p.db.PollShards(ctx, size, math.MaxInt32)
	if err != nil {
		return err
	}
	reports := make([]activities.SweepReport, len(shards))
	var polling errgroup.Group
	polling.SetLimit(p.shardsAtOnce)
	for i, shard := range shards {
		shard.Hosts = at.hosts
		polling.Go(func() error {
			suite := testsuite.WorkflowTestSuite{}
			suite.SetLogger(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
			env := suite.NewTestActivityEnvironment()
			env.RegisterActivity(p.poller.PollShard)
			value, err := env.ExecuteActivity(p.poller.PollShard, activities.ShardInput{
				Shard: shard, Start: at.start, Interval: at.interval,
			})
			if err != nil {
				return err
			}
			return value.Get(&reports[i])
		})
	}
	if err := polling.Wait(); err != nil {
		return err
	}
	return p.judge(ctx, reports)
}

func (p *pollOf) judge(ctx context.Context, reports []activities.SweepReport) error {
	results, missed := 0, 0
	for _, r := range reports {
		results, missed = results+r.Results, missed+r.Missed
	}
	var unhealthy int
	if err := p.db.pool.QueryRow(ctx, `select count(*) from health_check_states where not healthy`).Scan(&unhealthy); err != nil {
		return err
	}
	if results != p.checks || missed+unhealthy > 0 {
		return fmt.Errorf("a sweep stored %d results, missed %d checks and left %d unhealthy", results, missed, unhealthy)
	}
	return nil
}
