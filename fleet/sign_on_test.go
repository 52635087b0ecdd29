package fleet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestReturnToIsAPageOfOurs(t *testing.T) {
	t.Parallel()
	for _, to := range []string{
		"/", "/hosts", "/hosts/", "/hosts?health=unhealthy&q=a%20b", "/jobs/0197-a/hosts", "/a%20b", "/groups?q=https://x",
		"/apiary", "/hosts?q=%2F%2F", "/" + strings.Repeat("a", 1023),
	} {
		require.NoError(t, fleet.CheckReturnTo(to), to)
	}
}

func TestReturnToAnythingElseIsRefused(t *testing.T) {
	t.Parallel()
	for _, to := range []string{
		"", "hosts", "?a", "#a", "//", "//?x", "/%2F", "/%252F", "//evil", "//evil/", "///evil", "/\\evil", "\\/evil", "\\\\evil", "/\\/evil", "/a\\b",
		"https://evil", "https:evil", "https:/evil", "http:\\\\evil", "HTTPS://evil", "javascript:alert(1)", "data:,x",
		"//evil@here", "/ /evil", " //evil", "\t//evil", "/\t/evil", "/\n/evil", "/\r\nLocation:/x", "/%0d%0aSet-Cookie:a=b",
		"/%2fevil", "/%2Fevil", "/%5cevil", "/%5Cevil", "%2f%2fevil", "/%252fevil", "/%255cevil", "/%00", "/a%09b",
		"/.//evil", "/..//evil", "/a/..//evil", "/a/../b", "/./a", "/%2e%2e/%2fevil", "/%2e/a", "/a//b", "/a/%2e%2e/b",
		"/hosts#x", "/a%23b", "/\u0085evil", "/%zz", "/\xff", "/hosts?q=\\", "/hosts?q=\n",
		"/api", "/api/", "/api/v1/auth/oidc/login", "/API/v1/auth/oidc/login", "/%61pi/v1/auth/oidc/login", "/%2561pi/x",
		"/" + strings.Repeat("a", 1024),
	} {
		err := fleet.CheckReturnTo(to)
		require.True(t, fleet.IsKind(err, fleet.KindInvalid), "%q: %v", to, err)
		require.ErrorContains(t, err, "return_to: must be the path of a page here", "%q", to)
	}
}
