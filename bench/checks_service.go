package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

const (
	agentHosts       = 20
	agentVisits      = 200 // in a turn
	servicesPerAgent = 5
	serviceChecks    = agentVisits * servicesPerAgent
)

// measureServices compares what the poller does with a host of five service checks with a connection and five requests.
func (b *bench) measureServices(ctx context.Context, db *database) error {
	pki, err := agenttest.NewPKI(b.dir + "/pki")
	if err != nil {
		return err
	}
	agents, err := b.targets(ctx, order{Role: roleAgents, Count: agentHosts, Dir: b.dir + "/pki"})
	if err != nil {
		return err
	}
	defer agents.end()
	floor, err := newAgentFloor(pki)
	if err != nil {
		return err
	}
	// Who knows what is revoked is the database, which is asked before every request.
	client, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(), Revocations: db,
	})
	if err != nil {
		return err
	}
	runner := activities.NewCheckRunner(client, newProber(), nil, db)
	sides := []side{
		{"floor of services", func(context.Context) error {
			return atOnce(agentVisits, func(i int) error { return floor.visit(agents.urls[i%agentHosts], false) })
		}},
		{"service checks", func(ctx context.Context) error {
			return atOnce(agentVisits, func(i int) error { return probe(ctx, runner, agents.urls[i%agentHosts]) })
		}},
		{"handshake for each check", func(context.Context) error {
			return atOnce(agentVisits, func(i int) error { return floor.visit(agents.urls[i%agentHosts], true) })
		}},
	}
	if _, err := inTurns(ctx, 1, sides...); err != nil {
		return err
	}
	took, err := inTurns(ctx, b.rounds*turnsPerRound, sides...)
	if err != nil {
		return err
	}
	b.add(result{Name: "service checks, 5 on a connection: floor", Value: per1000(took[0], serviceChecks), Unit: "s per 1,000"})
	b.addCompared("service checks, 5 on a connection: ours", serviceChecks, took[1], took[0], 1.3)
	b.add(result{Name: "service checks, a handshake for each: floor", Value: per1000(took[2], serviceChecks), Unit: "s per 1,000"})
	return nil
}

// probe is what the poller does with one host.
func probe(ctx context.Context, runner *activities.CheckRunner, agentURL string) error {
	u, err := url.Parse(agentURL)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return err
	}
	checks := make([]fleet.Check, servicesPerAgent)
	for i := range checks {
		checks[i] = fleet.Check{Type: fleet.CheckService, ServiceName: serviceOf(i)}
	}
	results, err := runner.Probe(ctx, fleet.Endpoint{FQDN: u.Hostname(), Address: "127.0.0.1", Port: port}, checks)
	for _, r := range results {
		err = errors.Join(err, healthyOr(r))
	}
	return err
}

// agentFloor is the least that service checks can be: requests over mutual TLS, their answers read and looked through.
type agentFloor struct{ tls *tls.Config }

func newAgentFloor(pki *agenttest.PKI) (agentFloor, error) {
	authority, err := os.ReadFile(pki.CAFile())
	if err != nil {
		return agentFloor{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	pair, err := tls.LoadX509KeyPair(pki.ClientCertFile(), pki.ClientKeyFile())
	if err != nil {
		return agentFloor{}, err
	}
	return agentFloor{&tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Certificates: []tls.Certificate{pair}}}, nil
}

// visit asks an agent for each of its services, over one connection or over one for each.
func (f agentFloor) visit(agentURL string, fresh bool) error {
	transport := &http.Transport{TLSClientConfig: f.tls, DialContext: dialLoopback, DisableKeepAlives: fresh, DisableCompression: true}
	defer transport.CloseIdleConnections()
	for i := range servicesPerAgent {
		if err := f.get(transport, agentURL+agent.BasePath+"/system/services/"+serviceOf(i)); err != nil {
			return err
		}
	}
	return nil
}

func (f agentFloor) get(transport *http.Transport, address string) error {
	req, err := http.NewRequest(http.MethodGet, address, nil) //nolint:noctx // the least that a request can be
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"healthy":true`)) {
		return fmt.Errorf("an agent did not answer as expected: %d %w", resp.StatusCode, err)
	}
	return nil
}

// dialLoopback takes the port of an address, whose name nobody else knows.
func dialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}
