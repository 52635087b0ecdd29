package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

var byAdmin = fleet.Caller{Principal: fleet.Principal{Name: "test", Admin: true}}

// Every administrator is let go at the same time, in each of the ways.
func TestTheLastEnabledAdministratorStaysOneHoweverManyAreLetGoAtOnce(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	for way, letGo := range map[string]func(id string) error{
		"delete": func(id string) error { return db.store.DeleteUser(t.Context(), byAdmin, id) },
		"disable": func(id string) error {
			return db.store.UpdateUser(t.Context(), byAdmin, id, fleet.UserInput{Name: id, Admin: true, Disabled: true})
		},
		"demote": func(id string) error { return db.store.UpdateUser(t.Context(), byAdmin, id, fleet.UserInput{Name: id}) },
	} {
		for range 3 {
			ids := []string{}
			for i := range 6 {
				id, err := db.store.CreateUser(t.Context(), byAdmin, fleet.UserInput{Name: fmt.Sprint(way, i, uuid.NewString()), Admin: true})
				require.NoError(t, err)
				ids = append(ids, id)
			}
			db.exec(`update users set is_admin = false where not (id = any($1))`, ids)
			var refused atomic.Int32
			var wg sync.WaitGroup
			for _, id := range ids {
				wg.Go(func() {
					if fleet.IsKind(letGo(id), fleet.KindConflict) {
						refused.Add(1)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, 1, refused.Load(), way)
			require.Equal(t, 1, db.count(`select count(*) from users where is_admin and disabled_at is null`), way)
		}
	}
}

func TestOnlyAdministratorsKeepUsers(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	id, err := db.store.CreateUser(t.Context(), byAdmin, fleet.UserInput{Name: "ada"})
	require.NoError(t, err)
	by, in := fleet.Caller{Principal: fleet.Principal{Name: "operator"}}, fleet.UserInput{Name: "x", Admin: true}
	_, created := db.store.CreateUser(t.Context(), by, in)
	_, listed := db.store.Users(t.Context(), by, fleet.UserFilter{Limit: 1})
	for _, err := range []error{
		created, listed, db.store.UpdateUser(t.Context(), by, id, in), db.store.DeleteUser(t.Context(), by, id),
		db.store.SetPassword(t.Context(), by, id, "$argon2id$x"), db.store.EndSessions(t.Context(), by, id),
	} {
		require.True(t, fleet.IsKind(err, fleet.KindForbidden), "%v", err)
	}
}

func TestASessionDoesNotBeginByAPasswordThatWasChangedMeanwhile(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	id, err := db.store.CreateUser(t.Context(), byAdmin, fleet.UserInput{Name: "ada", PasswordHash: "$argon2id$old"})
	require.NoError(t, err)
	signIn := fleet.SignIn{UserID: id, Method: fleet.MethodPassword, PasswordHash: "$argon2id$old"}
	_, err = db.store.SignIn(t.Context(), fleet.Caller{}, signIn)
	require.NoError(t, err)
	require.NoError(t, db.store.SetPassword(t.Context(), byAdmin, id, "$argon2id$new"))
	_, err = db.store.SignIn(t.Context(), fleet.Caller{}, signIn)
	require.True(t, fleet.IsKind(err, fleet.KindUnauthenticated), "%v", err)
	require.NoError(t, db.store.UpdateUser(t.Context(), byAdmin, id, fleet.UserInput{Name: "ada", Disabled: true}))
	_, err = db.store.SignIn(t.Context(), fleet.Caller{}, fleet.SignIn{UserID: id, Method: fleet.MethodOIDC})
	require.True(t, fleet.IsKind(err, fleet.KindUnauthenticated), "%v", err)
	require.Zero(t, db.count(`select count(*) from sessions`))
}

func TestOnlyTheLatestBrowsersOfAUserAreRemembered(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	id, err := db.store.CreateUser(t.Context(), byAdmin, fleet.UserInput{Name: "ada", PasswordHash: "$argon2id$x"})
	require.NoError(t, err)
	var devices []string
	for range 21 {
		made, err := db.store.SignIn(t.Context(), fleet.Caller{}, fleet.SignIn{UserID: id, Method: fleet.MethodPassword})
		require.NoError(t, err)
		devices = append(devices, made.Device)
	}
	require.Equal(t, 20, db.count(`select count(*) from login_devices`))
	for i, known := range map[int]bool{0: false, 1: true, 20: true} {
		account, err := db.store.Account(t.Context(), "ADA", devices[i])
		require.NoError(t, err)
		require.Equal(t, known, account.KnownDevice, i)
	}
	db.exec(`update login_devices set last_login_at = now() - interval '180 days 1 second'`)
	account, err := db.store.Account(t.Context(), "ada", devices[20])
	require.NoError(t, err)
	require.Equal(t, fleet.Account{UserID: id, Name: "ada", NameKey: "ada", PasswordHash: "$argon2id$x"}, account)
}

func TestWhatEndedIsPrunedAndTheRestStays(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	id, err := db.store.CreateUser(t.Context(), byAdmin, fleet.UserInput{Name: "ada"})
	require.NoError(t, err)
	session := `insert into sessions (id, user_id, token_hash, method, last_seen_at, expires_at)
		values (gen_random_uuid(), $1, sha256($2::text::bytea), 'password', now() - make_interval(secs => $3), now() + make_interval(secs => $4))`
	device := `insert into login_devices values (sha256($2::text::bytea), $1, now() - make_interval(secs => $3))`
	token := `insert into api_tokens (id, user_id, name, token_hash, revoked_at, expires_at)
		values (gen_random_uuid(), $1, $2, sha256($2::text::bytea), now() - make_interval(secs => $3), now() - make_interval(secs => $4))`
	code := `insert into setup_codes values (sha256($1::text::bytea), now() + make_interval(secs => $2))`
	const day = 86400
	db.exec(session, id, "over", 0, -1)
	db.exec(session, id, "idle", 30*60+1, 60)
	db.exec(session, id, "stays", 30*60-10, 60)
	db.exec(device, id, "old", 180*day+1)
	db.exec(device, id, "stays", 180*day-10)
	db.exec(token, id, "revoked", 30*day+1, nil)
	db.exec(token, id, "expired", nil, 30*day+1)
	db.exec(token, id, "stays", 30*day-10, 30*day-10)
	db.exec(token, id, "works", nil, nil)
	db.exec(code, "over", -1)
	db.exec(code, "stays", 10)
	for _, want := range []int{4, 2, 0} {
		n, err := db.store.PruneExpired(t.Context(), 4)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, []int{1, 1, 2, 1}, []int{
		db.count(`select count(*) from sessions where token_hash = sha256('stays')`), db.count(`select count(*) from login_devices`),
		db.count(`select count(*) from api_tokens where name in ('stays', 'works')`), db.count(`select count(*) from setup_codes`),
	})
	require.Equal(t, 2, db.count(`select count(*) from api_tokens`))
}

func TestTheTimeOfTheLastSignInIsThatOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	id, err := db.store.CreateUser(t.Context(), byAdmin, fleet.UserInput{Name: "ada", PasswordHash: "$argon2id$x"})
	require.NoError(t, err)
	_, err = db.store.SignIn(t.Context(), fleet.Caller{}, fleet.SignIn{UserID: id, Method: fleet.MethodPassword, PasswordHash: "$argon2id$x"})
	require.NoError(t, err)
	user, err := db.store.User(t.Context(), id)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), *user.LastLoginAt, time.Minute)
}
