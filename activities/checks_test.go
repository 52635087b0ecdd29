package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

func TestServiceChecksOfAHostShareOneConnectionAndNeverOverlap(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	runner := activities.NewCheckRunner(f, f, f, f)

	results, err := runner.Run(t.Context(), fleet.Host{ID: "h1"}, []fleet.Check{
		serviceCheck("h1", "a"), httpCheck("h1", "b"), serviceCheck("h1", "c"),
	})

	require.NoError(t, err)
	require.EqualValues(t, 1, f.connected.Load())
	require.EqualValues(t, 1, f.closed.Load())
	require.False(t, f.overlapped.Load())
	require.Equal(t, []string{"a", "b", "c"}, checkIDs(results))
	require.Equal(t, results, f.stored())
}

func TestAHostWithoutServiceChecksIsNotDialled(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	_, err := activities.NewCheckRunner(f, f, f, f).Run(t.Context(), fleet.Host{ID: "h1"}, []fleet.Check{httpCheck("h1", "a")})
	require.NoError(t, err)
	require.Zero(t, f.connected.Load())
}

func TestAPasswordThatCanNotBeOpenedIsAnErrorAndTheURLIsNotAsked(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.openErr = errors.New("the key file is gone")
	check := httpCheck("h1", "a")
	check.Password = &fleet.SealedPassword{Ciphertext: []byte("x")}

	results, err := activities.NewCheckRunner(f, f, f, f).Run(t.Context(), fleet.Host{ID: "h1"}, []fleet.Check{check})

	require.NoError(t, err)
	require.Equal(t, fleet.OutcomeError, results[0].Outcome)
	require.Contains(t, results[0].Detail, "the key file is gone")
	require.WithinDuration(t, time.Now(), results[0].CheckedAt, time.Minute)
	require.Zero(t, f.requested.Load())
}

func TestThePasswordReachesTheProbeOfItsCheck(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	check := httpCheck("h1", "a")
	check.Password = &fleet.SealedPassword{Ciphertext: []byte("x")}
	_, err := activities.NewCheckRunner(f, f, f, f).Run(t.Context(), fleet.Host{ID: "h1"}, []fleet.Check{check})
	require.NoError(t, err)
	require.Equal(t, "opened for a of h1", f.password.Load())
}

func TestAProbeThatWeBrokeOffIsNeverStored(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	ctx, cancel := context.WithCancel(t.Context())
	f.probing = func(string) { cancel() }

	_, err := activities.NewCheckRunner(f, f, f, f).Run(ctx, fleet.Host{ID: "h1"}, []fleet.Check{serviceCheck("h1", "a")})

	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, f.stored())
}

func TestWhatARunReturnsIsAsExactAsWhatIsStored(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	results, err := activities.NewCheckRunner(f, f, f, f).Run(t.Context(), fleet.Host{ID: "h1"}, []fleet.Check{serviceCheck("h1", "a")})
	require.NoError(t, err)
	require.Zero(t, results[0].CheckedAt.Nanosecond()%1000)
	require.Equal(t, time.UTC, results[0].CheckedAt.Location())
}

func TestAStoreThatIsAwayFailsTheRun(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.storeErr = func([]fleet.Result) error { return fleet.Unavailable("database_unavailable", "away") }
	_, err := activities.NewCheckRunner(f, f, f, f).Run(t.Context(), fleet.Host{ID: "h1"}, []fleet.Check{serviceCheck("h1", "a")})
	require.True(t, fleet.IsKind(err, fleet.KindUnavailable))
}
