// Package metrics writes what Prometheus reads: when certificates end, what waits for an administrator, and the process
// itself. Every series is one for the whole fleet or one of a fixed list of classes, never one for a host. It imports
// fleet only, and gets what it shows from functions.
package metrics
