package devstack

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASettingOfTheCallerWinsOverOurs(t *testing.T) {
	t.Parallel()
	env := newEnvironment([]string{"PATCH_MANAGER_GATE__RETRY_INTERVAL=1s", "OTHER=x"})
	env.set(variable("gate.retry_interval"), "4s")
	env.set(variable("gate.max_result_age"), "5s")
	value, ok := env.lookup("PATCH_MANAGER_GATE__RETRY_INTERVAL")
	require.True(t, ok)
	require.Equal(t, "1s", value)
	list := env.list()
	require.Contains(t, list, "PATCH_MANAGER_GATE__MAX_RESULT_AGE=5s")
	require.Less(t, slices.Index(list, "PATCH_MANAGER_GATE__RETRY_INTERVAL=4s"),
		slices.Index(list, "PATCH_MANAGER_GATE__RETRY_INTERVAL=1s"), "the later one counts")
}

func TestForcingReplacesWhatTheCallerGave(t *testing.T) {
	t.Parallel()
	env := newEnvironment([]string{"A=1", "AB=2"})
	env.force("A", "3")
	require.ElementsMatch(t, []string{"A=3", "AB=2"}, env.list())
}

func TestTheEnvironmentIsQuotedForAShellOnlyWhereNeeded(t *testing.T) {
	t.Parallel()
	require.Equal(t, "postgres://a:b@h:1/d?sslmode=disable", quote("postgres://a:b@h:1/d?sslmode=disable"))
	require.Equal(t, "'postgres://a:b@h/d?a=b&c=d'", quote("postgres://a:b@h/d?a=b&c=d"))
	require.Equal(t, `'it'\''s'`, quote("it's"))
}

func TestAnAddressListenedOnEverywhereIsDialledHere(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:1": "127.0.0.1:1", "[::]:2": "127.0.0.1:2",
		"127.0.0.1:3": "127.0.0.1:3", "localhost:4": "localhost:4", "[::1]:5": "[::1]:5",
	} {
		require.Equal(t, want, dialable(address), address)
	}
}

func TestATemporalAddressOfAnEarlierStartIsOurs(t *testing.T) {
	t.Parallel()
	port, err := FreePort()
	require.NoError(t, err)
	require.True(t, isOurs(Address(port), port))
	require.False(t, isOurs(Address(port), port+1))
	require.False(t, isOurs("temporal.example.org:7233", 7233))
}
