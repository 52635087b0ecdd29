package secret_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
)

func TestEveryEncryptedColumnOfTheSchemaHasItsPlace(t *testing.T) {
	t.Parallel()
	v := newVault(t, 0)
	rows, err := v.pool.Query(t.Context(), `select table_name || '.' || column_name from information_schema.columns
		where table_schema = 'public' and column_name like '%encrypted%' order by 1`)
	require.NoError(t, err)
	var named, found, placed []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		named = append(named, name)
	}
	require.NoError(t, rows.Err())
	columns, err := v.store.SealedColumns(t.Context())
	require.NoError(t, err)
	for _, c := range columns {
		found = append(found, c.String())
	}
	for _, p := range secret.Places() {
		placed = append(placed, p.String())
	}
	require.NotEmpty(t, named)
	require.ElementsMatch(t, named, found)
	require.ElementsMatch(t, named, placed)
}

// addTable adds a table with a secret in it, as a later version of the schema might.
func (v *vault) addTable() (place secret.Place, id string) {
	v.Helper()
	v.define(`create table providers (id uuid primary key, client_secret_encrypted bytea, client_secret_nonce bytea,
		client_secret_key_id smallint references encryption_keys)`)
	place, id = secret.Place{Table: "providers", Column: "client_secret_encrypted", Row: []string{"id"}}, uuid.NewString()
	sealed, err := v.keys.SealAt(v.Context(), place, fleet.NewSecret("of the provider"), secret.Row{IDs: []string{id}})
	require.NoError(v, err)
	v.exec(`insert into providers values ($1, $2, $3, $4)`, id, sealed.Ciphertext, sealed.Nonce, sealed.KeyID)
	return place, id
}

func TestRotationFindsATableThatWasAddedLater(t *testing.T) {
	t.Parallel()
	v := newVault(t, 3)
	place, id := v.addTable()
	places := append(secret.Places(), place)
	done, err := secret.Rotate(t.Context(), v.store, secret.Rotation{Path: v.path, Places: places, By: root})
	require.NoError(t, err)
	require.EqualValues(t, 4, done.Replaced)
	var sealed fleet.SealedPassword
	require.NoError(t, v.pool.QueryRow(t.Context(), `select client_secret_encrypted, client_secret_nonce, client_secret_key_id from providers`).
		Scan(&sealed.Ciphertext, &sealed.Nonce, &sealed.KeyID))
	require.EqualValues(t, 2, sealed.KeyID)
	got, err := v.keys.OpenAt(t.Context(), place, sealed, secret.Row{IDs: []string{id}})
	require.NoError(t, err)
	require.Equal(t, "of the provider", got.Reveal())
	total, err := secret.Verify(t.Context(), v.path, v.store, places)
	require.NoError(t, err)
	require.Equal(t, 4, total)
}

func TestRotationRefusesATableThatItDoesNotKnowInsteadOfForgettingIt(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	v.addTable()
	_, err := v.rotate()
	require.ErrorContains(t, err, "providers.client_secret_encrypted")
	_, err = secret.Verify(t.Context(), v.path, v.store, secret.Places())
	require.ErrorContains(t, err, "providers.client_secret_encrypted")
	require.Equal(t, []int16{1}, v.keyIDs())
	require.NoFileExists(t, v.path+".2")
}

func TestLostKeyIsGivenUpWithEveryTableThatItEncrypted(t *testing.T) {
	t.Parallel()
	v := newVault(t, 3)
	v.addTable()
	n, err := v.store.DiscardPasswords(t.Context(), root)
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
	require.Zero(t, v.count(`select count(client_secret_encrypted) from providers`))
}

func TestColumnThatBreaksTheConventionStopsTheRotation(t *testing.T) {
	t.Parallel()
	for rule, columns := range map[string]string{
		"half_nonce beside it must be":               `half_encrypted bytea, half_key_id smallint references encryption_keys`,
		"no half_key_id beside it":                   `half_encrypted bytea, half_nonce bytea, half_key_id smallint`,
		"refers to the keys for 0 columns":           `half bytea, half_nonce bytea, half_key_id smallint references encryption_keys`,
		"must be nullable":                           `half_encrypted bytea not null, half_nonce bytea, half_key_id smallint references encryption_keys`,
		"key_of_it refers to the keys for 0 columns": `key_of_it smallint references encryption_keys`,
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			v := newVault(t, 1)
			v.define(`create table halves (id uuid primary key, ` + columns + `)`)
			_, err := v.rotate()
			require.ErrorContains(t, err, "halves.")
			require.ErrorContains(t, err, rule)
			require.Equal(t, []int16{1}, v.keyIDs())
		})
	}
}
