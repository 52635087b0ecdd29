package agenttest_test

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

func newCrowd(t *testing.T, spec agenttest.CrowdSpec) (*agenttest.Crowd, *agent.Client) {
	t.Helper()
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	spec.Domain, spec.Addresses, spec.Page = "crowd.internal", 3, "all is ok"
	spec.First = netip.MustParseAddr("127.0.3.1")
	crowd, err := agenttest.NewCrowd(pki, spec)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, crowd.Close()) })
	client, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(),
		Revocations: agenttest.NothingRevoked(), DialTimeout: 300 * time.Millisecond,
	})
	require.NoError(t, err)
	return crowd, client
}

func serviceOf(ctx context.Context, c *agent.Client, name string, at netip.AddrPort) (fleet.AgentService, error) {
	conn := c.Connect(fleet.Endpoint{FQDN: name, Address: at.Addr().String(), Port: int(at.Port())})
	defer conn.Close()
	return conn.Service(ctx, "nginx.service")
}

func TestEveryAddressOfACrowdAnswersForEveryHost(t *testing.T) {
	t.Parallel()
	crowd, client := newCrowd(t, agenttest.CrowdSpec{})
	require.Len(t, crowd.Agents, 3)
	for i, name := range []string{"a.crowd.internal", "b.crowd.internal", "c.crowd.internal"} {
		crowd.SetHealthy(true)
		s, err := serviceOf(t.Context(), client, name, crowd.Agents[i])
		require.NoError(t, err)
		require.True(t, s.Healthy)
		require.Equal(t, 200, page(t, crowd.Pages[i]))
		crowd.SetHealthy(false)
		s, err = serviceOf(t.Context(), client, name, crowd.Agents[i])
		require.NoError(t, err)
		require.False(t, s.Healthy)
		require.Equal(t, 503, page(t, crowd.Pages[i]))
	}
	_, err := serviceOf(t.Context(), client, "a.elsewhere.internal", crowd.Agents[0])
	require.ErrorContains(t, err, "certificate")
}

func TestASilentCrowdTakesConnectionsAndSaysNothing(t *testing.T) {
	t.Parallel()
	crowd, client := newCrowd(t, agenttest.CrowdSpec{Silent: true})
	_, err := serviceOf(t.Context(), client, "a.crowd.internal", crowd.Agents[0])
	require.ErrorContains(t, err, "deadline")
}

func page(t *testing.T, at netip.AddrPort) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at.String()+"/", http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}
