package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// column is one of the table t; names says that it refers to the keys.
func column(name string, names bool) fleet.SchemaColumn {
	kind := "bytea"
	if names {
		kind = "smallint"
	}
	return fleet.SchemaColumn{Table: "t", Name: name, Type: kind, Nullable: true, NamesKey: names}
}

func TestColumnOfCiphertextsGoesWithTheKeyNamedAfterItsFirstWords(t *testing.T) {
	t.Parallel()
	found, err := fleet.SealedColumns([]fleet.SchemaColumn{
		column("basic_auth_pass_encrypted", false), column("basic_auth_pass_nonce", false), column("basic_auth_key_id", true),
		column("token_encrypted", false), column("token_nonce", false), column("token_key_id", true),
		column("used_nonce", false),
	})
	require.NoError(t, err)
	require.Equal(t, []fleet.SealedColumn{
		{Table: "t", Ciphertext: "basic_auth_pass_encrypted", Nonce: "basic_auth_pass_nonce", KeyID: "basic_auth_key_id"},
		{Table: "t", Ciphertext: "token_encrypted", Nonce: "token_nonce", KeyID: "token_key_id"},
	}, found)
}

func TestTwoColumnsOfCiphertextsDoNotShareAKey(t *testing.T) {
	t.Parallel()
	_, err := fleet.SealedColumns([]fleet.SchemaColumn{
		column("a_x_encrypted", false), column("a_x_nonce", false), column("a_y_encrypted", false), column("a_y_nonce", false), column("a_key_id", true),
	})
	require.ErrorContains(t, err, "t.a_key_id refers to the keys for 2 columns")
}

func TestKeyOfAnotherTableIsNotTaken(t *testing.T) {
	t.Parallel()
	key := column("a_key_id", true)
	key.Table = "other"
	_, err := fleet.SealedColumns([]fleet.SchemaColumn{column("a_encrypted", false), column("a_nonce", false), key})
	require.ErrorContains(t, err, "t.a_encrypted: there is no a_key_id beside it")
}
