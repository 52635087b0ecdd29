package activities

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// slowStore takes a second and more for everything, and can not store one of the checks.
type slowStore struct {
	PollStore
	refused string

	mu     sync.Mutex
	stored [][]string // the checks of each transaction
	looks  [][]string // the hosts of each look for runs
	woken  []string
}

func (s *slowStore) StoreResults(_ context.Context, results []fleet.Result) error {
	time.Sleep(time.Second)
	ids := make([]string, len(results))
	for i, r := range results {
		ids[i] = r.CheckID
	}
	if slices.Contains(ids, s.refused) {
		return errors.New("refused")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = append(s.stored, ids)
	return nil
}

// ReleasableRuns takes longer than storing, so that the look for the first is under way when the others ask.
func (s *slowStore) ReleasableRuns(_ context.Context, hosts []string) ([]fleet.RunRef, error) {
	time.Sleep(1500 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks = append(s.looks, hosts)
	runs := make([]fleet.RunRef, len(hosts))
	for i, h := range hosts {
		runs[i] = fleet.RunRef{JobID: "j", HostID: h}
	}
	return runs, nil
}

func (s *slowStore) WakeHost(_ context.Context, _, hostID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.woken = append(s.woken, hostID)
	return nil
}

// storeFrom has shards store the results of one host each, one a little after the other.
func storeFrom(t *testing.T, s *slowStore, hosts ...string) []error {
	t.Helper()
	p := NewPoller(s, nil, s, 0, slog.New(slog.DiscardHandler))
	errs := make([]error, len(hosts))
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() {
			errs[i] = p.storeBatch(t.Context(), []fleet.Result{{CheckID: h, HostID: h, Outcome: fleet.OutcomeHealthy}})
		})
		time.Sleep(time.Millisecond)
	}
	all.Wait()
	return errs
}

func TestShardsThatStoreAtOnceShareTransactionsAndEachWakesItsOwnRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{}
		require.Equal(t, []error{nil, nil, nil}, storeFrom(t, s, "a", "b", "c"))
		require.Equal(t, [][]string{{"a"}, {"b", "c"}}, s.stored)
		slices.Sort(s.looks[1])
		require.Equal(t, [][]string{{"a"}, {"b", "c"}}, s.looks)
		require.ElementsMatch(t, []string{"a", "b", "c"}, s.woken)
	})
}

func TestAResultThatCanNotBeStoredFailsItsOwnShardAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{refused: "b"}
		errs := storeFrom(t, s, "a", "b", "c")
		require.NoError(t, errs[0])
		require.Error(t, errs[1])
		require.NoError(t, errs[2])
		require.Equal(t, [][]string{{"a"}, {"c"}}, s.stored)
	})
}

func TestAllShardsStoreAtTheSameInstants(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, after := range []time.Duration{0, 1, collectPeriod / 3, collectPeriod - 1} {
		now := at.Add(after)
		require.Equal(t, at.Add(collectPeriod), now.Add(untilCollected(now)))
	}
}
