package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestHostsAreCountedByTheClassOfTheEndOfTheirCertificates(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	overview, err := db.store.CertificateOverview(t.Context())
	require.NoError(t, err)
	require.Equal(t, fleet.CertificateOverview{}, overview)

	// A minute beyond a limit counts to the next class, whenever in that minute the statement runs.
	for _, ends := range []string{"0", "1 minute", "7 days -1 minute", "7 days 1 minute", "30 days -1 minute", "30 days 1 minute", "10 years"} {
		db.exec(`update hosts set certificate_expires_at = now() + $2::interval where id = $1`, db.host("default"), ends)
	}
	db.host("default")
	db.exec(`insert into enrolments (id, machine_id, fqdn, ip_address, remote_addr, remote_network, token_hash, created_at)
		select gen_random_uuid(), h::text, 'x', '::1', '::1', '::1', sha256(h::text::bytea), now() - make_interval(hours => h) from unnest(array[0, 23, 24]) h`)
	overview, err = db.store.CertificateOverview(t.Context())
	require.NoError(t, err)
	require.NotNil(t, overview.Earliest)
	require.WithinDuration(t, time.Now(), *overview.Earliest, time.Minute)
	overview.Earliest = nil
	require.Equal(t, fleet.CertificateOverview{
		Expired: 1, Within7Days: 2, Within30Days: 2, Later: 2, Unknown: 1, WaitingEnrolments: 2,
	}, overview)
}

// BenchmarkCertificateRevoked is what each request to an agent costs besides, with 10,000 certificates revoked.
func BenchmarkCertificateRevoked(b *testing.B) {
	pool := storetest.New(b)
	db := store.New(pool, storetest.AuditKey)
	_, err := pool.Exec(b.Context(), `insert into certificates (serial, host_id, fqdn, revoked_at, revoked_by)
		select lpad(to_hex(i), 32, '0'), gen_random_uuid(), 'x', now(), 'x' from generate_series(1, 10000) i`)
	require.NoError(b, err)
	for b.Loop() {
		revoked, err := db.CertificateRevoked(b.Context(), "00000000000000000000000000000aff")
		require.NoError(b, err)
		require.True(b, revoked)
	}
}
