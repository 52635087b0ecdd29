// Package workflows holds the durable runs: PatchJob, PatchBatch and PatchHost, the poller, pruning and reconciling. A
// workflow here only waits and orders activities; every decision about a host is an activity's, from Postgres. It
// uses of package activities only method handles and input and result types, and never sees configuration.
package workflows
