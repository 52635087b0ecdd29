// Package agenttest simulates the fleet: agents that speak the contract over mutual TLS, with the quirks of the versions
// in the field, services that can be broken, patches that get installed, reboots, and every kind of bad answer. Time is
// computed, not waited for: a job is as far as the clock says when somebody asks, so that thousands of hosts cost only
// their listeners. It serves tests and the development stack and is no part of the product.
package agenttest
