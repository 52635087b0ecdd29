package health_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

func host(t *testing.T, q agenttest.Quirks) (*agenttest.Host, fleet.AgentConn) {
	t.Helper()
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	specs := agenttest.DemoHosts(1)
	specs[0].Quirks = q
	f, err := agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: specs})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	client, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(), Revocations: agenttest.NothingRevoked(),
	})
	require.NoError(t, err)
	conn := client.Connect(f.Hosts()[0].Endpoint())
	t.Cleanup(conn.Close)
	return f.Hosts()[0], conn
}

func nginx(name string) fleet.Check {
	return fleet.Check{ID: "c", HostID: "h", Type: fleet.CheckService, ServiceName: name}
}

func TestTheAgentsBooleanDecides(t *testing.T) {
	t.Parallel()
	h, conn := host(t, agenttest.Versions[0])
	p := health.NewProber(health.Config{})
	r := p.Service(t.Context(), conn, nginx("nginx"))
	require.Equal(t, fleet.OutcomeHealthy, r.Outcome, r.Detail)
	require.Equal(t, "nginx is active/running", r.Detail)

	h.SetServiceHealthy("nginx", false)
	r = p.Service(t.Context(), conn, nginx("nginx"))
	requireUnhealthy(t, r, "failed/failed")

	h.SetServiceHealthy("nginx", true)
	require.True(t, p.Service(t.Context(), conn, nginx("nginx.service")).Healthy())
	requireUnhealthy(t, p.Service(t.Context(), conn, nginx("systemd-tmpfiles-setup")), "active/exited")
}

func TestEveryOtherAnswerOfAnAgentIsUnhealthyWithItsReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  agenttest.Fault
		detail string
	}{
		"400":             {agenttest.Problem(400, agent.CodeInvalidServiceName, 0), "INVALID_SERVICE_NAME"},
		"404":             {agenttest.Problem(404, agent.CodeServiceNotFound, 0), "SERVICE_NOT_FOUND"},
		"500":             {agenttest.Problem(500, agent.CodeServiceStatusError, 0), "SERVICE_STATUS_ERROR"},
		"429":             {agenttest.Problem(429, "RATE_LIMITED", time.Minute), "RATE_LIMITED"},
		"bad envelope":    {agenttest.Answer(200, `{"healthy":true}`), "malformed"},
		"another service": {agenttest.Replace("nginx.service", "apache2.service"), "another service"},
		"no healthy":      {agenttest.Replace(`"healthy"`, `"health"`), "healthy is no boolean"},
		"healthy as text": {agenttest.Replace(`"healthy":true`, `"healthy":"true"`), "healthy is no boolean"},
		"truncated":       {agenttest.Truncate(5), "unreachable"},
		"reset":           {agenttest.Reset(), "unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, conn := host(t, agenttest.Versions[3])
			h.Inject("GET /system/services", agenttest.Always, c.fault)
			r := health.NewProber(health.Config{}).Service(t.Context(), conn, nginx("nginx.service"))
			requireUnhealthy(t, r, c.detail)
		})
	}
}

func TestAServiceCheckEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	h, conn := host(t, agenttest.Versions[3])
	p := health.NewProber(health.Config{Timeout: 100 * time.Millisecond})
	h.Inject("", 1, agenttest.Hang())
	requireUnhealthy(t, p.Service(t.Context(), conn, nginx("nginx")), "within 100ms")
	h.Inject("", 1, agenttest.Drip(20*time.Millisecond))
	requireUnhealthy(t, p.Service(t.Context(), conn, nginx("nginx")), "within 100ms")
}

func TestAnAgentThatIsAwayIsUnhealthy(t *testing.T) {
	t.Parallel()
	h, conn := host(t, agenttest.Versions[3])
	h.SetReachable(false)
	requireUnhealthy(t, health.NewProber(health.Config{}).Service(t.Context(), conn, nginx("nginx")), "unreachable")
}

func TestACheckOverAConnectionThatCanNotBeJudgedIsAnError(t *testing.T) {
	t.Parallel()
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	f, err := agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: agenttest.DemoHosts(1)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	revocations := &agenttest.Revocations{}
	client, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(), Revocations: revocations,
	})
	require.NoError(t, err)
	revocations.Fail(errors.New("the database does not answer"))
	conn := client.Connect(f.Hosts()[0].Endpoint())
	t.Cleanup(conn.Close)
	r := health.NewProber(health.Config{}).Service(t.Context(), conn, nginx("nginx"))
	require.Equal(t, fleet.OutcomeError, r.Outcome, r.Detail)
	require.Contains(t, r.Detail, "revoked")
}
