package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store"
)

// database is a Postgres of its own with the settings of a new installation, so that it syncs and logs as a real one.
type database struct {
	*store.Store
	pool *pgxpool.Pool
	conn *pgx.Conn // of the owner
	url  string
	pid  int // of the server
}

// benchDomain is what the names of hosts end in.
const benchDomain = "bench.internal"

// maxConns is the default of the setting database.max_conns.
const maxConns = 20

// withDatabase runs measure on a database of its own.
func (b *bench) withDatabase(ctx context.Context, measure func(context.Context, *database) error) error {
	if err := devstack.RemoveState(b.dir); err != nil {
		return err
	}
	pg, err := devstack.StartPostgres(ctx, devstack.PostgresConfig{Dir: b.dir + "/postgres", Database: "patch_manager"})
	if err != nil {
		return err
	}
	err = func() error {
		db, err := b.openDatabase(ctx, pg.URL(), pg.PID())
		if err != nil {
			return err
		}
		defer db.close(ctx)
		return measure(ctx, db)
	}()
	return errors.Join(err, pg.Stop(), devstack.RemoveState(b.dir))
}

func (b *bench) openDatabase(ctx context.Context, url string, pid int) (*database, error) {
	if _, err := store.Migrate(ctx, url); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = maxConns
	key, err := secret.OpenAuditKey(b.dir+"/audit.key", false)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	pool, err := store.Connect(ctx, config)
	if err != nil {
		return nil, err
	}
	return &database{Store: store.New(pool, key), pool: pool, conn: conn, url: url, pid: pid}, nil
}

func (d *database) close(ctx context.Context) {
	d.pool.Close()
	_ = d.conn.Close(ctx) // nothing is measured any more
}

// host is a host to add, with its checks.
type host struct {
	address string // 127.0.0.1 unless given
	port    int    // the default of agents unless given
	checks  []fleet.Check
}

// addHosts adds n hosts as make makes them, and returns all checks. Ids are of version 7, as the API makes them.
func (d *database) addHosts(ctx context.Context, n int, make func(i int) host) ([]fleet.Check, error) {
	var hosts, rows [][]any
	var checks []fleet.Check
	defined := time.Now().UTC().Truncate(time.Microsecond)
	for i := range n {
		id := uuid.Must(uuid.NewV7()).String()
		h := make(i)
		hosts = append(hosts, []any{
			id, fmt.Sprintf("host-%s.%s", id, benchDomain), cmp.Or(h.address, "127.0.0.1"), cmp.Or(h.port, agent.DefaultPort),
		})
		for slot, c := range h.checks {
			c.ID, c.HostID, c.DefinedAt = uuid.Must(uuid.NewV7()).String(), id, defined
			checks = append(checks, c)
			rows = append(rows, []any{
				c.ID, id, slot + 1, fmt.Sprintf("check %d", slot), string(c.Type),
				text(c.ServiceName), text(c.URL), text(c.ExpectedBody), defined,
			})
		}
	}
	columns := []string{"id", "fqdn", "address", "agent_port"}
	if _, err := d.conn.CopyFrom(ctx, pgx.Identifier{"hosts"}, columns, pgx.CopyFromRows(hosts)); err != nil {
		return nil, err
	}
	columns = []string{"id", "host_id", "slot", "name", "check_type", "service_name", "url", "expected_body", "defined_at"}
	if _, err := d.conn.CopyFrom(ctx, pgx.Identifier{"host_health_checks"}, columns, pgx.CopyFromRows(rows)); err != nil {
		return nil, err
	}
	_, err := d.conn.Exec(ctx, "analyze hosts, host_health_checks")
	return checks, err
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
