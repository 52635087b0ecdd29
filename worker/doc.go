// Package worker runs the workflows and activities: it registers them, serves the task queues, keeps the schedules and
// the search attributes as the settings want them, and stops in order. It waits for a Temporal that is away, and decides
// nothing itself.
package worker
