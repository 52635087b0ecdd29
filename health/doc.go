// Package health holds the two probes of a health check: one asks the host's agent about a service, the other requests a
// URL. Both are bounded in time and in bytes, never panic on what a server sends, and answer with a result whose detail
// says why and never repeats a body or a password. What a result means for a host is decided in fleet.
package health
