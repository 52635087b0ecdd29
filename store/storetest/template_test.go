package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the migrations make depends on the hour, so a database copied from the template of another one lacks the
// partitions of now. It was seen when tests ran again on the folders of a run of an hour ago.
func TestATemplateServesTheHourItWasMadeInAlone(t *testing.T) {
	t.Parallel()
	hour := time.Now().Truncate(time.Hour)
	hash := func(at time.Time) string {
		h, err := migrated{hour: at}.Hash()
		require.NoError(t, err)
		return h
	}
	require.Equal(t, hash(hour), hash(hour.In(time.FixedZone("", 3600))))
	require.NotEqual(t, hash(hour), hash(hour.Add(time.Hour)))

	var covered bool
	require.NoError(t, New(t).QueryRow(t.Context(), `select bool_and(to_regclass(parent ||
			to_char(date_bin(partition_step(parent), now() + ahead, '2000-01-01 00:00+00') at time zone 'UTC', '_YYYYMMDD_HH24')
		) is not null)
		from unnest(array['events', 'host_health_check_results']) parent, unnest(array['-1 hour', '0', '1 hour']::interval[]) ahead`).
		Scan(&covered))
	require.True(t, covered, "each database takes rows from an hour ago to an hour ahead")
}
