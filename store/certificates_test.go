package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
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
