package store_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestStartsTogetherEndWithOneCanaryAndOneKey(t *testing.T) {
	t.Parallel()
	s := store.New(storetest.New(t), storetest.AuditKey)
	path := filepath.Join(t.TempDir(), "health-check.key")
	rings, errs := make([]*secret.Keyring, 50), make([]error, 50)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() { rings[i], errs[i] = secret.Open(t.Context(), path, s) })
	}
	wg.Wait()
	check, host := uuid.NewString(), uuid.NewString()
	for i := range rings {
		require.NoError(t, errs[i])
		sealed, err := rings[i].Seal(t.Context(), fleet.NewSecret("hunter2"), fleet.Check{ID: check, HostID: host, URL: "https://a.example/"})
		require.NoError(t, err)
		got, err := rings[0].Open(t.Context(), sealed, fleet.Check{ID: check, HostID: host, URL: "https://a.example/"})
		require.NoError(t, err)
		require.Equal(t, "hunter2", got.Reveal())
	}
	canaries, err := s.Canaries(t.Context())
	require.NoError(t, err)
	require.Len(t, canaries, 1)
}

func TestFirstCanaryOfAKeyStays(t *testing.T) {
	t.Parallel()
	s := store.New(storetest.New(t), storetest.AuditKey)
	first := fleet.Canary{KeyID: 1, Ciphertext: []byte("first"), Nonce: []byte("n1")}
	got, err := s.SaveCanary(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, first, got)
	got, err = s.SaveCanary(t.Context(), fleet.Canary{KeyID: 1, Ciphertext: []byte("second"), Nonce: []byte("n2")})
	require.NoError(t, err)
	require.Equal(t, first, got)
	second := fleet.Canary{KeyID: 2, Ciphertext: []byte("other key"), Nonce: []byte("n3")}
	_, err = s.SaveCanary(t.Context(), second)
	require.NoError(t, err)
	all, err := s.Canaries(t.Context())
	require.NoError(t, err)
	require.Equal(t, []fleet.Canary{first, second}, all)
}

func TestDiscardingPasswordsIsAuditedAndLetsAnotherKeyStart(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	lost, err := secret.Open(t.Context(), filepath.Join(t.TempDir(), "lost.key"), s)
	require.NoError(t, err)
	host, check := uuid.NewString(), uuid.NewString()
	sealed, err := lost.Seal(t.Context(), fleet.NewSecret("hunter2"), fleet.Check{ID: check, HostID: host, URL: "https://a.example/"})
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `insert into hosts (id, fqdn, address) values ($1, 'a.example', 'a.example')`, host)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `insert into host_health_checks (id, host_id, slot, name, check_type, url, expected_body,
		basic_auth_user, basic_auth_pass_encrypted, basic_auth_pass_nonce, basic_auth_key_id)
		values ($1, $2, 1, 'page', 'http', 'https://a.example/', 'ok', 'me', $3, $4, $5)`,
		check, host, sealed.Ciphertext, sealed.Nonce, sealed.KeyID)
	require.NoError(t, err)
	another := filepath.Join(t.TempDir(), "another.key")
	_, err = secret.Open(t.Context(), another, s)
	require.Error(t, err, "before the passwords are discarded")

	n, err := s.DiscardPasswords(t.Context(), fleet.Actor{Name: "root"})
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = secret.Open(t.Context(), another, s)
	require.NoError(t, err)
	var user string
	var passwords, entries int
	require.NoError(t, pool.QueryRow(t.Context(), `select max(basic_auth_user), count(basic_auth_pass_encrypted),
		(select count(*) from audit_entries where action = 'key.discard' and actor_name = 'root'
			and detail::jsonb = '{"passwords": 1}') from host_health_checks`).Scan(&user, &passwords, &entries))
	require.Equal(t, "me", user)
	require.Zero(t, passwords)
	require.Equal(t, 1, entries)
}
