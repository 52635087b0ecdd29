package secret_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// vault is a database with checks that have passwords.
type vault struct {
	*testing.T
	pool   *pgxpool.Pool
	store  *store.Store
	path   string
	keys   *secret.Keyring // of a process that started before any rotation
	checks []fleet.Check
}

var (
	operator = fleet.Caller{Principal: fleet.Principal{Name: "ada", UserID: uuid.NewString(), Admin: true}}
	root     = fleet.Actor{Name: "root"}
)

func newVault(t *testing.T, passwords int) *vault {
	t.Helper()
	v := &vault{T: t, pool: storetest.New(t), path: filepath.Join(t.TempDir(), "keys", "health-check.key")}
	v.store = store.New(v.pool, storetest.AuditKey)
	v.keys = open(t, v.path, v.store)
	for i := range passwords {
		host, err := v.store.CreateHost(t.Context(), operator, fleet.HostInput{
			FQDN: fmt.Sprintf("h%d.example", i), Address: "192.0.2.1", AgentPort: 12443, Zone: fleet.DefaultZone,
		})
		require.NoError(t, err)
		check := fleet.Check{
			ID: uuid.Must(uuid.NewV7()).String(), HostID: host, Name: "page", Type: fleet.CheckHTTP, Enabled: true,
			URL: "https://h.example/", ExpectedBody: "ok", BasicAuthUser: "me", FailureThreshold: 1, SuccessThreshold: 1,
		}
		check.Password = v.seal(check, text(check, 0))
		require.NoError(t, v.store.CreateCheck(t.Context(), operator, check))
		v.checks = append(v.checks, check)
	}
	return v
}

// text is the n-th password of a check.
func text(c fleet.Check, n int) string { return fmt.Sprintf("password %d of %s", n, c.ID) }

func (v *vault) seal(c fleet.Check, plain string) *fleet.SealedPassword {
	v.Helper()
	sealed, err := v.keys.Seal(v.Context(), fleet.NewSecret(plain), c)
	require.NoError(v, err)
	return &sealed
}

// stored reads a check as a worker does.
func (v *vault) stored(ctx context.Context, c fleet.Check) (fleet.Check, error) {
	read, err := v.store.CheckWithHost(ctx, c.HostID, c.ID)
	if err != nil {
		return fleet.Check{}, err
	}
	return read.Checks[0], nil
}

// requireOpen holds that each password opens, for the process that started first and for one that starts now, and that
// each is encrypted with the key of an id.
func (v *vault) requireOpen(key int16) {
	v.Helper()
	for _, keys := range []*secret.Keyring{v.keys, open(v, v.path, v.store)} {
		for _, c := range v.checks {
			stored, err := v.stored(v.Context(), c)
			require.NoError(v, err)
			require.Equal(v, key, stored.Password.KeyID)
			got, err := keys.Open(v.Context(), *stored.Password, stored)
			require.NoError(v, err)
			require.Equal(v, text(c, 0), got.Reveal())
		}
	}
	total, err := secret.Verify(v.Context(), v.path, v.store, secret.Places())
	require.NoError(v, err)
	require.Equal(v, len(v.checks), total)
}

// rotate rotates in batches that take several transactions.
func (v *vault) rotate() (secret.Rotated, error) {
	return secret.Rotate(v.Context(), v.store, secret.Rotation{Path: v.path, Places: secret.Places(), By: root, Batch: 2})
}

// keyIDs are the keys that are in use.
func (v *vault) keyIDs() (ids []int16) {
	v.Helper()
	stored, err := v.store.Canaries(v.Context())
	require.NoError(v, err)
	for _, c := range stored {
		ids = append(ids, c.KeyID)
	}
	return ids
}

func (v *vault) exec(sql string, args ...any) {
	v.Helper()
	_, err := v.pool.Exec(v.Context(), sql, args...)
	require.NoError(v, err)
}

// define changes the schema, as the owner of the tables.
func (v *vault) define(sql string) {
	v.Helper()
	_, err := storetest.Owner(v, v.pool).Exec(v.Context(), sql)
	require.NoError(v, err)
}

func (v *vault) count(sql string, args ...any) (n int) {
	v.Helper()
	require.NoError(v, v.pool.QueryRow(v.Context(), sql, args...).Scan(&n))
	return n
}
