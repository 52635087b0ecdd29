package storetest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestEachTestHasAMigratedDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one, other := storetest.New(t), storetest.New(t)

	_, err := one.Exec(ctx, "insert into users (id, name) values (gen_random_uuid(), 'ada')")
	require.NoError(t, err)

	var users int
	require.NoError(t, other.QueryRow(ctx, "select count(*) from users").Scan(&users))
	require.Zero(t, users)
}
