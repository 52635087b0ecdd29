package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAnEventPositionIsReadAsItIsWrittenAndInNoOtherWay(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0:0", "1:0", "700:12", "18446744073709551615:9223372036854775807"} {
		p, ok := fleet.ParseEventPosition(s)
		require.True(t, ok, s)
		require.Equal(t, s, p.String())
	}
	for _, s := range []string{
		"", ":", "1", "1:", ":1", "1:-1", "-1:1", "+1:1", "1:+1", "01:1", "1:01", " 1:1", "1:1 ", "1:1:1", "1_0:1", "0x1:1", "a:b",
		"18446744073709551616:1", "1:9223372036854775808", "١:١",
	} {
		_, ok := fleet.ParseEventPosition(s)
		require.False(t, ok, s)
	}
}

func TestEventsAreInOrderOfTransactionAndThenID(t *testing.T) {
	t.Parallel()
	at := func(xid uint64, id int64) fleet.EventPosition { return fleet.EventPosition{XID: xid, ID: id} }
	require.Negative(t, at(1, 9).Compare(at(2, 1)))
	require.Negative(t, at(2, 1).Compare(at(2, 2)))
	require.Positive(t, at(1<<63, 0).Compare(at(2, 2)))
	require.Zero(t, at(2, 2).Compare(at(2, 2)))
}

func TestAnEventIsSeenByTheSiteOrByWhoSeesOneOfItsGroups(t *testing.T) {
	t.Parallel()
	one, all, none := fleet.Scope{Groups: []string{"a", "b"}}, fleet.Scope{All: true}, fleet.Scope{}
	require.True(t, fleet.Event{GroupIDs: []string{"x", "b"}}.VisibleTo(one))
	require.False(t, fleet.Event{GroupIDs: []string{"x"}}.VisibleTo(one))
	require.False(t, fleet.Event{}.VisibleTo(one))
	require.True(t, fleet.Event{}.VisibleTo(all))
	require.True(t, fleet.Event{Site: true}.VisibleTo(none))
	require.False(t, fleet.Event{GroupIDs: []string{"x"}}.VisibleTo(none))
}
