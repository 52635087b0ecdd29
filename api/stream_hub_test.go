package api

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestTheHubHoldsTwiceWhatItKeepsAndWithOneMoreLetsTheOldestGo(t *testing.T) {
	t.Parallel()
	pace := defaultPace
	pace.keep = 3
	h := newHub(nil, nil, pace)
	at := func(n int64) fleet.EventPosition { return fleet.EventPosition{XID: 1, ID: n} }
	add := func(n int64) {
		h.publish(context.Background(), fleet.EventPage{Events: []fleet.Event{{Position: at(n)}}, Next: at(n)})
	}
	require.False(t, h.look().reaches(at(0)), "before anything was read nothing is known")
	h.publish(context.Background(), fleet.EventPage{Next: at(0), Lost: true})
	for n := range int64(6) {
		add(n + 1)
	}
	full := h.look()
	require.True(t, full.reaches(at(0)))
	require.Len(t, full.after(at(0)), 6)

	add(7)
	one := h.look()
	require.False(t, one.reaches(at(3)))
	require.True(t, one.reaches(at(4)))
	require.Len(t, one.after(at(4)), 3)
	require.Equal(t, at(7), one.after(at(6))[0].event.Position)
	require.Empty(t, one.after(at(7)))
	require.Empty(t, one.after(at(9)), "a client may be ahead of the hub")
	require.Len(t, full.after(at(0)), 6, "what a client holds stays as it was")
}

func TestAReaderThatWasStoppedIsNotListenedTo(t *testing.T) {
	t.Parallel()
	h := newHub(nil, nil, defaultPace)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h.publish(ctx, fleet.EventPage{Lost: true})
	require.False(t, h.look().ready)
}
