package agent_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

// site is one simulated host with a client of its CA.
type site struct {
	pki    *agenttest.PKI
	fleet  *agenttest.Fleet
	host   *agenttest.Host
	client *agent.Client
	conn   fleet.AgentConn
}

func newSite(t *testing.T, change ...func(*agenttest.HostSpec)) *site {
	t.Helper()
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	specs := agenttest.DemoHosts(1)
	specs[0].Quirks = agenttest.Versions[len(agenttest.Versions)-1]
	for _, c := range change {
		c(&specs[0])
	}
	f, err := agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: specs})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	s := &site{pki: pki, fleet: f, host: f.Hosts()[0]}
	s.client = newClient(t, pki, 5*time.Second)
	s.conn = s.connect(t)
	return s
}

func newClient(t *testing.T, pki *agenttest.PKI, timeout time.Duration) *agent.Client {
	t.Helper()
	c, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(), Timeout: timeout,
		Revocations: agenttest.NothingRevoked(), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return c
}

func (s *site) connect(t *testing.T) fleet.AgentConn {
	t.Helper()
	conn := s.client.Connect(s.host.Endpoint())
	t.Cleanup(conn.Close)
	return conn
}

func quirks(q agenttest.Quirks) func(*agenttest.HostSpec) {
	return func(s *agenttest.HostSpec) { s.Quirks = q }
}

func TestReadsWhatAnAgentOfEveryVersionAnswers(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		t.Run(q.Version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, quirks(q))
			ctx := t.Context()

			health, err := s.conn.Health(ctx)
			require.NoError(t, err)
			require.Equal(t, q.Version, health.Version)
			require.Equal(t, "fresh", health.CacheStatus)
			require.Greater(t, health.Uptime, 24*time.Hour)
			require.Zero(t, health.Clock.Skew())

			info, err := s.conn.SystemInfo(ctx)
			require.NoError(t, err)
			require.Equal(t, "web-01.demo.internal", info.Hostname)
			require.False(t, info.PendingReboot)

			patches, err := s.conn.Patches(ctx)
			require.NoError(t, err)
			require.Equal(t, "nginx", patches.Patches[0].Name)
			require.Equal(t, "1.22.1-9+deb12u2", patches.Patches[0].Available)

			sent := s.conn.Apply(ctx, fleet.ApplyOrder{IdempotencyKey: "k", Packages: []string{"nginx", "curl"}})
			require.Equal(t, fleet.SendAccepted, sent.Outcome, sent.Detail)

			jobs, err := s.conn.Jobs(ctx)
			require.NoError(t, err)
			require.Len(t, jobs, 1)
			require.Equal(t, sent.JobID, jobs[0].ID)
			require.Equal(t, fleet.AgentApply, jobs[0].Operation)
			require.Equal(t, []string{"nginx", "curl"}, jobs[0].Packages)

			job, err := s.conn.Job(ctx, sent.JobID)
			require.NoError(t, err)
			require.False(t, job.Status.Finished())
		})
	}
}

func TestFollowsAJobOfEveryVersionToItsEnd(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		for raw, want := range map[string]fleet.AgentJobStatus{
			"":         fleet.AgentJobCompleted,
			"failed":   fleet.AgentJobFailed,
			"timedout": fleet.AgentJobTimedOut,
		} {
			t.Run(q.Version+"/"+string(want), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, quirks(q))
				s.host.PlanJobs(agenttest.JobPlan{Duration: time.Nanosecond, EndsAs: raw})
				sent := s.conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
				require.Equal(t, fleet.SendAccepted, sent.Outcome, sent.Detail)
				job, err := s.conn.Job(t.Context(), sent.JobID)
				require.NoError(t, err)
				require.Equal(t, want, job.Status)
				require.True(t, job.Status.Finished())
				require.Equal(t, 100, job.Progress)
				require.Contains(t, job.Logs, "Setting up nginx (1.22.1-9+deb12u2) ...")
				require.NotNil(t, job.CompletedAt)
			})
		}
	}
}

func TestAnUnknownJobStatusIsKeptAndCountsAsRunning(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.PlanJobs(agenttest.JobPlan{RunningAs: "hibernating"})
	sent := s.conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
	job, err := s.conn.Job(t.Context(), sent.JobID)
	require.NoError(t, err)
	require.Equal(t, fleet.AgentJobUnknown, job.Status)
	require.Equal(t, "hibernating", job.RawStatus)
	require.False(t, job.Status.Finished())
}

func TestAJobThatTheAgentHasForgottenIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t, quirks(agenttest.Versions[0]))
	sent := s.conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
	s.host.RestartAgent()
	_, err := s.conn.Job(t.Context(), sent.JobID)
	var problem *fleet.AgentError
	require.ErrorAs(t, err, &problem)
	require.Equal(t, fleet.AgentError{Status: 404, Code: fleet.AgentCodeJobNotFound, Message: "job not found"}, *problem)
	require.Equal(t, fleet.AgentCodeJobNotFound, fleet.AgentCode(err))
	require.NotErrorIs(t, err, fleet.ErrAgentUnreachable)
	require.NotErrorIs(t, err, fleet.ErrAgentMalformed)
}

func TestTheHealthyBooleanOfAOneshotUnitIsAuthoritative(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		s := newSite(t, quirks(q))
		service, err := s.conn.Service(t.Context(), "systemd-tmpfiles-setup")
		require.NoError(t, err)
		require.Equal(t, "active/exited", service.ActiveState+"/"+service.SubState)
		require.Equal(t, !q.OneshotUnhealthy, service.Healthy, q.Version)
	}
}

func TestFiveServiceChecksShareOneConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.conn.Health(t.Context())
	require.NoError(t, err)
	for range 5 {
		s.host.Inject("GET /system/services", 1, agenttest.OnReused())
		_, err := s.conn.Service(t.Context(), "nginx.service")
		require.NoError(t, err)
	}
}

func TestAReadIsRepeatedOnceAReusedConnectionBreaks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 3 {
		_, err := s.conn.Health(t.Context())
		require.NoError(t, err)
		s.host.RestartAgent()
	}
}

func TestOnlyAVerifiedAgentOfThatNameIsSpokenTo(t *testing.T) {
	t.Parallel()
	other, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	t.Run("another name in the certificate", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(h *agenttest.HostSpec) { h.CertificateName = "db-01.demo.internal" })
		_, err := s.conn.Health(t.Context())
		require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
		require.ErrorContains(t, err, "not web-01.demo.internal")
		require.Equal(t, fleet.SendNotSent, s.conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}}).Outcome)
	})
	t.Run("another authority", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.client = newClient(t, other, time.Second)
		_, err := s.connect(t).Health(t.Context())
		require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
		require.ErrorContains(t, err, "unknown authority")
		require.Empty(t, s.host.Requests())
	})
	t.Run("TLS 1.2", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(h *agenttest.HostSpec) { h.MaxTLS12 = true })
		_, err := s.conn.Health(t.Context())
		require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
		require.ErrorContains(t, err, "protocol version")
	})
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(h *agenttest.HostSpec) { h.CertificateNotAfter = time.Now().Add(-time.Minute) })
		_, err := s.conn.Health(t.Context())
		require.ErrorContains(t, err, "expired")
	})
}

func TestTellsWhenTheCertificateExpires(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	s := newSite(t, func(h *agenttest.HostSpec) { h.CertificateNotAfter = at })
	require.Nil(t, s.conn.CertificateNotAfter())
	_, err := s.conn.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, at, s.conn.CertificateNotAfter().UTC())
}

func TestRenewedCredentialsAreTakenWithoutARestart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	s.client = newClient(t, other, time.Second)
	_, err = s.connect(t).Health(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentUnreachable)

	copyFile(t, s.pki.CAFile(), other.CAFile())
	copyFile(t, s.pki.ClientCertFile(), other.ClientCertFile())
	_, err = s.connect(t).Health(t.Context())
	require.Error(t, err, "a certificate without its key is not taken")

	copyFile(t, s.pki.ClientKeyFile(), other.ClientKeyFile())
	_, err = s.connect(t).Health(t.Context())
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(other.ClientKeyFile(), []byte("half a k"), 0o600))
	_, err = s.connect(t).Health(t.Context())
	require.NoError(t, err, "the former credentials stay")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
	// The next version may have the size and, on a coarse clock, the time of the last one.
	later := time.Now().Add(time.Duration(len(to)) * time.Second)
	require.NoError(t, os.Chtimes(to, later, later))
}

func TestNewClientNamesTheFileThatCanNotBeUsed(t *testing.T) {
	t.Parallel()
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	good := agent.Config{CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile()}
	for name, c := range map[string]agent.Config{
		"ca.pem":     {CAFile: "/nowhere/ca.pem", CertFile: good.CertFile, KeyFile: good.KeyFile},
		"cert.pem":   {CAFile: good.CAFile, CertFile: "/nowhere/cert.pem", KeyFile: good.KeyFile},
		"key.pem":    {CAFile: good.CAFile, CertFile: good.CertFile, KeyFile: "/nowhere/key.pem"},
		"client-key": {CAFile: good.KeyFile, CertFile: good.CertFile, KeyFile: good.KeyFile},
		"client.pem": {CAFile: good.CAFile, CertFile: good.CertFile, KeyFile: good.CertFile},
	} {
		c.Revocations = agenttest.NothingRevoked()
		_, err := agent.NewClient(c)
		require.ErrorContains(t, err, name)
	}
}

func TestADeadHostCostsOneTimeoutForAllOfItsChecks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	now := time.Now()
	agent.SetNow(s.client, func() time.Time { return now })
	s.host.SetReachable(false)
	_, first := s.conn.Service(t.Context(), "nginx")
	require.ErrorIs(t, first, fleet.ErrAgentUnreachable)
	s.host.SetReachable(true)
	_, second := s.conn.Service(t.Context(), "nginx")
	require.ErrorIs(t, second, fleet.ErrAgentUnreachable)
	now = now.Add(time.Second)
	_, third := s.conn.Service(t.Context(), "nginx")
	require.NoError(t, third)
}

func TestAReadEndsWithItsContextOrItsTimeout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.Inject("", agenttest.Always, agenttest.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := s.conn.Health(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, fleet.ErrAgentUnreachable)

	s.client = newClient(t, s.pki, 30*time.Millisecond)
	_, err = s.connect(t).Health(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentUnreachable)

	s.host.ClearFaults()
	s.host.Inject("", agenttest.Always, agenttest.Drip(20*time.Millisecond))
	_, err = s.connect(t).Health(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
}

func TestClockSkewIsWhatTheExchangeCanNotExplain(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-time.Hour, time.Hour} {
		s := newSite(t)
		s.host.SetClockSkew(skew)
		health, err := s.conn.Health(t.Context())
		require.NoError(t, err)
		require.InDelta(t, skew.Seconds(), health.Clock.Skew().Seconds(), 5)
	}
	sent := time.Unix(1000, 0)
	clock := fleet.AgentClock{Sent: sent, Received: sent.Add(2 * time.Second)}
	for after, want := range map[time.Duration]time.Duration{
		-time.Second: -time.Second, 0: 0, time.Second: 0, 2 * time.Second: 0, 3 * time.Second: time.Second,
	} {
		clock.Agent = sent.Add(after)
		require.Equal(t, want, clock.Skew())
	}
}

func TestJobsNeverMissesARunningOneOfALongList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.PlanJobs(agenttest.JobPlan{Duration: time.Hour})
	sent := s.conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
	s.host.Inject("GET /jobs", 1, agenttest.Mangle(func(body []byte) []byte {
		cut := strings.Index(string(body), `"jobs":[`) + len(`"jobs":[`)
		end := strings.LastIndex(string(body), `],"total"`)
		return append(append([]byte{}, body[:cut]...), body[end:]...)
	}))
	jobs, err := s.conn.Jobs(t.Context())
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	require.Equal(t, sent.JobID, jobs[0].ID)
}

func TestAnIdThatNoAgentGivesIsNotAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, id := range []string{"", "..", "a/b", "a?b", strings.Repeat("a", 129)} {
		_, err := s.conn.Job(t.Context(), id)
		require.ErrorIs(t, err, fleet.ErrAgentMalformed)
	}
	require.Empty(t, s.host.Requests())
	_, err := s.conn.Job(t.Context(), strings.Repeat("a", 128))
	require.Equal(t, fleet.AgentCodeJobNotFound, fleet.AgentCode(err))
}

func TestRefusalsOfAServiceAreErrorsWithTheirCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.conn.Service(t.Context(), "nosuch")
	require.Equal(t, agent.CodeServiceNotFound, fleet.AgentCode(err))
	_, err = s.conn.Service(t.Context(), "a b/../c")
	require.Equal(t, agent.CodeInvalidServiceName, fleet.AgentCode(err))
	require.Empty(t, fleet.AgentCode(errors.New("x")))
}
