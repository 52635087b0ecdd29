// Package agent holds the REST contract of the host agent and the client that speaks it over mutual TLS. It says what a
// host answered in the types of fleet and decides nothing: what an answer means for a check, a gate or a job belongs to
// its callers. A request that changes a host is sent at most once, whatever the connection does.
package agent
