package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// hostsOf reads a shard to its end in pages of size.
func (db *sweepDB) hostsOf(shard fleet.Shard, size int) []string {
	db.Helper()
	ids, after := []string{}, ""
	for {
		page, err := db.store.ShardHosts(db.Context(), shard, after, size)
		require.NoError(db, err)
		if len(page) == 0 {
			return ids
		}
		for _, e := range page {
			ids = append(ids, e.HostID)
		}
		after = ids[len(ids)-1]
	}
}

func TestShardsCoverEveryHostOfEachZoneExactlyOnce(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	want := []string{}
	for range 5 {
		want = append(want, db.host("default"))
	}
	dmz := db.host("dmz")

	shards, err := db.store.InventoryShards(t.Context(), 2, 1000)
	require.NoError(t, err)
	require.Equal(t, []fleet.Shard{
		{Zone: "default", End: want[2], Hosts: 2},
		{Zone: "default", First: want[2], End: want[4], Hosts: 2},
		{Zone: "default", First: want[4], Hosts: 1},
		{Zone: "dmz", Hosts: 1},
	}, shards)

	late := db.host("default") // added while the sweep runs
	got := []string{}
	for _, s := range shards[:3] {
		got = append(got, db.hostsOf(s, 1)...)
	}
	require.Equal(t, append(want, late), got)
	require.Equal(t, []string{dmz}, db.hostsOf(shards[3], 10))
}

func TestAShardThatIsExactlyFullStartsNoOther(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for range 4 {
		db.host("default")
	}
	shards, err := db.store.InventoryShards(t.Context(), 4, 1000)
	require.NoError(t, err)
	require.Len(t, shards, 1)
	db.host("default")
	shards, err = db.store.InventoryShards(t.Context(), 4, 1000)
	require.NoError(t, err)
	require.Len(t, shards, 2)
}

// A run of Temporal can not have more than 2,000 activities under way.
func TestShardsGrowWhereTheyWouldBeTooMany(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for range 4 {
		db.host("default")
	}
	sizes := func() (sizes []int) {
		shards, err := db.store.InventoryShards(t.Context(), 2, 2)
		require.NoError(t, err)
		for _, s := range shards {
			sizes = append(sizes, s.Hosts)
		}
		return sizes
	}
	require.Equal(t, []int{2, 2}, sizes())
	db.host("default")
	require.Equal(t, []int{3, 2}, sizes())
	db.host("dmz")
	require.Equal(t, []int{3, 2, 1}, sizes(), "and one more of each zone")
}

func TestOnlyHostsWithEnabledChecksAreProbedAndWithTheseOnly(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	db.host("default")
	off, on := db.host("default"), db.host("default")
	disabled := []fleet.Check{db.check(off, 1), db.check(on, 1)}
	for _, c := range disabled {
		db.exec(`update host_health_checks set enabled = false where id = $1`, c.ID)
	}
	c := db.check(on, 2)

	shards, err := db.store.PollShards(t.Context(), 100, 1000)
	require.NoError(t, err)
	require.Equal(t, []fleet.Shard{{Zone: "default", Hosts: 1}}, shards)
	hosts, err := db.store.ShardChecks(t.Context(), shards[0], "", 10)
	require.NoError(t, err)
	require.Len(t, hosts, 1)
	require.Equal(t, on, hosts[0].Endpoint.HostID)
	require.Equal(t, "10.0.0.1", hosts[0].Endpoint.Address)
	require.Equal(t, 12443, hosts[0].Endpoint.Port)
	require.Len(t, hosts[0].Checks, 1)
	require.Equal(t, c.ID, hosts[0].Checks[0].ID)
	require.True(t, c.DefinedAt.Equal(hosts[0].Checks[0].DefinedAt))
}

func TestChecksNotReachedAreCountedAfterTheLastHost(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	first, second := db.host("default"), db.host("default")
	db.check(first, 1)
	db.check(second, 1)
	db.check(second, 2)
	shard := fleet.Shard{Zone: "default"}
	for after, want := range map[string]int{"": 3, first: 2, second: 0} {
		n, err := db.store.CountChecks(t.Context(), shard, after)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	for after, want := range map[string]int{"": 2, first: 1, second: 0} {
		n, err := db.store.CountHosts(t.Context(), shard, after)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
}

func TestACheckIsFoundOnlyWithItsHost(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host, other := db.host("default"), db.host("default")
	c := db.check(host, 1)
	db.exec(`insert into encryption_keys (id, canary, canary_nonce) values (1, 'x', 'x')`)
	db.exec(`update host_health_checks set check_type = 'http', service_name = null, url = 'https://h/', expected_body = 'ok',
		basic_auth_user = 'u', basic_auth_pass_encrypted = 'sealed', basic_auth_pass_nonce = 'nonce', basic_auth_key_id = 1`)

	found, err := db.store.CheckWithHost(t.Context(), host, c.ID)
	require.NoError(t, err)
	require.Equal(t, host, found.Endpoint.HostID)
	require.Equal(t, &fleet.SealedPassword{Ciphertext: []byte("sealed"), Nonce: []byte("nonce"), KeyID: 1}, found.Checks[0].Password)

	_, err = db.store.CheckWithHost(t.Context(), other, c.ID)
	require.True(t, fleet.IsKind(err, fleet.KindNotFound))
}
