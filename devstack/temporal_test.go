package devstack_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/patch-manager/patch-manager/devstack"
)

func startTemporal(t *testing.T, c devstack.TemporalConfig) *devstack.Temporal {
	t.Helper()
	server, err := devstack.StartTemporal(context.Background(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}

func TestTemporalKeepsItsStateOverAStopAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	c := devstack.TemporalConfig{Dir: filepath.Join(t.TempDir(), "a clone", "temporal"), UIPort: -1}
	first := startTemporal(t, c)
	schedule(t, first, func(ctx context.Context, s client.ScheduleClient) {
		_, err := s.Create(ctx, client.ScheduleOptions{
			ID: "kept", Spec: client.ScheduleSpec{}, Paused: true,
			Action: &client.ScheduleWorkflowAction{ID: "w", Workflow: "W", TaskQueue: "q"},
		})
		require.NoError(t, err)
	})
	require.NoError(t, first.Stop())
	requireGone(t, first.PID())

	schedule(t, startTemporal(t, c), func(ctx context.Context, s client.ScheduleClient) {
		_, err := s.GetHandle(ctx, "kept").Describe(ctx)
		require.NoError(t, err)
	})
}

func schedule(t *testing.T, server *devstack.Temporal, do func(context.Context, client.ScheduleClient)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{HostPort: server.Address()})
	require.NoError(t, err)
	defer c.Close()
	do(ctx, c.ScheduleClient())
}

func TestTemporalKnowsTheSearchAttributesOfRuns(t *testing.T) {
	t.Parallel()
	server := startTemporal(t, devstack.TemporalConfig{Dir: t.TempDir(), InMemory: true, UIPort: -1})
	c, err := client.Dial(client.Options{HostPort: server.Address()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	known, err := c.OperatorService().ListSearchAttributes(context.Background(),
		&operatorservice.ListSearchAttributesRequest{Namespace: "default"})
	require.NoError(t, err)
	for _, name := range []string{"PatchJob", "PatchHost", "PatchPhase", "WindowEnd"} {
		require.Contains(t, known.GetCustomAttributes(), name)
	}
}

func TestATakenTemporalPortNamesTheSettingThatChoosesAnother(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	port := l.Addr().(*net.TCPAddr).Port
	_, err = devstack.StartTemporal(context.Background(), devstack.TemporalConfig{Dir: t.TempDir(), UIPort: port, UIPortSetting: "UI_PORT"})
	require.ErrorContains(t, err, "UI_PORT")
}

func TestThePinnedTemporalIsTheOneThatIsLookedFor(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../temporal-dev/go.mod")
	require.NoError(t, err)
	require.Contains(t, string(mod), "github.com/temporalio/cli "+devstack.TemporalVersion+" ")
}
