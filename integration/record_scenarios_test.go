//go:build integration

package integration_test

import (
	"time"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/workflows"
)

// scenario is one branch of a host's run.
type scenario struct {
	name      string
	unhealthy bool // at first
	reboot    bool
	nothing   bool // to install
	short     bool // the window closes during the recording
	late      bool // the window comes later
	before    func(*agenttest.Host)
	during    func(r *recorder, job, host string)
	status    fleet.Status
	events    []enums.EventType // that the branch must have left
}

func (s scenario) window() time.Duration {
	if s.short {
		return 15 * time.Second
	}
	return time.Hour
}

const (
	timerFired = enums.EVENT_TYPE_TIMER_FIRED
	signalled  = enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
)

var scenarios = []scenario{
	{name: "healthy", status: fleet.StatusSucceeded},
	{name: "nothing-to-do", nothing: true, status: fleet.StatusSucceeded},
	{
		name: "recovered-by-timer", unhealthy: true, status: fleet.StatusSucceeded, events: []enums.EventType{timerFired},
		during: func(r *recorder, job, host string) {
			r.waitsForCheck(job, host)
			r.mend("recovered-by-timer")
		},
	},
	{
		name: "recovered-by-signal", unhealthy: true, status: fleet.StatusSucceeded, events: []enums.EventType{signalled},
		during: func(r *recorder, job, host string) {
			r.waitsForCheck(job, host)
			r.mend("recovered-by-signal")
			checks, err := r.Store.Checks(r.ctx, fleet.Scope{All: true}, host)
			require.NoError(r, err)
			in := workflows.TestCheckInput{
				HostID: host, CheckID: checks[0].ID, Zone: fleet.DefaultZone, Actor: fleet.Actor{Name: "ada", RequestID: "record"},
			}
			result, err := r.Client.TestCheck(r.ctx, in)
			require.NoError(r, err)
			require.True(r, result.Healthy())
			r.write("TestCheck.completed", r.ended("test-check/"+in.CheckID+"/record"))
		},
	},
	{
		name: "rechecked", unhealthy: true, status: fleet.StatusSucceeded,
		events: []enums.EventType{enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED},
		during: func(r *recorder, job, host string) {
			r.waitsForCheck(job, host)
			r.mend("rechecked")
			// What is stored is a moment ahead of the run, which does not wait yet.
			require.Eventually(r, func() bool { return r.Client.Recheck(r.ctx, job, host) == nil }, time.Minute, 100*time.Millisecond)
		},
	},
	{name: "window-closed", unhealthy: true, short: true, status: fleet.StatusFailed, events: []enums.EventType{timerFired}},
	{
		name: "waited-for-window", late: true, status: fleet.StatusSucceeded, events: []enums.EventType{signalled},
		during: func(r *recorder, job, host string) {
			r.waits(job, host, fleet.StatusWaitingWindow)
			_, err := r.OpenHost(r.ctx, host, time.Hour)
			r.edited(err)
		},
	},
	{
		name: "cancelled-by-user", unhealthy: true, status: fleet.StatusCancelled, events: []enums.EventType{signalled},
		during: func(r *recorder, job, host string) {
			r.waitsForCheck(job, host)
			r.edited(r.Store.CancelJob(r.ctx, job, fleet.Actor{Name: "ada"}))
		},
	},
	{
		name: "cancelled-by-temporal", unhealthy: true, status: fleet.StatusCancelled,
		events: []enums.EventType{enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED},
		during: func(r *recorder, job, host string) {
			r.waitsForCheck(job, host)
			require.NoError(r, r.Temporal.CancelWorkflow(r.ctx, workflows.PatchHostID(job, host), ""))
		},
	},
	{
		name: "refused", status: fleet.StatusSucceeded, events: []enums.EventType{timerFired},
		before: func(h *agenttest.Host) {
			h.Inject("POST /patches/apply", 1, agenttest.QueueFull(2*time.Second))
		},
	},
	{name: "rebooted", reboot: true, status: fleet.StatusSucceeded},
	{
		name: "lost-answer", status: fleet.StatusSucceeded,
		before: func(h *agenttest.Host) { h.Inject("POST /patches/apply", 1, agenttest.AcceptThenReset()) },
	},
	{
		name: "failed-on-the-host", status: fleet.StatusFailed,
		before: func(h *agenttest.Host) {
			h.PlanJobs(agenttest.JobPlan{EndsAs: "failed", ErrorCode: "DEPENDENCY_CONFLICT"})
		},
	},
}

func (r *recorder) mend(name string) {
	r.Fleet.Host(name+".test").SetServiceHealthy("nginx.service", true)
}

// waitsForCheck waits until the gate has asked the checks of the host and found it wanting.
func (r *recorder) waitsForCheck(job, host string) {
	require.Eventually(r, func() bool {
		row := r.row(job, host)
		return row.Status == fleet.StatusWaitingHealthCheck && row.Wait != nil && len(row.Wait.Failing) > 0
	}, time.Minute, 20*time.Millisecond)
}
