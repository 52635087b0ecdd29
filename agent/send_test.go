package agent_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

var order = fleet.ApplyOrder{IdempotencyKey: "attempt-1", Packages: []string{"nginx"}}

func (s *site) applies() int {
	return len(s.fleet.ExecutionsOf(s.host.FQDN(), agent.OperationApply))
}

func TestARequestIsExecutedOnceThoughReusedConnectionsCloseWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t, quirks(agenttest.Versions[1])) // which does not know keys
	s.host.Inject("", agenttest.Always, agenttest.CloseReused())
	for range 5 {
		_, err := s.conn.Health(t.Context())
		require.NoError(t, err)
		require.Equal(t, fleet.SendAccepted, s.conn.Apply(t.Context(), order).Outcome)
	}
	require.Equal(t, 5, s.applies())
}

func TestARequestIsExecutedOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, quirks(agenttest.Versions[1]))
	s.host.Inject("POST", agenttest.Always, agenttest.AcceptThenReset())
	for range 5 {
		_, err := s.conn.Health(t.Context())
		require.NoError(t, err)
		result := s.conn.Apply(t.Context(), order)
		require.Equal(t, fleet.SendUnknown, result.Outcome)
		require.NotZero(t, result.SentAt)
	}
	require.Equal(t, 5, s.applies())
}

func TestEveryAnswerToAMutationIsClassified(t *testing.T) {
	t.Parallel()
	accepted := func(data string) agenttest.Fault { return agenttest.Answer(202, success(data)) }
	for name, c := range map[string]struct {
		fault agenttest.Fault
		want  fleet.SendOutcome
		code  string
		after time.Duration
	}{
		"429 queue full":             {agenttest.QueueFull(30 * time.Second), fleet.SendRefused, "QUEUE_FULL", 30 * time.Second},
		"429 for a week":             {agenttest.QueueFull(168 * time.Hour), fleet.SendRefused, "QUEUE_FULL", time.Hour},
		"429 without Retry-After":    {agenttest.Problem(429, "QUEUE_FULL", 0), fleet.SendRefused, "QUEUE_FULL", 0},
		"409":                        {agenttest.Problem(409, "ADMISSION_CLOSED", 0), fleet.SendRefused, "ADMISSION_CLOSED", 0},
		"400":                        {agenttest.Problem(400, "VALIDATION_ERROR", 0), fleet.SendRejected, "VALIDATION_ERROR", 0},
		"403":                        {agenttest.Problem(403, "FORBIDDEN", 0), fleet.SendRejected, "FORBIDDEN", 0},
		"404":                        {agenttest.Problem(404, "NOT_FOUND", 0), fleet.SendRejected, "NOT_FOUND", 0},
		"500":                        {agenttest.Problem(500, "INTERNAL_ERROR", 0), fleet.SendUnknown, "INTERNAL_ERROR", 0},
		"503 with Retry-After":       {agenttest.Problem(503, "STARTING", time.Second), fleet.SendUnknown, "STARTING", 0},
		"202 without a job id":       {accepted(`{"status":"pending"}`), fleet.SendUnknown, "", 0},
		"202 with an empty job id":   {accepted(`{"job_id":""}`), fleet.SendUnknown, "", 0},
		"202 with a number":          {accepted(`{"job_id":5}`), fleet.SendUnknown, "", 0},
		"202 with a path":            {accepted(`{"job_id":"../jobs"}`), fleet.SendUnknown, "", 0},
		"202 without data":           {accepted(`null`), fleet.SendUnknown, "", 0},
		"202 with a whole job id":    {accepted(`{"job_id":"a-1"}`), fleet.SendAccepted, "", 0},
		"200 with a job id":          {agenttest.Answer(200, success(`{"job_id":"a-1"}`)), fleet.SendUnknown, "", 0},
		"202 that is not JSON":       {agenttest.Answer(202, "ok"), fleet.SendUnknown, "", 0},
		"202 that says no":           {agenttest.Answer(202, `{"success":false,`+head+`,"data":null,"error":`+problem+`}`), fleet.SendUnknown, "", 0},
		"429 that is not JSON":       {agenttest.Answer(429, "slow down"), fleet.SendUnknown, "", 0},
		"409 that says yes":          {agenttest.Answer(409, success(`{"job_id":"a-1"}`)), fleet.SendUnknown, "", 0},
		"400 without an error":       {agenttest.Answer(400, `{"success":false,`+head+`,"data":null,"error":null}`), fleet.SendUnknown, "", 0},
		"307 to itself":              {redirect("/api/v1/patches/apply"), fleet.SendUnknown, "", 0},
		"101":                        {agenttest.Raw("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), fleet.SendUnknown, "", 0},
		"accepted, truncated":        {agenttest.Truncate(1), fleet.SendUnknown, "", 0},
		"accepted, reset":            {agenttest.AcceptThenReset(), fleet.SendUnknown, "", 0},
		"reset":                      {agenttest.Reset(), fleet.SendUnknown, "", 0},
		"closed":                     {agenttest.Raw(""), fleet.SendUnknown, "", 0},
		"not HTTP":                   {agenttest.Raw("SSH-2.0-x\r\n\r\n"), fleet.SendUnknown, "", 0},
		"too long":                   {accepted(`{"job_id":"a-1","x":"` + strings.Repeat("a", 64<<10) + `"}`), fleet.SendUnknown, "", 0},
		"a continue, then accepted":  {agenttest.Raw("HTTP/1.1 100 Continue\r\n\r\n" + rawAccepted()), fleet.SendAccepted, "", 0},
		"refused, then closed early": {agenttest.Raw("HTTP/1.1 409 Conflict\r\nContent-Length: 999\r\n\r\n{"), fleet.SendUnknown, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.host.Inject("POST", agenttest.Always, c.fault)
			for _, result := range []fleet.SendResult{
				s.conn.Apply(t.Context(), order),
				s.conn.Reboot(t.Context(), fleet.RebootOrder{IdempotencyKey: "r"}),
			} {
				require.Equal(t, c.want, result.Outcome, result.Detail)
				require.Equal(t, c.code, result.Code)
				require.Equal(t, c.after, result.RetryAfter)
				require.NotZero(t, result.SentAt)
				require.Equal(t, c.want != fleet.SendAccepted, result.Detail != "")
				require.LessOrEqual(t, len(result.Detail), fleet.MaxDetail)
			}
			require.Len(t, s.host.Requests(), 2)
		})
	}
}

func redirect(to string) agenttest.Fault {
	return agenttest.Raw("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n")
}

func rawAccepted() string {
	body := success(`{"job_id":"a-1"}`)
	return fmt.Sprintf("HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestNothingIsSentToAnAgentThatCanNotBeDialled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.SetReachable(false)
	result := s.conn.Apply(t.Context(), order)
	require.Equal(t, fleet.SendNotSent, result.Outcome)
	require.Zero(t, result.SentAt)
	require.Contains(t, result.Detail, "nothing was sent")
	require.Zero(t, s.applies())
}

func TestNothingIsSentToAPeerThatNeverFinishesTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.client = newClient(t, s.pki, 50*time.Millisecond)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	port := netip.MustParseAddrPort(silent.Addr().String()).Port()
	conn := s.client.Connect(fleet.Endpoint{FQDN: s.host.FQDN(), Address: "127.0.0.1", Port: int(port)})
	defer conn.Close()
	require.Equal(t, fleet.SendNotSent, conn.Apply(t.Context(), order).Outcome)
}

func TestAnHungAnswerLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.Inject("POST", 1, agenttest.AcceptThenHang())
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.Equal(t, fleet.SendUnknown, s.conn.Apply(ctx, order).Outcome)
	require.Equal(t, 1, s.applies())
}

func TestNothingIsSentAtTheDeadlineOrLater(t *testing.T) {
	t.Parallel()
	deadline := time.Now().Add(time.Hour)
	for after, want := range map[time.Duration]fleet.SendOutcome{
		-time.Nanosecond: fleet.SendAccepted,
		0:                fleet.SendNotSent,
		time.Second:      fleet.SendNotSent,
	} {
		s := newSite(t)
		// The clock is read once the connection is ready, just before the first byte.
		agent.SetNow(s.client, func() time.Time { return deadline.Add(after) })
		late := order
		late.SendBefore = deadline
		require.Equal(t, want, s.conn.Apply(t.Context(), late).Outcome)
		reboot := s.conn.Reboot(t.Context(), fleet.RebootOrder{SendBefore: deadline})
		require.Equal(t, want == fleet.SendNotSent, reboot.Outcome == fleet.SendNotSent)
		require.Equal(t, want == fleet.SendAccepted, s.applies() == 1)
	}
}

func TestNothingIsSentAfterTheContextHasEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, fleet.SendNotSent, s.conn.Apply(ctx, order).Outcome)
	require.Zero(t, s.applies())
}

func TestAnOutcomeOfNotSentIsNeverExecuted(t *testing.T) {
	t.Parallel()
	s := newSite(t, quirks(agenttest.Versions[1]))
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		sent  = map[string]fleet.SendOutcome{}
	)
	for i := range 60 {
		group.Go(func() {
			conn := s.client.Connect(s.host.Endpoint())
			defer conn.Close()
			// Timeouts that fall before, into and after the moment of writing.
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*300*time.Microsecond)
			defer cancel()
			key := fmt.Sprint(i)
			outcome := conn.Apply(ctx, fleet.ApplyOrder{IdempotencyKey: key, Packages: []string{"nginx"}}).Outcome
			mu.Lock()
			defer mu.Unlock()
			sent[key] = outcome
		})
	}
	group.Wait()
	for _, e := range s.fleet.Executions() {
		require.NotEqual(t, fleet.SendNotSent, sent[e.Key], e.Key)
	}
}

func TestAnApplyWithoutPackagesIsNotSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.Equal(t, fleet.SendNotSent, s.conn.Apply(t.Context(), fleet.ApplyOrder{}).Outcome)
	require.Empty(t, s.host.Requests())
}

func TestAnApplyNeverAsksForAReboot(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		s := newSite(t, quirks(q))
		s.host.PlanJobs(agenttest.JobPlan{Duration: time.Nanosecond})
		require.Equal(t, fleet.SendAccepted, s.conn.Apply(t.Context(), order).Outcome)
		require.Greater(t, s.host.Uptime(), time.Hour)
	}
}

func TestARebootResetsTheUptimeAndForgetsTheJobs(t *testing.T) {
	t.Parallel()
	s := newSite(t, quirks(agenttest.Versions[0]), func(h *agenttest.HostSpec) {
		h.PendingReboot, h.RebootDowntime = true, time.Nanosecond
	})
	s.host.PlanJobs(agenttest.JobPlan{Duration: time.Nanosecond})
	applied := s.conn.Apply(t.Context(), order)
	result := s.conn.Reboot(t.Context(), fleet.RebootOrder{IdempotencyKey: "r"})
	require.Equal(t, fleet.SendAccepted, result.Outcome, result.Detail)
	require.NotNil(t, result.ScheduledAt)
	health, err := s.conn.Health(t.Context())
	require.NoError(t, err)
	require.Less(t, health.Uptime, time.Minute)
	info, err := s.conn.SystemInfo(t.Context())
	require.NoError(t, err)
	require.False(t, info.PendingReboot)
	_, err = s.conn.Job(t.Context(), applied.JobID)
	require.Equal(t, fleet.AgentCodeJobNotFound, fleet.AgentCode(err))
}

func TestARebootWhileAJobRunsIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.Equal(t, fleet.SendAccepted, s.conn.Apply(t.Context(), order).Outcome)
	result := s.conn.Reboot(t.Context(), fleet.RebootOrder{IdempotencyKey: "r"})
	require.Equal(t, fleet.SendRefused, result.Outcome)
	require.Equal(t, agent.CodePackageDBInMutation, result.Code)
}
