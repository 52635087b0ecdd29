package secret_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestRotationEncryptsEveryPasswordWithANewKeyAndRetiresTheOld(t *testing.T) {
	t.Parallel()
	v := newVault(t, 5)
	v.requireOpen(1)
	for key := int16(2); key <= 4; key++ {
		done, err := v.rotate()
		require.NoError(t, err)
		require.Equal(t, secret.Rotated{KeyID: key, Replaced: 5, Retired: []int16{key - 1}}, done)
		require.Equal(t, []int16{key}, v.keyIDs())
		v.requireOpen(key)
	}
	first, err := os.ReadFile(v.path)
	require.NoError(t, err, "a database restored from before needs the file")
	second, err := os.ReadFile(v.path + ".2")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
}

func TestRotationIsAuditedWhereItBeginsAndWhereItEnds(t *testing.T) {
	t.Parallel()
	v := newVault(t, 3)
	_, err := v.rotate()
	require.NoError(t, err)
	require.Equal(t, 1, v.count(`select count(*) from audit_entries where action = 'key.create' and subject_id = '1'`))
	require.Equal(t, 1, v.count(`select count(*) from audit_entries where action = 'key.rotate_begin' and subject_id = '2' and actor_name = 'root'`))
	require.Equal(t, 1, v.count(`select count(*) from audit_entries where action = 'key.rotate_end' and subject_id = '2'
		and actor_name = 'root' and detail::jsonb = '{"passwords": 3, "retired": [1]}'`))
}

func TestRotationLeavesTheStateOfChecksAsItIs(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	before, err := v.stored(t.Context(), v.checks[0])
	require.NoError(t, err)
	require.NoError(t, v.store.StoreResults(t.Context(), []fleet.Result{{
		CheckID: before.ID, HostID: before.HostID, Outcome: fleet.OutcomeHealthy, CheckedAt: before.DefinedAt, DefinedAt: before.DefinedAt,
	}}))
	_, err = v.rotate()
	require.NoError(t, err)
	after, err := v.stored(t.Context(), v.checks[0])
	require.NoError(t, err)
	require.Equal(t, before.DefinedAt, after.DefinedAt)
	require.Equal(t, before.UpdatedAt, after.UpdatedAt)
	require.Equal(t, 1, v.count(`select count(*) from health_check_states where healthy`))

	// Another password is another question, as ever.
	after.Password = v.seal(after, "another")
	require.NoError(t, v.store.UpdateCheck(t.Context(), operator, fleet.CheckUpdate{Check: after}))
	require.Zero(t, v.count(`select count(*) from health_check_states`))
}

func TestPasswordThatIsEditedDuringARotationWins(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	columns, err := v.store.SealedColumns(t.Context())
	require.NoError(t, err)
	place := secret.CheckPassword
	rows, err := v.store.SealedRows(t.Context(), fleet.SealedRange{Column: columns[0], IDs: place.Row, Limit: 10})
	require.NoError(t, err)
	edited := v.checks[0]
	edited.Password = v.seal(edited, "edited")
	require.NoError(t, v.store.UpdateCheck(t.Context(), operator, fleet.CheckUpdate{Check: edited}))

	n, err := v.store.Reseal(t.Context(), columns[0], place.Row, []fleet.Resealed{{IDs: rows[0].IDs, Old: rows[0].Sealed, New: *v.seal(edited, "stale")}})
	require.NoError(t, err)
	require.Zero(t, n)
	stored, err := v.stored(t.Context(), edited)
	require.NoError(t, err)
	require.Equal(t, edited.Password, stored.Password)
}

func TestOfRotationsAtOnceOneGoesOnAndTheOthersAreRefused(t *testing.T) {
	t.Parallel()
	v := newVault(t, 5)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = v.rotate() })
	}
	wg.Wait()
	ended := int16(0)
	for _, err := range errs {
		if err == nil {
			ended++
			continue
		}
		require.ErrorContains(t, err, "another change of the keys is under way")
	}
	require.Positive(t, ended)
	require.Equal(t, []int16{1 + ended}, v.keyIDs())
	v.requireOpen(1 + ended)
}

// unlocked is a store whose lock holds nobody off, as where the connection of a rotation was lost.
type unlocked struct{ secret.RotationStore }

func (unlocked) LockKeys(context.Context) (func(), error) { return func() {}, nil }

func TestRotationsThatLostTheirLockLoseNothing(t *testing.T) {
	t.Parallel()
	v := newVault(t, 7)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := secret.Rotate(t.Context(), unlocked{v.store}, secret.Rotation{Path: v.path, Places: secret.Places(), By: root, Batch: 2})
			if err != nil {
				require.ErrorContains(t, err, "another change of the keys is under way")
			}
		})
	}
	wg.Wait()
	_, err := v.rotate()
	require.NoError(t, err)
	ids := v.keyIDs()
	require.Len(t, ids, 1)
	v.requireOpen(ids[0])
}

func TestOldKeyStaysWhileAPasswordDoesNotOpen(t *testing.T) {
	t.Parallel()
	v := newVault(t, 5)
	broken := v.checks[2]
	v.exec(`update host_health_checks set basic_auth_pass_encrypted = set_byte(basic_auth_pass_encrypted, 0,
		get_byte(basic_auth_pass_encrypted, 0) # 1) where id = $1`, broken.ID)

	for range 2 {
		_, err := v.rotate()
		var unopened *secret.Unopened
		require.ErrorAs(t, err, &unopened)
		require.Len(t, unopened.Rows, 1)
		require.Contains(t, unopened.Rows[0], "host_health_checks.basic_auth_pass_encrypted id="+broken.ID+" host_id="+broken.HostID)
		require.Equal(t, []int16{1, 2}, v.keyIDs())
	}
	require.Equal(t, 4, v.count(`select count(*) from host_health_checks where basic_auth_key_id = 2`), "the others")

	broken.Password = v.seal(broken, text(broken, 0))
	require.NoError(t, v.store.UpdateCheck(t.Context(), operator, fleet.CheckUpdate{Check: broken}))
	done, err := v.rotate()
	require.NoError(t, err)
	require.True(t, done.Resumed)
	v.requireOpen(2)
}

func TestKeyIsMadeBeforehandWhereSeveralMachinesNeedIt(t *testing.T) {
	t.Parallel()
	v := newVault(t, 2)
	path, err := secret.Prepare(t.Context(), v.path, v.store)
	require.NoError(t, err)
	require.Equal(t, v.path+".2", path)
	prepared, err := os.ReadFile(path)
	require.NoError(t, err)
	again, err := secret.Prepare(t.Context(), v.path, v.store)
	require.NoError(t, err)
	require.Equal(t, path, again)
	require.Equal(t, []int16{1}, v.keyIDs(), "nothing is encrypted with it")
	_, err = v.rotate()
	require.NoError(t, err)
	taken, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, prepared, taken)
	v.requireOpen(2)
}

func TestCopyOfTheOldKeyIsNoNewKey(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	old, err := os.ReadFile(v.path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(v.path+".2", old, 0o600))
	_, err = v.rotate()
	require.ErrorContains(t, err, "is a copy of key 1")
	require.Equal(t, []int16{1}, v.keyIDs())
	v.requireOpen(1)
}

func TestRotationThatLacksItsOldKeyDoesNotBegin(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	require.NoError(t, os.Rename(v.path, v.path+".away"))
	_, err := v.rotate()
	require.ErrorContains(t, err, "put the file back")
	require.NoFileExists(t, v.path+".2")
	require.Equal(t, []int16{1}, v.keyIDs())
}

func TestProcessOnAMachineWithoutTheNewKeyRefusesInsteadOfUsingTheOld(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	elsewhere := filepath.Join(t.TempDir(), "health-check.key")
	key, err := os.ReadFile(v.path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(elsewhere, key, 0o600))
	other := open(t, elsewhere, v.store)
	_, err = v.rotate()
	require.NoError(t, err)
	stored, err := v.stored(t.Context(), v.checks[0])
	require.NoError(t, err)
	_, err = other.Open(t.Context(), *stored.Password, stored)
	require.ErrorContains(t, err, "open key 2")
	_, err = other.Seal(t.Context(), fleet.NewSecret("x"), stored)
	require.ErrorContains(t, err, "open key 2")
	require.NoError(t, os.Link(v.path+".2", elsewhere+".2"))
	got, err := other.Open(t.Context(), *stored.Password, stored)
	require.NoError(t, err, "as soon as it is brought there")
	require.Equal(t, text(v.checks[0], 0), got.Reveal())
}

// waitForLock waits until a connection to the database waits for another.
func (v *vault) waitForLock() {
	v.Helper()
	owner := storetest.Owner(v, v.pool)
	require.Eventually(v, func() bool {
		var waiting int
		err := owner.QueryRow(v.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting)
		return err == nil && waiting > 0
	}, 30*time.Second, time.Millisecond)
}

func TestEditThatKeepsThePasswordDoesNotPutBackWhatARotationReplaces(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	check := v.checks[0]
	require.NoError(t, secret.AddKey(t.Context(), v.path, 2, v.store))
	resealed := v.seal(check, text(check, 0))
	require.EqualValues(t, 2, resealed.KeyID)
	tx, err := v.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), `update host_health_checks set basic_auth_pass_encrypted = $1, basic_auth_pass_nonce = $2, basic_auth_key_id = 2
		where id = $3`, resealed.Ciphertext, resealed.Nonce, check.ID)
	require.NoError(t, err)
	edited := make(chan error, 1)
	go func() {
		edited <- v.store.UpdateCheck(context.WithoutCancel(t.Context()), operator, fleet.CheckUpdate{Check: check, KeepPassword: true})
	}()
	v.waitForLock()
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-edited)
	v.requireOpen(2)
}
