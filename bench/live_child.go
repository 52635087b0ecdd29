package main

import (
	"net/netip"
	"strings"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// The roles of the processes that answer for the hosts of a live system.
const (
	roleCrowd  = "crowd"
	roleSilent = "silent"
)

// crowdAddresses is how many addresses a crowd has: a client that opens 1,250 connections a second to one runs out of ports.
const crowdAddresses = 64

// serveCrowd returns where agents are, and then where pages are.
func (o order) serveCrowd() ([]string, error) {
	pki, err := agenttest.NewPKI(o.Dir)
	if err != nil {
		return nil, err
	}
	spec := agenttest.CrowdSpec{
		Domain: benchDomain, First: netip.MustParseAddr("127.0.1.1"), Addresses: crowdAddresses,
		Page: strings.Repeat("x", pageSize-len(pageText)) + pageText,
	}
	if o.Role == roleSilent {
		spec.First, spec.Silent = netip.MustParseAddr("127.0.2.1"), true
	}
	crowd, err := agenttest.NewCrowd(pki, spec)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, a := range append(crowd.Agents, crowd.Pages...) {
		addresses = append(addresses, a.String())
	}
	return addresses, nil
}
