// Package integration holds the tests of the whole system, with nothing replaced but the hosts: build tag integration.
package integration
