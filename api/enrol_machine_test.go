package api_test

import (
	"crypto/tls"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent/host"
)

// TestTheAgentsCommandEnrolsAHost has what `patch-agent enroll` does talk to the API itself.
func TestTheAgentsCommandEnrolsAHost(t *testing.T) {
	t.Parallel()
	s := newManaged(t)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	root, dir := t.TempDir(), filepath.Join(t.TempDir(), "patch-agent")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "etc"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/machine-id"), []byte("0123456789abcdef0123456789abcdef\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/os-release"), []byte("ID=debian\nVERSION_ID=\"12\"\n"), 0o600))
	err := host.Enrolment{Manager: server.URL + "/", FQDN: "web1.example.com", Dir: dir, Root: root}.Enrol(t.Context(), func() {
		waits := items(t, s.must(200, s.admin, "GET", enrolments+"?status=pending", nil))
		require.Len(t, waits, 1)
		require.Equal(t, "web1.example.com", waits[0]["fqdn"])
		require.Equal(t, "127.0.0.1", waits[0]["ip_address"])
		require.Equal(t, map[string]any{"id": "debian", "version_id": "12"}, waits[0]["os_details"])
		s.approve(waits[0]["id"].(string), map[string]any{})
	})
	require.NoError(t, err)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server-key.pem"))
	require.NoError(t, err)
	require.Equal(t, []string{"web1.example.com"}, pair.Leaf.DNSNames)
	for _, name := range []string{"server.pem", "server-key.pem", "ca.pem"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)
}
