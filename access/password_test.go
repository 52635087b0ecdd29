package access

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAPasswordIsKeptAsArgon2idWithTheRecommendedCostAndASaltOfItsOwn(t *testing.T) {
	t.Parallel()
	p, err := NewPasswords(1)
	require.NoError(t, err)
	one, err := p.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	other, err := p.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$"), one)
	require.NotEqual(t, one, other)
	for password, same := range map[string]bool{"correct horse battery": true, "correct horse batterx": false, "": false} {
		got, err := p.Verify(t.Context(), password, one)
		require.NoError(t, err)
		require.Equal(t, same, got, password)
	}
}

func TestNoPasswordOpensAnEmptyHashAndTryingCostsAsMuchAsAnother(t *testing.T) {
	t.Parallel()
	p, err := NewPasswords(1)
	require.NoError(t, err)
	got, err := p.Verify(t.Context(), "of nobody", "")
	require.NoError(t, err)
	require.False(t, got)
	dummy, _, _, err := argon2id.DecodeHash(p.dummy)
	require.NoError(t, err)
	require.Equal(t, defaultCost, *dummy)
	same, err := argon2id.ComparePasswordAndHash("of nobody", p.dummy)
	require.NoError(t, err)
	require.True(t, same, "the dummy is a whole hash, so that comparing with it goes to the end")

	// What can not be compared with is an error, which shows that the comparison took place, and with what.
	p.dummy = "no hash"
	_, err = p.Verify(t.Context(), "of nobody", "")
	require.ErrorIs(t, err, argon2id.ErrInvalidHash, "nobody's is compared with the dummy")
	_, err = p.Verify(t.Context(), "x", "no hash either")
	require.ErrorIs(t, err, argon2id.ErrInvalidHash, "as any other is with itself")
}

func TestOnlySoManyPasswordsAreHashedAtOnceAndTheRestIsToldToComeBack(t *testing.T) {
	t.Parallel()
	cheap := argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	synctest.Test(t, func(t *testing.T) {
		p, err := newPasswords(2, cheap)
		require.NoError(t, err)
		var leave []func()
		for range 2 {
			done, err := p.enter(t.Context())
			require.NoError(t, err)
			leave = append(leave, done)
		}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, err := p.Verify(context.Background(), "x", "")
				require.True(t, fleet.IsKind(err, fleet.KindUnavailable), "%v", err)
			})
		}
		wg.Wait()
		for _, done := range leave {
			done()
		}
		_, err = p.Verify(t.Context(), "x", "")
		require.NoError(t, err)
	})
}

func BenchmarkVerify(b *testing.B) {
	p, err := NewPasswords(1)
	require.NoError(b, err)
	hash, err := p.Hash(b.Context(), "correct horse battery")
	require.NoError(b, err)
	for name, against := range map[string]string{"account": hash, "nobody": ""} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := p.Verify(b.Context(), "wrong", against)
				require.NoError(b, err)
			}
		})
	}
}
