package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func inventory(hostID string, after int) fleet.Inventory {
	return fleet.Inventory{
		HostID: hostID, At: startOfTest.Add(time.Duration(after) * time.Second), Reachable: true, AgentVersion: "2.5.5",
		OS: "Debian", CacheStatus: "fresh", RebootRequired: true,
		Patches: []fleet.Patch{{Name: "curl", CurrentVersion: "1", Available: "2"}, {Name: "linux", Available: "6", Held: true}},
	}
}

type summary struct {
	Reachable            bool
	Error, Version       string
	Pending              *int
	Reboot               *bool
	SeenAt, InventoryAt  *time.Time
	CertificateExpiresAt *time.Time
}

func (db *sweepDB) summary(hostID string) summary {
	db.Helper()
	var s summary
	err := db.pool.QueryRow(db.Context(), `select agent_reachable, agent_error, agent_version, pending_patches, reboot_required,
		agent_last_seen_at, inventory_at, certificate_expires_at from hosts where id = $1`, hostID).Scan(
		&s.Reachable, &s.Error, &s.Version, &s.Pending, &s.Reboot, &s.SeenAt, &s.InventoryAt, &s.CertificateExpiresAt)
	require.NoError(db, err)
	return s
}

func TestAnInventoryIsKeptWithItsAgeAndASummary(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	group := db.group(host)
	inv := inventory(host, 0)
	expires := startOfTest.Add(time.Hour)
	inv.CertificateExpiresAt = &expires
	require.NoError(t, db.store.StoreInventory(t.Context(), inv))

	s := db.summary(host)
	require.True(t, s.Reachable)
	require.Equal(t, "2.5.5", s.Version)
	require.Equal(t, 1, *s.Pending, "a held package is not pending")
	require.True(t, *s.Reboot)
	require.True(t, s.InventoryAt.Equal(startOfTest))
	require.True(t, s.SeenAt.Equal(startOfTest))
	require.True(t, s.CertificateExpiresAt.Equal(expires))
	require.Equal(t, 1, db.count(`select count(*) from host_inventories where at = $1 and jsonb_array_length(patches) = 2`, startOfTest))
	events := db.events("host.changed")
	require.Len(t, events, 1)
	require.Equal(t, host, events[0].Subject)
	require.Equal(t, []string{group}, events[0].Groups)
}

func TestAnInventoryThatShowsNothingNewIsNoEvent(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	require.NoError(t, db.store.StoreInventory(t.Context(), inventory(host, 0)))
	require.NoError(t, db.store.StoreInventory(t.Context(), inventory(host, 1)))
	require.Len(t, db.events("host.changed"), 1)

	other := inventory(host, 2)
	other.Patches[0].Available = "3"
	require.NoError(t, db.store.StoreInventory(t.Context(), other))
	require.Len(t, db.events("host.changed"), 2, "another version of a package is something new")
}

func TestAnAgentThatDoesNotAnswerLeavesWhatItSaidBefore(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	require.NoError(t, db.store.StoreInventory(t.Context(), inventory(host, 0)))
	away := fleet.Inventory{HostID: host, At: startOfTest.Add(time.Minute), Error: "dial: refused"}
	require.NoError(t, db.store.StoreInventory(t.Context(), away))

	s := db.summary(host)
	require.False(t, s.Reachable)
	require.Equal(t, "dial: refused", s.Error)
	require.Equal(t, "2.5.5", s.Version)
	require.Equal(t, 1, *s.Pending)
	require.True(t, s.InventoryAt.Equal(startOfTest))
	require.Len(t, db.events("host.changed"), 2)
}

func TestAnInventoryThatIsNotWholeKeepsThePackagesWithTheirAge(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	require.NoError(t, db.store.StoreInventory(t.Context(), inventory(host, 0)))
	half := fleet.Inventory{
		HostID: host, At: startOfTest.Add(time.Minute), Reachable: true, AgentVersion: "2.6.0", Error: "list patches: agent answered 500",
	}
	require.NoError(t, db.store.StoreInventory(t.Context(), half))

	s := db.summary(host)
	require.True(t, s.Reachable)
	require.Equal(t, "list patches: agent answered 500", s.Error)
	require.Equal(t, "2.6.0", s.Version)
	require.Equal(t, 1, *s.Pending)
	require.True(t, *s.Reboot)
	require.True(t, s.InventoryAt.Equal(startOfTest))
	require.True(t, s.SeenAt.Equal(startOfTest.Add(time.Minute)))
	require.Equal(t, 1, db.count(`select count(*) from host_inventories where jsonb_array_length(patches) = 2`))
}

func TestAnInventoryThatComesInLateUndoesNoLaterOne(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	require.NoError(t, db.store.StoreInventory(t.Context(), fleet.Inventory{HostID: host, At: startOfTest.Add(time.Minute), Error: "away"}))
	require.NoError(t, db.store.StoreInventory(t.Context(), inventory(host, 0)))
	require.False(t, db.summary(host).Reachable)
	require.Zero(t, db.count(`select count(*) from host_inventories`))
}

func TestAnInventoryOfADeletedHostIsNoError(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	require.NoError(t, db.store.StoreInventory(t.Context(), inventory(uuid.NewString(), 0)))
	_, err := db.store.HostEndpoint(t.Context(), uuid.NewString())
	require.True(t, fleet.IsKind(err, fleet.KindNotFound))
}

func TestWhatAnAgentSendsCanNotMakeItsInventoryUnstorable(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	inv := inventory(host, 0)
	inv.OS, inv.AgentVersion, inv.Patches[0].Name = "Deb\x00ian", "2\x00", "cu\x00rl\xff"
	require.NoError(t, db.store.StoreInventory(t.Context(), inv))
}
