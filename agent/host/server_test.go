package host

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// serveTLS serves a host on loopback with a certificate of a new CA.
func serveTLS(t *testing.T, h *fakeHost) (*agenttest.PKI, string) {
	t.Helper()
	dir := t.TempDir()
	pki, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	cert, key := filepath.Join(dir, "server.pem"), filepath.Join(dir, "server-key.pem")
	require.NoError(t, pki.WriteServer("real.example", cert, key))
	server, err := h.Server(cert, key, pki.CAFile())
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return pki, "https://" + listener.Addr().String() + agent.BasePath + "/health"
}

func get(t *testing.T, config *tls.Config, url string) (int, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func TestOnlyAHolderOfAClientCertificateOfTheCAIsHeardAndOnlyOverTLS13(t *testing.T) {
	t.Parallel()
	pki, url := serveTLS(t, newHost(t))
	ca, err := os.ReadFile(pki.CAFile())
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	client, err := tls.LoadX509KeyPair(pki.ClientCertFile(), pki.ClientKeyFile())
	require.NoError(t, err)
	other, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	stranger, err := tls.LoadX509KeyPair(other.ClientCertFile(), other.ClientKeyFile())
	require.NoError(t, err)
	server, err := pki.Issue(agenttest.Certificate{Name: "another.example"})
	require.NoError(t, err)
	config := func(certificates ...tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: roots, ServerName: "real.example", Certificates: certificates}
	}

	status, err := get(t, config(client), url)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	_, err = get(t, config(), url)
	require.Error(t, err, "no certificate")
	_, err = get(t, config(stranger), url)
	require.Error(t, err, "a certificate of another CA")
	_, err = get(t, config(*server), url)
	require.Error(t, err, "another host's certificate is not for clients")
	old := config(client)
	old.MaxVersion = tls.VersionTLS12
	_, err = get(t, old, url)
	require.Error(t, err, "an older protocol")
}

func TestAServerWithoutItsFilesDoesNotStart(t *testing.T) {
	t.Parallel()
	h, dir := newHost(t), t.TempDir()
	pki, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	_, err = h.Server("/none", pki.ClientKeyFile(), pki.CAFile())
	require.ErrorContains(t, err, "certificate")
	_, err = h.Server(pki.ClientCertFile(), pki.ClientKeyFile(), "/none")
	require.ErrorContains(t, err, "load the CA")
	_, err = h.Server(pki.ClientCertFile(), pki.ClientKeyFile(), pki.ClientKeyFile())
	require.ErrorContains(t, err, "holds no certificate")
}
