package secret_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
)

// elsewhere are URLs of other servers than that of the checks of a vault.
var elsewhere = []string{"https://evil.example/", "http://h.example/", "https://h.example:8443/", "https://h.example@evil.example/", "%", ""}

func TestAPasswordOpensForTheSchemeHostAndPortThatItWasGivenForAlone(t *testing.T) {
	t.Parallel()
	k := open(t, keyPath(t), &canaries{})
	c := at(checkID, hostID)
	sealed, err := k.Seal(t.Context(), fleet.NewSecret("hunter2"), c)
	require.NoError(t, err)
	for _, url := range []string{"https://h.example/other?q=1", "HTTPS://H.EXAMPLE:443/", "https://h.example"} {
		c.URL = url
		got, err := k.Open(t.Context(), sealed, c)
		require.NoError(t, err, url)
		require.Equal(t, "hunter2", got.Reveal())
	}
	for _, url := range elsewhere {
		c.URL = url
		_, err := k.Open(t.Context(), sealed, c)
		require.ErrorContains(t, err, "for another scheme, host or port", url)
	}
}

func TestAnEditThatKeepsTheOriginKeepsThePasswordOpenAlsoOverARotation(t *testing.T) {
	t.Parallel()
	v := newVault(t, 2)
	v.checks[0].URL = "https://H.example:443/another/page"
	require.NoError(t, v.store.UpdateCheck(t.Context(), operator, fleet.CheckUpdate{Check: v.checks[0], KeepPassword: true}))
	v.requireOpen(1)
	_, err := v.rotate()
	require.NoError(t, err)
	v.checks[0].URL = "https://h.example/third"
	require.NoError(t, v.store.UpdateCheck(t.Context(), operator, fleet.CheckUpdate{Check: v.checks[0], KeepPassword: true}))
	v.requireOpen(2)
}

func TestAURLThatIsChangedPastTheApplicationGetsNoPassword(t *testing.T) {
	t.Parallel()
	v := newVault(t, 2)
	for _, url := range elsewhere {
		if url == "" {
			continue // which the database refuses
		}
		v.exec(`update host_health_checks set url = $1 where id = $2`, url, v.checks[0].ID)
		stored, err := v.stored(t.Context(), v.checks[0])
		require.NoError(t, err)
		_, err = v.keys.Open(t.Context(), *stored.Password, stored)
		require.ErrorContains(t, err, "for another scheme, host or port", url)
		total, err := secret.Verify(t.Context(), v.path, v.store, secret.Places())
		require.Equal(t, 2, total)
		require.ErrorContains(t, err, "1 passwords do not open")
		require.ErrorContains(t, err, v.checks[0].ID)
		require.ErrorContains(t, err, "for another scheme, host or port")
	}
	_, err := v.rotate()
	require.ErrorContains(t, err, v.checks[0].ID, "nor does a rotation bind it to the new one")
	v.exec(`update host_health_checks set url = 'https://h.example/' where id = $1`, v.checks[0].ID)
	_, err = v.rotate()
	require.NoError(t, err)
	v.requireOpen(2)
}
