package api_test

import (
	"crypto/tls"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/pki"
)

// managed is a site whose built-in authority is that of simulated agents, with a manager that speaks to them.
type managed struct {
	*site
	pki    *agenttest.PKI
	client *agent.Client
	reader *activities.InventoryReader
}

func newManaged(t *testing.T) *managed {
	t.Helper()
	dir := t.TempDir()
	simulated, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	m := &managed{site: newSite(t), pki: simulated}
	m.authority, _, err = pki.Open(pki.Config{
		CAFile: simulated.CAFile(), CAKeyFile: filepath.Join(dir, "ca-key.pem"), ClientFile: simulated.ClientCertFile(),
		ClientKey: simulated.ClientKeyFile(), Lifetime: 8760 * time.Hour,
	})
	require.NoError(t, err)
	m.site.serve(func(*apiConfig) {})
	m.client, err = agent.NewClient(agent.Config{
		CAFile: simulated.CAFile(), CertFile: simulated.ClientCertFile(), KeyFile: simulated.ClientKeyFile(), Revocations: m.store,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	m.reader = activities.NewInventoryReader(m.client, m.store)
	return m
}

// serve runs an agent that shows the certificate of a bundle.
func (m *managed) serve(bundle map[string]any) *agenttest.Host {
	m.t.Helper()
	pair, err := tls.X509KeyPair([]byte(bundle["server_crt"].(string)), []byte(bundle["server_key"].(string)))
	require.NoError(m.t, err)
	spec := agenttest.DemoHosts(1)[0]
	spec.FQDN, spec.Certificate = "web1.example.com", &pair
	f, err := agenttest.NewFleet(agenttest.Options{PKI: m.pki, Hosts: []agenttest.HostSpec{spec}})
	require.NoError(m.t, err)
	m.t.Cleanup(func() { require.NoError(m.t, f.Close()) })
	return f.Hosts()[0]
}

func (m *managed) inventory(id string, h *agenttest.Host) map[string]any {
	m.t.Helper()
	e := h.Endpoint()
	m.exec(`update hosts set address = $2, agent_port = $3 where id = $1`, id, e.Address, e.Port)
	host := fleet.Host{ID: id, FQDN: e.FQDN, Address: e.Address, AgentPort: e.Port}
	require.NoError(m.t, m.reader.RefreshInventory(m.t.Context(), host))
	return m.must(200, m.admin, "GET", hosts+"/"+id, nil)["agent"].(map[string]any)
}

func TestAMachineThatEnrolledIsSpokenToUntilItsCertificateIsRevoked(t *testing.T) {
	t.Parallel()
	m := newManaged(t)
	token := m.enrol(nil)
	id := m.approve(m.waiting(), map[string]any{})["id"].(string)
	_, bundle := m.poll(token)
	h := m.serve(bundle)
	seen := m.inventory(id, h)
	require.Equal(t, true, seen["reachable"], seen["error"])
	require.Equal(t, certificate(t, bundle["server_crt"]).NotAfter.Format(time.RFC3339), seen["certificate_expires_at"])

	e := h.Endpoint()
	conn := m.client.Connect(e)
	t.Cleanup(conn.Close)
	_, err := conn.Health(t.Context())
	require.NoError(t, err)
	asked := len(h.Requests())
	m.must(200, m.admin, "POST", hosts+"/"+id+"/certificate/revoke", map[string]any{})
	_, err = conn.Health(t.Context())
	require.ErrorContains(t, err, "revoked")
	sent := conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
	require.Equal(t, fleet.SendNotSent, sent.Outcome)
	require.Len(t, h.Requests(), asked)
	require.Equal(t, false, m.inventory(id, h)["reachable"])

	again := m.enrol(nil)
	m.approve(m.waiting(), map[string]any{"host_id": id})
	_, bundle = m.poll(again)
	require.Equal(t, true, m.inventory(id, m.serve(bundle))["reachable"])
	require.Len(t, items(t, m.must(200, m.admin, "GET", hosts+"/"+id+"/certificates", nil)), 2)
}
