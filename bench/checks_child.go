package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// The roles of the processes that measureChecks starts.
const (
	rolePages  = "pages"  // serves pages for HTTP checks
	roleAgents = "agents" // serves simulated agents
)

// pageText is what HTTP checks look for; it is the end of a page of pageSize bytes.
const (
	pageText = "all is ok"
	pageSize = 2 << 10
)

func (o order) servePages() []string {
	content := strings.Repeat("x", pageSize-len(pageText)) + pageText
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, content) })
	urls := make([]string, o.Count)
	for i := range urls {
		urls[i] = httptest.NewServer(page).URL
	}
	return urls
}

// serveAgents serves agents whose names stand in their URLs; all listen on 127.0.0.1.
func (o order) serveAgents() ([]string, error) {
	pki, err := agenttest.NewPKI(o.Dir)
	if err != nil {
		return nil, err
	}
	services := make([]agenttest.ServiceSpec, servicesPerAgent)
	for i := range services {
		services[i].Name = serviceOf(i)
	}
	hosts := make([]agenttest.HostSpec, o.Count)
	for i := range hosts {
		hosts[i] = agenttest.HostSpec{FQDN: fmt.Sprintf("agent-%d.bench.internal", i), Services: services}
	}
	agents, err := agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: hosts})
	if err != nil {
		return nil, err
	}
	urls := make([]string, o.Count)
	for i, host := range agents.Hosts() {
		urls[i] = fmt.Sprintf("https://%s:%d", host.FQDN(), host.Endpoint().Port)
	}
	return urls, nil
}

func serviceOf(i int) string { return fmt.Sprintf("service-%d.service", i) }
