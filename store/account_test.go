package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// Names that collations and programs disagree about, the first of each that of an account.
var alikeNames = [][]string{
	{"IVAN", "ivan", "ıvan", "İvan"},
	{"İnci", "inci", "i\u0307nci", "INCI", "ınci"},
	{"\u212Aelvin", "kelvin", "KELVIN"}, // with the sign of the unit
	{"STRAẞE", "straße", "strasse", "STRASSE"},
	{"ΣΑΣ", "σας", "σασ"},
	{"\u01C5ep", "\u01C6ep", "\u01C4ep"},
	{"Ada", "ada", "ADA"},
}

// Which names are the same account's is the database's to say, and differs from one collation to the next. Tries are counted
// by what it says, so that no way to write a name gives fresh tries.
func TestNamesThatReachOneAccountHaveOneKeyInEveryCollation(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.sql("postgres", `create role owner login createrole password 'owner'`)
	surprises := 0
	for i, locale := range []string{
		`locale 'C.UTF-8'`, `locale 'C'`, `locale 'C.UTF-8' locale_provider icu icu_locale 'tr-TR'`,
		`locale 'C.UTF-8' locale_provider icu icu_locale 'und'`,
	} {
		database := fmt.Sprint("d", i)
		c.sql("postgres", `create database `+database+` owner owner encoding 'UTF8' template template0 `+locale)
		_, err := store.Migrate(t.Context(), c.as("owner", database))
		require.NoError(t, err)
		db := store.New(storetest.Open(t, c.as("owner", database)), storetest.AuditKey)
		for _, names := range alikeNames {
			surprises += requireOneKey(t, db, func() { c.sql(database, `insert into users (id, name) values (gen_random_uuid(), '`+names[0]+`')`) }, names)
		}
	}
	require.Positive(t, surprises, "no collation is at odds with Go, so that this shows nothing")
}

// requireOneKey holds that exactly those of the names have the key of the first that reach its account, and that the keys
// do not tell whether there is one. It returns how many Go would have told apart.
func requireOneKey(t *testing.T, db *store.Store, create func(), names []string) (surprises int) {
	t.Helper()
	keys := map[string]string{}
	for _, name := range names {
		nobody, err := db.Account(t.Context(), name, "")
		require.NoError(t, err)
		require.Empty(t, nobody.UserID, name)
		keys[name] = nobody.NameKey
	}
	create()
	owner, err := db.Account(t.Context(), names[0], "")
	require.NoError(t, err)
	require.NotEmpty(t, owner.UserID)
	lowered := []string{strings.ToLower(names[0])}
	for _, name := range names {
		a, err := db.Account(t.Context(), name, "")
		require.NoError(t, err)
		require.Equal(t, keys[name], a.NameKey, "%s: as before there was an account", name)
		require.Equal(t, a.UserID == owner.UserID, a.NameKey == owner.NameKey, name)
		if a.UserID == owner.UserID && !slices.Contains(lowered, strings.ToLower(name)) {
			surprises++
		}
	}
	return surprises
}
