package activities_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// stockFleet answers inventories; what it was asked to fail is by the name of the request.
type stockFleet struct {
	fleet.AgentConn
	failing map[string]error
	asked   func(ctx context.Context)
	hosts   []fleet.Endpoint
	expires time.Time

	mu     sync.Mutex
	stored []fleet.Inventory
	closed int
}

func (s *stockFleet) Connect(fleet.Endpoint) fleet.AgentConn { return s }

func (s *stockFleet) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
}

func (s *stockFleet) CertificateNotAfter() *time.Time { return &s.expires }

func (s *stockFleet) Health(ctx context.Context) (fleet.AgentHealth, error) {
	if s.asked != nil {
		s.asked(ctx)
	}
	return fleet.AgentHealth{Version: "2.5.5", CacheStatus: "fresh"}, s.failing["health"]
}

func (s *stockFleet) SystemInfo(context.Context) (fleet.AgentSystemInfo, error) {
	return fleet.AgentSystemInfo{OS: "Debian", OSVersion: "12", PendingReboot: true}, s.failing["info"]
}

func (s *stockFleet) Patches(context.Context) (fleet.AgentPatches, error) {
	return fleet.AgentPatches{Patches: []fleet.Patch{{Name: "curl"}}}, s.failing["patches"]
}

func (s *stockFleet) InventoryShards(context.Context, int, int) ([]fleet.Shard, error) {
	return []fleet.Shard{{Zone: fleet.DefaultZone, Hosts: len(s.hosts)}}, nil
}

func (s *stockFleet) ShardHosts(_ context.Context, _ fleet.Shard, after string, limit int) ([]fleet.Endpoint, error) {
	page := []fleet.Endpoint{}
	for _, h := range s.hosts {
		if h.HostID > after && len(page) < limit {
			page = append(page, h)
		}
	}
	return page, nil
}

func (s *stockFleet) CountHosts(context.Context, fleet.Shard, string) (int, error) { return 0, nil }

func (s *stockFleet) StoreInventory(_ context.Context, inventory fleet.Inventory) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = append(s.stored, inventory)
	return nil
}

// refresh reads the inventory of one host and returns what was stored of it.
func (s *stockFleet) refresh(t *testing.T) fleet.Inventory {
	t.Helper()
	require.NoError(t, activities.NewInventoryReader(s, s).RefreshInventory(t.Context(), fleet.Host{ID: "h1"}))
	require.Len(t, s.stored, 1)
	require.Equal(t, 1, s.closed)
	require.WithinDuration(t, time.Now(), s.stored[0].At, time.Minute)
	got := s.stored[0]
	got.At = time.Time{}
	return got
}

func TestAnInventoryIsWhatTheHostSaysOfItself(t *testing.T) {
	t.Parallel()
	s := &stockFleet{}
	require.Equal(t, fleet.Inventory{
		HostID: "h1", Reachable: true, AgentVersion: "2.5.5", OS: "Debian", OSVersion: "12", CacheStatus: "fresh",
		RebootRequired: true, Patches: []fleet.Patch{{Name: "curl"}}, CertificateExpiresAt: &s.expires,
	}, s.refresh(t))
}

func TestAnAgentThatDoesNotAnswerIsUnreachable(t *testing.T) {
	t.Parallel()
	s := &stockFleet{failing: map[string]error{"health": fmt.Errorf("%w: dial 10.0.0.1:12443", fleet.ErrAgentUnreachable)}}
	got := s.refresh(t)
	require.False(t, got.Reachable)
	require.Equal(t, "ask for health: agent unreachable: dial 10.0.0.1:12443", got.Error)
	require.Empty(t, got.AgentVersion)
}

func TestAnAgentThatAnswersWithAnErrorIsReachableButItsPackagesAreNotKnown(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"info", "patches"} {
		s := &stockFleet{failing: map[string]error{request: &fleet.AgentError{Status: 500, Code: "UNKNOWN_ERROR", Message: "no"}}}
		got := s.refresh(t)
		require.True(t, got.Reachable)
		require.Contains(t, got.Error, "UNKNOWN_ERROR")
		require.Equal(t, "2.5.5", got.AgentVersion)
		require.Empty(t, got.OS)
		require.Nil(t, got.Patches)
	}
	s := &stockFleet{failing: map[string]error{"health": fmt.Errorf("%w: not an HTTP answer", fleet.ErrAgentMalformed)}}
	require.True(t, s.refresh(t).Reachable)
}

func TestAnInventoryThatWeBrokeOffIsNotStored(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := &stockFleet{asked: func(context.Context) { cancel() }}
	err := activities.NewInventoryReader(s, s).RefreshInventory(ctx, fleet.Host{ID: "h1"})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, s.stored)
}

func TestAHostIsNotAskedForLongerThanItsBound(t *testing.T) {
	t.Parallel()
	s := &stockFleet{asked: func(ctx context.Context) {
		deadline, bounded := ctx.Deadline()
		require.True(t, bounded)
		require.WithinDuration(t, time.Now().Add(30*time.Second), deadline, 10*time.Second)
	}}
	s.refresh(t)
}

func TestAnInventorySweepAsksEveryHost(t *testing.T) {
	t.Parallel()
	s := &stockFleet{}
	for n := range 45 {
		s.hosts = append(s.hosts, fleet.Endpoint{HostID: fmt.Sprintf("h%02d", n)})
	}
	i := activities.NewInventory(activities.NewInventoryReader(s, s), slog.New(slog.DiscardHandler))
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	env.RegisterActivity(i.TakeInventory)
	result, err := env.ExecuteActivity(i.TakeInventory, shardInput())
	require.NoError(t, err)
	var report activities.SweepReport
	require.NoError(t, result.Get(&report))
	require.Equal(t, activities.SweepReport{Hosts: 45, Results: 45}, report)
	require.Len(t, s.stored, 45)
}
