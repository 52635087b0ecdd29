package secret_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
)

// canaries is a CanaryStore as the database is: the first canary of a key stays.
type canaries struct {
	mu      sync.Mutex
	stored  map[int16]fleet.Canary
	retired []fleet.RetiredKey
	fail    error
}

func (c *canaries) Canaries(context.Context) ([]fleet.Canary, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []fleet.Canary
	for _, canary := range c.stored {
		list = append(list, canary)
	}
	return list, c.fail
}

func (c *canaries) RetiredKeys(context.Context) ([]fleet.RetiredKey, error) { return c.retired, c.fail }

func (c *canaries) SaveCanary(_ context.Context, canary fleet.Canary) (fleet.Canary, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stored == nil {
		c.stored = map[int16]fleet.Canary{}
	}
	if _, ok := c.stored[canary.KeyID]; !ok {
		c.stored[canary.KeyID] = canary
	}
	return c.stored[canary.KeyID], c.fail
}

func keyPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "keys", "health-check.key")
}

func open(t testing.TB, path string, store secret.CanaryStore) *secret.Keyring {
	t.Helper()
	k, err := secret.Open(t.Context(), path, store)
	require.NoError(t, err)
	return k
}

var checkID, hostID = uuid.NewString(), uuid.NewString()

// at is a check by its ids.
func at(id, host string) fleet.Check {
	return fleet.Check{ID: id, HostID: host, URL: "https://h.example/page"}
}

func TestSealedPasswordOpensForItsCheckAndHost(t *testing.T) {
	t.Parallel()
	k := open(t, keyPath(t), &canaries{})
	for _, text := range []string{"", "hunter2", string(make([]byte, 4096)), "pä\xff\x00"} {
		sealed, err := k.Seal(t.Context(), fleet.NewSecret(text), at(checkID, hostID))
		require.NoError(t, err)
		require.NotContains(t, string(sealed.Ciphertext), "hunter2")
		got, err := k.Open(t.Context(), sealed, at(checkID, hostID))
		require.NoError(t, err)
		require.Equal(t, text, got.Reveal())
	}
}

func TestKeyOutlastsARestart(t *testing.T) {
	t.Parallel()
	path, store := keyPath(t), &canaries{}
	sealed, err := open(t, path, store).Seal(t.Context(), fleet.NewSecret("hunter2"), at(checkID, hostID))
	require.NoError(t, err)
	got, err := open(t, path, store).Open(t.Context(), sealed, at(checkID, hostID))
	require.NoError(t, err)
	require.Equal(t, "hunter2", got.Reveal())
}

func TestSpellingOfAnIDDoesNotMatter(t *testing.T) {
	t.Parallel()
	k := open(t, keyPath(t), &canaries{})
	const lower, upper = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000", "0199AAAA-BBBB-7CCC-8DDD-EEEEFFFF0000"
	sealed, err := secret.Plain{Keyring: k}.Seal(t.Context(), "hunter2", at(upper, hostID))
	require.NoError(t, err)
	got, err := k.Open(t.Context(), sealed, at(lower, hostID))
	require.NoError(t, err)
	require.Equal(t, "hunter2", got.Reveal())
}

func TestIDThatIsNoUUIDIsRefused(t *testing.T) {
	t.Parallel()
	k := open(t, keyPath(t), &canaries{})
	_, err := k.Seal(t.Context(), fleet.NewSecret("hunter2"), at("1", hostID))
	require.ErrorContains(t, err, "the id of host_health_checks must be a UUID")
	_, err = k.Seal(t.Context(), fleet.NewSecret("hunter2"), at(checkID, ""))
	require.ErrorContains(t, err, "the host_id of host_health_checks must be a UUID")
	_, err = k.Open(t.Context(), fleet.SealedPassword{KeyID: 1}, at(checkID, ""))
	require.ErrorContains(t, err, "the host_id of host_health_checks must be a UUID")
}

func TestCiphertextMovedToAnotherRowDoesNotOpen(t *testing.T) {
	t.Parallel()
	store := &canaries{}
	k := open(t, keyPath(t), store)
	sealed, err := k.Seal(t.Context(), fleet.NewSecret("hunter2"), at(checkID, hostID))
	require.NoError(t, err)
	for _, ids := range [][2]string{{uuid.NewString(), hostID}, {checkID, uuid.NewString()}, {hostID, checkID}} {
		_, err = k.Open(t.Context(), sealed, at(ids[0], ids[1]))
		require.ErrorContains(t, err, "moved here from elsewhere")
		require.NotContains(t, err.Error(), "hunter2")
	}
	canary := store.stored[1]
	_, err = k.Open(t.Context(), fleet.SealedPassword{Ciphertext: canary.Ciphertext, Nonce: canary.Nonce, KeyID: 1}, at(checkID, hostID))
	require.Error(t, err, "from another table")
}

func TestEverySingleFlippedBitIsRefused(t *testing.T) {
	t.Parallel()
	k := open(t, keyPath(t), &canaries{})
	sealed, err := k.Seal(t.Context(), fleet.NewSecret("hunter2"), at(checkID, hostID))
	require.NoError(t, err)
	refused := func() {
		_, err := k.Open(t.Context(), sealed, at(checkID, hostID))
		require.Error(t, err)
	}
	for _, part := range [][]byte{sealed.Ciphertext, sealed.Nonce} {
		for i := range len(part) * 8 {
			part[i/8] ^= 1 << (i % 8)
			refused()
			part[i/8] ^= 1 << (i % 8)
		}
	}
	for i := range 16 {
		sealed.KeyID ^= 1 << i
		refused()
		sealed.KeyID ^= 1 << i
	}
	_, err = k.Open(t.Context(), sealed, at(checkID, hostID))
	require.NoError(t, err)
}

func TestCutCiphertextOrNonceIsRefusedWithoutPanic(t *testing.T) {
	t.Parallel()
	k := open(t, keyPath(t), &canaries{})
	sealed, err := k.Seal(t.Context(), fleet.NewSecret("hunter2"), at(checkID, hostID))
	require.NoError(t, err)
	for n := range sealed.Ciphertext {
		_, err := k.Open(t.Context(), fleet.SealedPassword{Ciphertext: sealed.Ciphertext[:n], Nonce: sealed.Nonce, KeyID: 1}, at(checkID, hostID))
		require.Error(t, err)
	}
	for n := range sealed.Nonce {
		_, err := k.Open(t.Context(), fleet.SealedPassword{Ciphertext: sealed.Ciphertext, Nonce: sealed.Nonce[:n], KeyID: 1}, at(checkID, hostID))
		require.Error(t, err)
	}
}

func TestNoTwoCiphertextsAreAlike(t *testing.T) {
	t.Parallel()
	k := open(t, keyPath(t), &canaries{})
	a, err := k.Seal(t.Context(), fleet.NewSecret("hunter2"), at(checkID, hostID))
	require.NoError(t, err)
	b, err := k.Seal(t.Context(), fleet.NewSecret("hunter2"), at(checkID, hostID))
	require.NoError(t, err)
	require.NotEqual(t, a.Nonce, b.Nonce)
	require.NotEqual(t, a.Ciphertext, b.Ciphertext)
}

func TestKeyThatIsMissingWhileItsCanaryIsStoredRefusesToStart(t *testing.T) {
	t.Parallel()
	path, store := keyPath(t), &canaries{}
	open(t, path, store)
	require.NoError(t, os.Remove(path))
	_, err := secret.Open(t.Context(), path, store)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "put the file back")
	require.NoFileExists(t, path)
}

func TestKeyThatDidNotMakeItsCanaryRefusesToStart(t *testing.T) {
	t.Parallel()
	path, store := keyPath(t), &canaries{}
	open(t, path, store)
	require.NoError(t, os.WriteFile(path, make([]byte, 32), 0o600))
	_, err := secret.Open(t.Context(), path, store)
	require.ErrorContains(t, err, "not the key that the stored passwords were encrypted with")
}

func TestTwoMachinesStartingTogetherWithoutASharedFileDoNotBothStart(t *testing.T) {
	t.Parallel()
	store := &canaries{}
	open(t, keyPath(t), store)
	// This one asked for canaries before the other had stored its own.
	_, err := secret.Open(t.Context(), keyPath(t), late{store})
	require.ErrorContains(t, err, "not the key")
}

type late struct{ *canaries }

func (late) Canaries(context.Context) ([]fleet.Canary, error) { return nil, nil }

func TestKeyFileLeftByAnInterruptedFirstStartIsUsed(t *testing.T) {
	t.Parallel()
	path, store := keyPath(t), &canaries{}
	_, err := secret.Open(t.Context(), path, &canaries{fail: errors.New("database gone")})
	require.ErrorContains(t, err, "database gone")
	require.NoFileExists(t, path)
	open(t, path, &canaries{})
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	open(t, path, store)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestFurtherKeyEncryptsAndTheFirstStillOpens(t *testing.T) {
	t.Parallel()
	path, store := keyPath(t), &canaries{}
	first := open(t, path, store)
	old, err := first.Seal(t.Context(), fleet.NewSecret("old"), at(checkID, hostID))
	require.NoError(t, err)
	require.NoError(t, secret.AddKey(t.Context(), path, 2, store))
	k := open(t, path, store)
	fresh, err := k.Seal(t.Context(), fleet.NewSecret("new"), at(checkID, hostID))
	require.NoError(t, err)
	require.EqualValues(t, 2, fresh.KeyID)
	for text, sealed := range map[string]fleet.SealedPassword{"old": old, "new": fresh} {
		got, err := k.Open(t.Context(), sealed, at(checkID, hostID))
		require.NoError(t, err)
		require.Equal(t, text, got.Reveal())
	}
	got, err := first.Open(t.Context(), fresh, at(checkID, hostID))
	require.NoError(t, err, "a process that started before learns of the key when it meets it")
	require.Equal(t, "new", got.Reveal())
	sealed, err := first.Seal(t.Context(), fleet.NewSecret("newer"), at(checkID, hostID))
	require.NoError(t, err)
	require.EqualValues(t, 2, sealed.KeyID)
}
