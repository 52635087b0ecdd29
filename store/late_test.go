package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
)

// looker counts looks at the states and answers with hosts or an error.
type looker struct {
	store.LateHosts
	looks []time.Time
	hosts []string
	err   error
}

func newLooker() *looker {
	l := &looker{}
	l.LateHosts = store.NewLateHosts(func(_ context.Context, before time.Time, _ int32) ([]string, error) {
		l.looks = append(l.looks, before)
		time.Sleep(time.Millisecond)
		return l.hosts, l.err
	})
	return l
}

func TestHostsWithOldResultsAreLookedForOnceInSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLooker()
		l.hosts = []string{"a"}
		old := func() time.Time { return time.Now().Add(-10 * time.Minute) }
		ask := func() {
			hosts, err := l.From(t.Context(), old())
			require.NoError(t, err)
			require.Equal(t, []string{"a"}, hosts)
		}
		var all errgroup.Group
		for range 100 {
			all.Go(func() error { _, err := l.From(t.Context(), old()); return err })
		}
		require.NoError(t, all.Wait())
		require.Len(t, l.looks, 1, "whoever asks at once")
		time.Sleep(store.LateFor - 2*time.Millisecond)
		ask()
		require.Len(t, l.looks, 1, "just before the seconds are over")
		require.False(t, old().After(l.looks[0]), "the look was for results that are too old by now as well")
		time.Sleep(2 * time.Millisecond)
		ask()
		require.Len(t, l.looks, 2, "after them")

		_, err := l.From(t.Context(), old().Add(store.LateFor+time.Second))
		require.NoError(t, err)
		require.Len(t, l.looks, 3, "who counts younger results as old")
	})
}

func TestALookThatFailedIsNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLooker()
		l.err = errors.New("away")
		_, err := l.From(t.Context(), time.Now())
		require.ErrorIs(t, err, l.err)
		l.err, l.hosts = nil, []string{"a"}
		hosts, err := l.From(t.Context(), time.Now())
		require.NoError(t, err)
		require.Equal(t, []string{"a"}, hosts)
	})
}

// Up to a number hosts with old results are named in the query, and beyond it all are looked at.
func TestCountsAreTheSameHoweverManyHostsHaveOldResults(t *testing.T) {
	t.Parallel()
	for _, old := range []int{0, 1, store.MaxLate, store.MaxLate + 1} {
		t.Run(fmt.Sprint(old), func(t *testing.T) {
			t.Parallel()
			db := newSweepDB(t)
			db.exec(`insert into hosts (id, fqdn, address) select gen_random_uuid(), n || '.example', '10.0.0.1' from generate_series(1, $1) n`,
				store.MaxLate+2)
			db.exec(`insert into host_health_checks (id, host_id, slot, name, check_type, service_name)
				select gen_random_uuid(), id, 1, 'c', 'service', 'nginx' from hosts`)
			db.exec(`insert into health_check_states (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
				select c.id, host_id, 'healthy', true, '', 1, at, at, 'healthy', at
				from (select c.*, case when row_number() over () <= $1 then $2::timestamptz - interval '1 hour' else $2 end as at from host_health_checks c) c`,
				old, startOfTest)
			ages := fleet.ResultAges{StaleBefore: startOfTest.Add(-time.Minute), KeptSince: startOfTest.Add(-24 * time.Hour)}
			sum, err := db.store.Summary(t.Context(), everything, fleet.HostMatch{Ages: ages})
			require.NoError(t, err)
			require.Equal(t, old, sum.Health[fleet.HealthUnknown])
			require.Equal(t, old, sum.Stale)
			require.Equal(t, store.MaxLate+2-old, sum.Health[fleet.HealthHealthy])
		})
	}
}
