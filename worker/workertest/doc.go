// Package workertest runs the real worker in this process, against a real Postgres, a real Temporal development server and
// simulated hosts, for the whole-system tests and the benchmarks. It decides nothing and judges nothing.
package workertest
