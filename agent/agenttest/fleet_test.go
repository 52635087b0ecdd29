package agenttest_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type bench struct {
	clock *clock
	fleet *agenttest.Fleet
	conn  func(i int) fleet.AgentConn
}

func start(t *testing.T, opts agenttest.Options) *bench {
	t.Helper()
	if opts.PKI == nil {
		pki, err := agenttest.NewPKI(t.TempDir())
		require.NoError(t, err)
		opts.PKI = pki
	}
	c := &clock{at: time.Now()}
	opts.Now = c.now
	f, err := agenttest.NewFleet(opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	client, err := agent.NewClient(agent.Config{
		CAFile: opts.PKI.CAFile(), CertFile: opts.PKI.ClientCertFile(), KeyFile: opts.PKI.ClientKeyFile(),
		Revocations: agenttest.NothingRevoked(),
	})
	require.NoError(t, err)
	return &bench{clock: c, fleet: f, conn: func(i int) fleet.AgentConn {
		conn := client.Connect(f.Hosts()[i].Endpoint())
		t.Cleanup(conn.Close)
		return conn
	}}
}

func demo(n int, q agenttest.Quirks) []agenttest.HostSpec {
	hosts := agenttest.DemoHosts(n)
	for i := range hosts {
		hosts[i].Quirks = q
	}
	return hosts
}

var (
	oldest = agenttest.Versions[0]
	newest = agenttest.Versions[len(agenttest.Versions)-1]
)

func TestAnApplyGoesFromPendingToInstalledAsTheClockGoes(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(1, newest)})
	h, conn := b.fleet.Hosts()[0], b.conn(0)
	h.PlanJobs(agenttest.JobPlan{Duration: 100 * time.Second})
	sent := conn.Apply(t.Context(), fleet.ApplyOrder{IdempotencyKey: "k", Packages: []string{"nginx", "openssl"}})
	require.Equal(t, fleet.SendAccepted, sent.Outcome, sent.Detail)

	for _, step := range []struct {
		after    time.Duration
		status   fleet.AgentJobStatus
		progress int
		pending  int
	}{
		{0, fleet.AgentJobPending, 0, 3},
		{50 * time.Second, fleet.AgentJobRunning, 50, 3},
		{49 * time.Second, fleet.AgentJobRunning, 99, 3},
		{time.Second, fleet.AgentJobCompleted, 100, 1},
	} {
		b.clock.move(step.after)
		job, err := conn.Job(t.Context(), sent.JobID)
		require.NoError(t, err)
		require.Equal(t, step.status, job.Status)
		require.Equal(t, step.progress, job.Progress)
		require.Len(t, h.Pending(), step.pending)
	}
	require.Equal(t, []string{"curl"}, h.Pending())
	executions := b.fleet.Executions()
	require.Len(t, executions, 1)
	require.Equal(t, "k", executions[0].Key)
	require.Equal(t, []string{"nginx", "openssl"}, executions[0].Packages)
	require.Equal(t, 100*time.Second, executions[0].EndsAt.Sub(executions[0].StartedAt))
}

func TestAHeldPackageStaysPending(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		hosts := demo(1, q)
		hosts[0].Patches[0].Held = true
		b := start(t, agenttest.Options{Hosts: hosts})
		conn := b.conn(0)
		conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx", "openssl", "curl"}})
		b.clock.move(time.Hour)
		patches, err := conn.Patches(t.Context())
		require.NoError(t, err)
		require.Len(t, patches.Patches, 1)
		require.Equal(t, "nginx", patches.Patches[0].Name)
		require.Equal(t, q.TellsHeld, patches.Patches[0].Held)
	}
}

func TestAKernelUpdateRequiresAReboot(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(2, newest)})
	conn := b.conn(1)
	conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"linux-image-amd64"}})
	info, err := conn.SystemInfo(t.Context())
	require.NoError(t, err)
	require.False(t, info.PendingReboot)
	b.clock.move(time.Hour)
	info, err = conn.SystemInfo(t.Context())
	require.NoError(t, err)
	require.True(t, info.PendingReboot)
}

func TestARebootingHostIsAwayForItsDowntime(t *testing.T) {
	t.Parallel()
	hosts := demo(1, oldest)
	hosts[0].RebootDowntime = 20 * time.Second
	b := start(t, agenttest.Options{Hosts: hosts})
	h, conn := b.fleet.Hosts()[0], b.conn(0)
	sent := conn.Reboot(t.Context(), fleet.RebootOrder{Delay: 5 * time.Second})
	require.Equal(t, fleet.SendAccepted, sent.Outcome, sent.Detail)

	b.clock.move(4 * time.Second)
	_, err := conn.Health(t.Context())
	require.NoError(t, err)
	b.clock.move(time.Second)
	_, err = conn.Health(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
	_, err = http.Get(h.WebURL())
	require.Error(t, err)
	require.Zero(t, h.Uptime())

	b.clock.move(25 * time.Second)
	health, err := b.conn(0).Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5*time.Second, health.Uptime)
	_, err = b.conn(0).Job(t.Context(), sent.JobID)
	require.Equal(t, fleet.AgentCodeJobNotFound, fleet.AgentCode(err))
}

func TestARebootCutsAnApplyOffAndARestartOfTheAgentDoesNot(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(2, oldest)})
	for i := range 2 {
		conn := b.conn(i)
		patches, err := conn.Patches(t.Context())
		require.NoError(t, err)
		sent := conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{patches.Patches[0].Name}})
		require.Equal(t, fleet.SendAccepted, sent.Outcome, sent.Detail)
	}
	b.fleet.Hosts()[0].Reboot()
	b.fleet.Hosts()[1].RestartAgent()
	b.clock.move(time.Hour)
	require.Len(t, b.fleet.Hosts()[0].Pending(), 3)
	require.Len(t, b.fleet.Hosts()[1].Pending(), 2)
	jobs, err := b.conn(1).Jobs(t.Context())
	require.NoError(t, err)
	require.Empty(t, jobs)
}

func TestKeysAreHonouredOnlyByTheVersionsThatKnowThem(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		b := start(t, agenttest.Options{Hosts: demo(1, q)})
		ids := map[string]bool{}
		for range 3 {
			ids[b.conn(0).Apply(t.Context(), fleet.ApplyOrder{IdempotencyKey: "k", Packages: []string{"nginx"}}).JobID] = true
		}
		want := 3
		if q.HonoursKeys {
			want = 1
		}
		require.Len(t, ids, want)
		require.Len(t, b.fleet.Executions(), want)
	}
}

func TestTheSixthJobIsRefused(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(1, oldest)})
	conn := b.conn(0)
	for range 5 {
		require.Equal(t, fleet.SendAccepted, conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}}).Outcome)
	}
	sixth := conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
	require.Equal(t, fleet.SendRefused, sixth.Outcome)
	require.Equal(t, agent.CodeQueueFull, sixth.Code)
	require.Equal(t, 30*time.Second, sixth.RetryAfter)
	require.Equal(t, 5, b.fleet.MostAtOnce())
	b.clock.move(time.Hour)
	require.Equal(t, fleet.SendAccepted, conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}}).Outcome)
	require.Equal(t, 5, b.fleet.MostAtOnce())
}

func TestRequestsAboveTheLimitOfAMinuteAreRefused(t *testing.T) {
	t.Parallel()
	q := oldest
	q.ReadsPerMinute, q.WritesPerMinute = 2, 1
	b := start(t, agenttest.Options{Hosts: demo(1, q)})
	conn := b.conn(0)
	for range 2 {
		_, err := conn.Health(t.Context())
		require.NoError(t, err)
	}
	_, err := conn.Health(t.Context())
	require.Equal(t, "RATE_LIMITED", fleet.AgentCode(err))
	require.Equal(t, fleet.SendAccepted, conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}}).Outcome)
	require.Equal(t, fleet.SendRefused, conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}}).Outcome)
	b.clock.move(time.Minute)
	_, err = conn.Health(t.Context())
	require.NoError(t, err)
}

func TestAFailedApplyInstallsNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		b := start(t, agenttest.Options{Hosts: demo(1, q)})
		h, conn := b.fleet.Hosts()[0], b.conn(0)
		h.PlanJobs(agenttest.JobPlan{EndsAs: agent.JobFailed, ErrorCode: agent.JobDependencyConflict})
		sent := conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
		b.clock.move(time.Hour)
		job, err := conn.Job(t.Context(), sent.JobID)
		require.NoError(t, err)
		require.Equal(t, fleet.AgentJobFailed, job.Status)
		require.Equal(t, agent.JobDependencyConflict, job.ErrorCode)
		require.Contains(t, job.Logs[len(job.Logs)-1], "E: ")
		require.Len(t, h.Pending(), 3)
	}
}

func TestAPlanCanBreakAServiceAndLeaveAPackageOut(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(1, newest)})
	h, conn := b.fleet.Hosts()[0], b.conn(0)
	h.PlanJobs(agenttest.JobPlan{NotInstalled: []string{"curl"}, Breaks: "nginx.service"})
	conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx", "curl"}})
	b.clock.move(time.Hour)
	require.Equal(t, []string{"openssl", "curl"}, h.Pending())
	service, err := conn.Service(t.Context(), "nginx")
	require.NoError(t, err)
	require.False(t, service.Healthy)
}

func TestTheStateSurvivesARestartOfTheFleet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pki, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	opts := agenttest.Options{PKI: pki, Hosts: demo(2, newest), StateFile: filepath.Join(dir, "fleet.json")}
	opts.Hosts[1].Quirks = oldest
	first := start(t, opts)
	ids := []string{}
	for i, name := range []string{"nginx", "libc6"} {
		sent := first.conn(i).Apply(t.Context(), fleet.ApplyOrder{Packages: []string{name}})
		require.Equal(t, fleet.SendAccepted, sent.Outcome)
		ids = append(ids, sent.JobID)
	}
	require.True(t, first.fleet.Host("web-01.demo.internal").SetServiceHealthy("nginx", false))
	require.NoError(t, first.fleet.Close())

	opts.PKI, err = agenttest.NewPKI(dir)
	require.NoError(t, err)
	second := start(t, opts)
	second.clock.move(time.Hour)
	require.Equal(t, []string{"openssl", "curl"}, second.fleet.Hosts()[0].Pending())
	require.Equal(t, []string{"postgresql-15", "linux-image-amd64"}, second.fleet.Hosts()[1].Pending())
	service, err := second.conn(0).Service(t.Context(), "nginx")
	require.NoError(t, err)
	require.False(t, service.Healthy)
	_, err = second.conn(0).Job(t.Context(), ids[0])
	require.NoError(t, err, "the newest version keeps its jobs")
	_, err = second.conn(1).Job(t.Context(), ids[1])
	require.Equal(t, fleet.AgentCodeJobNotFound, fleet.AgentCode(err))
}

func TestABrokenStateFileIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pki, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	file := filepath.Join(dir, "fleet.json")
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err = agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: demo(1, newest), StateFile: file})
	require.ErrorContains(t, err, "state of simulated fleet")
}

func TestEachHostHasAnAddressOfItsOwnAndOnlyOnLoopback(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(3, newest), Address: netip.MustParseAddr("127.77.0.255"), AgentPort: 22443, WebPort: 22080})
	for i, want := range []string{"127.77.0.255", "127.77.1.0", "127.77.1.1"} {
		e := b.fleet.Hosts()[i].Endpoint()
		require.Equal(t, want, e.Address)
		require.Equal(t, 22443, e.Port)
		_, err := b.conn(i).Health(t.Context())
		require.NoError(t, err)
	}
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	_, err = agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: demo(1, newest), Address: netip.MustParseAddr("0.0.0.0")})
	require.ErrorContains(t, err, "not a loopback address")
	_, err = agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: demo(2, newest), AgentPort: 22444})
	require.ErrorContains(t, err, "an address for each host")
	_, err = agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: demo(1, newest), Address: netip.MustParseAddr("127.77.0.255"), AgentPort: 22443})
	require.ErrorContains(t, err, "address already in use")
}

func TestAClientWithoutACertificateIsRefused(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(1, newest)})
	e := b.fleet.Hosts()[0].Endpoint()
	resp, err := http.Get(fmt.Sprintf("https://%s:%d/api/v1/health", e.Address, e.Port))
	if err == nil {
		resp.Body.Close()
	}
	require.Error(t, err)
	require.Empty(t, b.fleet.Hosts()[0].Requests())
}

func TestTheTLSOfAHostCanBeChangedAndChangedBack(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(1, newest)})
	h := b.fleet.Hosts()[0]
	h.ChangeTLS(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 })
	_, err := b.conn(0).Health(t.Context())
	require.ErrorContains(t, err, "protocol version")
	h.ChangeTLS(nil)
	_, err = b.conn(0).Health(t.Context())
	require.NoError(t, err)
}

func TestTheWebPageCanBeBroken(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(1, newest)})
	h := b.fleet.Hosts()[0]
	for healthy, want := range map[bool]int{true: 200, false: 503} {
		h.SetWebHealthy(healthy)
		resp, err := http.Get(h.WebURL())
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode)
		require.Equal(t, healthy, strings.Contains(string(text), "OK web-01.demo.internal"))
	}
}

func TestTheControlEndpointBreaksAndMends(t *testing.T) {
	t.Parallel()
	b := start(t, agenttest.Options{Hosts: demo(1, newest)})
	control := httptest.NewServer(b.fleet.Control())
	t.Cleanup(control.Close)
	post := func(path, body string) int {
		resp, err := http.Post(control.URL+"/hosts/"+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	h, conn := b.fleet.Hosts()[0], b.conn(0)
	for _, healthy := range []bool{false, true} {
		require.Equal(t, 200, post("web-01.demo.internal/services/nginx", fmt.Sprintf(`{"healthy":%t}`, healthy)))
		service, err := conn.Service(t.Context(), "nginx")
		require.NoError(t, err)
		require.Equal(t, healthy, service.Healthy)
		require.Equal(t, healthy, h.Info().Services["nginx.service"])
	}
	require.Equal(t, 200, post("web-01.demo.internal/web", `{"healthy":false}`))
	require.Equal(t, 200, post("web-01.demo.internal/agent", `{"reachable":false}`))
	_, err := b.conn(0).Health(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
	require.Equal(t, 200, post("web-01.demo.internal/agent", `{"reachable":true}`))

	conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}})
	b.clock.move(time.Hour)
	require.Len(t, h.Pending(), 2)
	require.Equal(t, 200, post("web-01.demo.internal/patches/reset", ""))
	require.Len(t, h.Pending(), 3)
	require.Equal(t, 200, post("web-01.demo.internal/reboot", ""))
	require.Zero(t, h.Uptime())

	require.Equal(t, 404, post("nosuch/web", `{"healthy":true}`))
	require.Equal(t, 400, post("web-01.demo.internal/services/nosuch", `{"healthy":true}`))
	for _, body := range []string{"", "{}", `{"healthy":"no"}`, `{"healthy":null`} {
		require.Equal(t, 400, post("web-01.demo.internal/web", body), body)
	}
	require.ErrorContains(t, b.fleet.ServeControl(t.Context(), "0.0.0.0:0"), "loopback")
}

func TestThousandsOfHostsStartInOneProcess(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	b := start(t, agenttest.Options{Hosts: demo(2000, newest)})
	require.Less(t, time.Since(begun), 10*time.Second)
	for _, i := range []int{0, 999, 1999} {
		health, err := b.conn(i).Health(t.Context())
		require.NoError(t, err)
		require.Equal(t, "healthy", health.Status)
	}
	t.Log("2000 hosts in", time.Since(begun))
}

func TestThePKIIsMadeOnceAndOpenedAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pki")
	first, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	ca, err := os.ReadFile(first.CAFile())
	require.NoError(t, err)
	_, err = agenttest.NewPKI(dir)
	require.NoError(t, err)
	again, err := os.ReadFile(first.CAFile())
	require.NoError(t, err)
	require.Equal(t, ca, again)
	for file, mode := range map[string]os.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600, "client.pem": 0o644, "client-key.pem": 0o600} {
		info, err := os.Stat(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), file)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "client-key.pem")))
	_, err = agenttest.NewPKI(dir)
	require.ErrorContains(t, err, "client-key.pem", "a CA is never made anew over an old one")
}

func TestADemoFleetIsOfAllRolesAndVersions(t *testing.T) {
	t.Parallel()
	hosts := agenttest.DemoHosts(12)
	names, versions := map[string]bool{}, map[string]bool{}
	for _, h := range hosts {
		names[h.FQDN] = true
		versions[h.Quirks.Version] = true
		require.Len(t, h.Patches, 3)
		require.GreaterOrEqual(t, len(h.Services), 4)
	}
	require.Len(t, names, 12)
	require.Len(t, versions, len(agenttest.Versions))
	require.True(t, names["web-01.demo.internal"] && names["db-04.demo.internal"])
	_, err := agenttest.VersionQuirks("2.5.5")
	require.NoError(t, err)
	_, err = agenttest.VersionQuirks("1.0")
	require.ErrorContains(t, err, `"1.0"`)
}
