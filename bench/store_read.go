package main

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// How often what is read is read, of which the middle counts.
const reads = 21

// measureState measures the query that counts the health of the whole fleet by the current states.
func (b *bench) measureState(ctx context.Context, db *database) error {
	if _, err := db.conn.Exec(ctx, "analyze"); err != nil {
		return err
	}
	everything := fleet.Scope{All: true}
	took, err := timeOf(func() error {
		ages := fleet.AgesAt(time.Now(), 5*time.Minute, 96*time.Hour)
		sum, err := db.Summary(ctx, everything, fleet.HostMatch{Ages: ages, ExpiringBefore: time.Now()})
		if err == nil && sum.Health[fleet.HealthHealthy] != storeHosts {
			err = fmt.Errorf("%d hosts are healthy of %d", sum.Health[fleet.HealthHealthy], storeHosts)
		}
		return err
	})
	b.add(result{Name: "current state of 10,000 checks: the summary", Value: milliseconds(took), Unit: "ms", Limit: 5})
	return err
}

// measureHistory measures what the API reads of a check, with results of the whole retention in the table: those of the
// check itself at the default interval, and of a tenth of the others.
func (b *bench) measureHistory(ctx context.Context, db *database, checks []fleet.Check) error {
	const retention = 96 * time.Hour
	if _, err := db.conn.Exec(ctx, "select make_partitions(now() - $1::interval - interval '1 hour', now())", retention); err != nil {
		return err
	}
	ids := make([]string, 0, len(checks)/10)
	for i := 0; i < len(checks); i += 10 {
		ids = append(ids, checks[i].ID)
	}
	_, err := db.conn.Exec(ctx, `
insert into host_health_check_results (check_id, checked_at, outcome, healthy, detail, latency_ms)
select id::uuid, at, case when n % 50 = 0 then 'unhealthy' else 'healthy' end, n % 50 <> 0, 'nginx.service is active/running', n % 40
from (select at, row_number() over (order by at) as n from generate_series(now() - $1::interval, now(), interval '5 minutes') at) sweeps,
    unnest($2::text[]) id
order by at, id`, retention, ids)
	if err != nil {
		return err
	}
	if _, err := db.conn.Exec(ctx, "analyze host_health_check_results"); err != nil {
		return err
	}
	i := 0
	took, err := timeOf(func() error {
		c := checks[i*10%len(checks)] // each time another one, as people look at them
		i += 37
		history, err := db.CheckHistory(ctx, fleet.Scope{All: true}, c.HostID, c.ID, time.Now().Add(-retention))
		if err == nil && (history.Together.Results < 1150 || history.SpellCount == 0) {
			err = fmt.Errorf("the history of a check has %d results", history.Together.Results)
		}
		return err
	})
	b.add(result{Name: "history of a check over 4 days", Value: milliseconds(took), Unit: "ms", Limit: 20})
	return err
}

// timeOf is the middle of how long do takes, after a first time that does not count.
func timeOf(do func() error) (time.Duration, error) {
	if err := do(); err != nil {
		return 0, err
	}
	var took []float64
	for range reads {
		start := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start).Seconds())
	}
	return time.Duration(middle(took) * float64(time.Second)), nil
}

// measureDrop measures dropping the oldest hour, with 110,000 results in it.
func (b *bench) measureDrop(ctx context.Context, db *database) error {
	const rows = 110_000
	const age = 98 * time.Hour
	if _, err := db.conn.Exec(ctx, "select make_partitions(now() - $1::interval, now())", age); err != nil {
		return err
	}
	if _, err := db.conn.Exec(ctx, `
insert into host_health_check_results (check_id, checked_at, outcome, healthy, detail, latency_ms)
select gen_random_uuid(), date_bin('1 hour', now() - $1::interval, 'epoch') + n * interval '1 ms', 'healthy', true, 'nginx.service is active/running', 12
from generate_series(1, $2::integer) n`, age, rows); err != nil {
		return err
	}
	start := time.Now()
	dropped, err := db.DropResults(ctx, age-time.Hour)
	took := time.Since(start)
	if err != nil || dropped != 1 {
		return fmt.Errorf("%d partitions were dropped: %w", dropped, err)
	}
	b.add(result{Name: "dropping an hour of 110,000 results", Value: milliseconds(took), Unit: "ms", Limit: 50})
	return b.addDead(ctx, db)
}

func (b *bench) addDead(ctx context.Context, db *database) error {
	var dead int
	err := db.conn.QueryRow(ctx, `
select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables where relname like 'host_health_check_results%'`).Scan(&dead)
	if err != nil {
		return err
	}
	if dead > 0 {
		return fmt.Errorf("%d dead rows in the results", dead)
	}
	b.add(result{Name: "… dead rows after it", Value: 0, Unit: "rows"})
	return nil
}
