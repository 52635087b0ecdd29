package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
)

// live is a whole system of the product's own processes, on a Postgres and a Temporal that keep their state on disk, and
// a fleet that a process of its own answers for.
type live struct {
	*devstack.Stack
	temporal client.Client
	db       *database
	interval time.Duration // of sweeps
	hosts    int
	crowd    int // process id
}

// liveConfig says how large a system is.
type liveConfig struct {
	hosts    int // that answer
	silent   int // that accept connections and never answer
	interval time.Duration
	environ  []string // of the product's processes, besides that of this one
}

// Each host has as many checks; its agent is asked for the services.
const (
	liveServices = 3
	livePages    = 2
	liveChecks   = liveServices + livePages
)

// withLive runs measure on a system of its own.
func (b *bench) withLive(ctx context.Context, c liveConfig, measure func(context.Context, *live) error) error {
	if err := devstack.RemoveState(b.dir); err != nil {
		return err
	}
	program, err := productProgram()
	if err != nil {
		return err
	}
	l := &live{interval: c.interval, hosts: c.hosts}
	var ends []func()
	settings := map[string]string{
		"health.poll_interval": c.interval.String(), "agent.inventory_interval": "24h", "checks.allow": "127.0.0.0/8",
		"api.listen": devstack.Address(0),
	}
	l.Stack, err = devstack.StartStack(ctx, devstack.StackConfig{
		Dir: b.dir, Program: program, Environ: append(os.Environ(), c.environ...), Settings: settings, Say: b.say,
		Register: func(ctx context.Context, s *devstack.Stack) error {
			l.Stack = s
			end, err := b.populate(ctx, l, c)
			ends = append(ends, end...)
			return err
		},
	})
	if err == nil {
		err = l.dial(ctx, func() error { return measure(ctx, l) })
		err = errors.Join(err, l.Stop())
	}
	for _, end := range ends {
		end()
	}
	return errors.Join(err, devstack.RemoveState(b.dir))
}

// productProgram is the product beside this program.
func productProgram() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	program := filepath.Join(filepath.Dir(own), "patch-manager")
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("the product is not built: %w", err)
	}
	return program, nil
}

// populate starts what answers for the hosts and adds these to the database. The functions that it returns end it.
func (b *bench) populate(ctx context.Context, l *live, c liveConfig) (ends []func(), err error) {
	l.db, err = b.openDatabase(ctx, l.DatabaseURL(), l.PIDs()["postgres"])
	if err != nil {
		return nil, err
	}
	ends = append(ends, func() { l.db.close(context.WithoutCancel(ctx)) })
	for _, kind := range []struct {
		role  string
		hosts int
	}{{roleSilent, c.silent}, {roleCrowd, c.hosts}} {
		if kind.hosts == 0 {
			continue
		}
		crowd, err := b.targets(ctx, order{Role: kind.role, Dir: b.dir + "/pki"})
		if err != nil {
			return ends, err
		}
		ends = append(ends, crowd.end)
		l.crowd = crowd.cmd.Process.Pid
		hosts, err := crowdHosts(crowd.urls)
		if err != nil {
			return ends, err
		}
		b.say("adding %d hosts", kind.hosts)
		if _, err := l.db.addHosts(ctx, kind.hosts, hosts); err != nil {
			return ends, err
		}
		if kind.role == roleSilent { // they are not swept before they are told to be
			if err := l.enableDead(ctx, false); err != nil {
				return ends, err
			}
		}
	}
	return ends, nil
}

// dial connects to Temporal while do runs.
func (l *live) dial(ctx context.Context, do func() error) error {
	c, err := client.DialContext(ctx, client.Options{
		HostPort: l.TemporalAddress(), Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	l.temporal = c
	return do()
}

// value reads one value from the database.
func value[T any](ctx context.Context, l *live, sql string, args ...any) (T, error) {
	rows, err := l.db.conn.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
}

// crowdHosts makes hosts that are at the addresses of a crowd in turn: agents first, then pages.
func crowdHosts(addresses []string) (func(i int) host, error) {
	agents, pages := addresses[:len(addresses)/2], addresses[len(addresses)/2:]
	ports := make([]int, len(agents))
	names := make([]string, len(agents))
	for i, address := range agents {
		endpoint, err := netip.ParseAddrPort(address)
		if err != nil {
			return nil, err
		}
		names[i], ports[i] = endpoint.Addr().String(), int(endpoint.Port())
	}
	return func(i int) host {
		h := host{address: names[i%len(names)], port: ports[i%len(ports)]}
		for n := range liveServices {
			h.checks = append(h.checks, fleet.Check{Type: fleet.CheckService, ServiceName: serviceOf(n)})
		}
		for n := range livePages {
			h.checks = append(h.checks, fleet.Check{Type: fleet.CheckHTTP, URL: "http://" + pages[(i+n)%len(pages)] + "/", ExpectedBody: pageText})
		}
		return h
	}, nil
}
