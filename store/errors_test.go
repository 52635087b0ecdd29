package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestEveryConstraintThatIsTranslatedStandsInTheSchema(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	for name := range store.ByConstraint() {
		var found bool
		require.NoError(t, pool.QueryRow(context.Background(), `select exists (select 1 from pg_constraint where conname = $1)
			or exists (select 1 from pg_indexes where indexname = $1)`, name).Scan(&found))
		require.True(t, found, name)
	}
}

func TestFailureToReachTheDatabaseIsUnavailableAndADefectIsNot(t *testing.T) {
	t.Parallel()
	away := []error{
		&pgconn.ConnectError{}, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, &net.OpError{Op: "read", Err: errors.New("reset")},
		context.DeadlineExceeded, &pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "53300"}, &pgconn.PgError{Code: "08006"},
		&pgconn.PgError{Code: "53100"}, &pgconn.PgError{Code: "53200"}, &pgconn.PgError{Code: "58030"},
	}
	for _, err := range away {
		require.True(t, fleet.IsKind(store.Translate(fmt.Errorf("query: %w", err)), fleet.KindUnavailable), "%v", err)
	}
	for _, err := range []error{&pgconn.PgError{Code: "42P01"}, errors.New("defect"), context.Canceled} {
		require.Equal(t, err, store.Translate(err))
	}
	require.NoError(t, store.Translate(nil))
	known := fleet.NotFound("host")
	require.Equal(t, known, store.Translate(known))
	require.True(t, fleet.IsKind(store.Translate(&pgconn.PgError{Code: "22021"}), fleet.KindInvalid))
}
