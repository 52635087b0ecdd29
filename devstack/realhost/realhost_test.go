//go:build realhost

package realhost_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack/realhost"
	"github.com/patch-manager/patch-manager/fleet"
)

const (
	fqdn        = "agent-test.example"
	address     = "127.0.0.78"
	agentListen = address + ":12443"
	webListen   = address + ":8078"
)

// boot starts a guest with the agent of this source and returns a client of it.
func boot(t *testing.T) (*realhost.Guest, *agent.Client) {
	t.Helper()
	if err := realhost.Needs(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "patch-agent")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/patch-manager/patch-manager/cmd/patch-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	pki, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	cert, key := filepath.Join(dir, "server.pem"), filepath.Join(dir, "server-key.pem")
	require.NoError(t, pki.WriteServer(fqdn, cert, key))
	cache := os.Getenv("REALHOST_DIR")
	if cache == "" {
		cache = "../../.dev/real"
	}
	guest, err := realhost.Prepare(t.Context(), realhost.Config{
		Dir: cache, FQDN: fqdn, AgentListen: agentListen, WebListen: webListen,
		AgentProgram: program, CA: pki.CAFile(), ServerCert: cert, ServerKey: key, Say: t.Logf,
	})
	require.NoError(t, err)
	require.NoError(t, guest.Start())
	t.Cleanup(func() { require.NoError(t, guest.Stop()) })
	client, err := agent.NewClient(agent.Config{CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile()})
	require.NoError(t, err)
	return guest, client
}

type session struct {
	*testing.T
	guest *realhost.Guest
	conn  fleet.AgentConn
}

func (s *session) wait(what string, limit time.Duration, done func(context.Context) error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), limit)
	defer cancel()
	start := time.Now()
	require.NoError(s, s.guest.Wait(ctx, what, done))
	s.Logf("%s: %s", what, time.Since(start).Round(time.Millisecond))
}

type pendingError string

func (e pendingError) Error() string { return string(e) }

func (s *session) follow(id string) fleet.AgentJob {
	s.Helper()
	var job fleet.AgentJob
	s.wait("job "+id, 5*time.Minute, func(ctx context.Context) (err error) {
		if job, err = s.conn.Job(ctx, id); err != nil {
			return err
		}
		if !job.Status.Finished() {
			return pendingError(string(job.Status) + " " + job.Message)
		}
		return nil
	})
	return job
}

func (s *session) ready() {
	s.Helper()
	s.wait("the agent with a fresh cache", 2*time.Minute, func(ctx context.Context) error {
		h, err := s.conn.Health(ctx)
		if err == nil && h.CacheStatus != agent.CacheFresh {
			err = pendingError("cache is " + h.CacheStatus)
		}
		return err
	})
}

// TestTheAgentUpgradesAndRebootsARealHost goes once through everything that the manager asks of an agent.
func TestTheAgentUpgradesAndRebootsARealHost(t *testing.T) {
	guest, client := boot(t)
	conn := client.Connect(fleet.Endpoint{FQDN: fqdn, Address: address, Port: 12443})
	defer conn.Close()
	s := &session{T: t, guest: guest, conn: conn}
	s.ready()
	ctx := t.Context()

	service, err := conn.Service(ctx, "nginx")
	require.NoError(t, err)
	require.True(t, service.Healthy, "%+v", service)
	_, err = conn.Service(ctx, "no-such")
	require.Equal(t, agent.CodeServiceNotFound, fleet.AgentCode(err))
	_, err = guest.Exec(ctx, "systemctl", "stop", "nginx")
	require.NoError(t, err)
	service, err = conn.Service(ctx, "nginx.service")
	require.NoError(t, err)
	require.False(t, service.Healthy)
	_, err = guest.Exec(ctx, "systemctl", "start", "nginx")
	require.NoError(t, err)

	info, err := conn.SystemInfo(ctx)
	require.NoError(t, err)
	require.Equal(t, "debian", info.OS)
	require.True(t, *info.PackageDBClean)
	require.False(t, info.PendingReboot)

	// One package is held by its administrator.
	pending, err := conn.Patches(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, pending.Patches, "the mirror has no updates for the base suite")
	held := pending.Patches[len(pending.Patches)-1].Name
	_, err = guest.Exec(ctx, "apt-mark", "hold", held)
	require.NoError(t, err)
	pending, err = conn.Patches(ctx)
	require.NoError(t, err)
	var names, back []string // what needs the held package is held back with it
	for _, p := range pending.Patches {
		if p.Held {
			back = append(back, p.Name)
		} else {
			names = append(names, p.Name)
		}
		t.Logf("pending: %s %s -> %s %s", p.Name, p.CurrentVersion, p.Available, p.Severity)
	}

	require.Contains(t, back, held)

	auto, err := guest.Exec(ctx, "apt-mark", "showauto")
	require.NoError(t, err)
	order := fleet.ApplyOrder{IdempotencyKey: "first", Packages: names}
	sent := conn.Apply(ctx, order)
	require.Equal(t, fleet.SendAccepted, sent.Outcome, sent.Detail)
	require.Equal(t, fleet.SendRefused, conn.Apply(ctx, fleet.ApplyOrder{Packages: names}).Outcome, "one apply at a time")
	require.Equal(t, sent.JobID, conn.Apply(ctx, order).JobID, "the same key is the same job")
	require.Equal(t, fleet.SendRefused, conn.Reboot(ctx, fleet.RebootOrder{}).Outcome, "not while packages are installed")
	// The agent is killed in the middle of the upgrade; apt goes on.
	_, err = guest.Exec(ctx, "systemctl", "kill", "--signal=SIGKILL", "patch-agent")
	require.NoError(t, err)
	job := s.follow(sent.JobID)
	require.Equal(t, fleet.AgentJobCompleted, job.Status, "%s %s", job.Error, job.Stderr)
	for _, line := range job.Logs {
		t.Log("log: " + line)
	}
	require.NotEmpty(t, job.Stdout)

	upgraded, err := guest.DpkgLog()
	require.NoError(t, err)
	require.Len(t, upgraded, len(names), "each package once: %v", upgraded)
	pending, err = conn.Patches(ctx)
	require.NoError(t, err)
	require.Len(t, pending.Patches, len(back), "only what is held is left")
	left, err := guest.Upgradable(ctx)
	require.NoError(t, err)
	require.ElementsMatch(t, back, left)
	autoNow, err := guest.Exec(ctx, "apt-mark", "showauto")
	require.NoError(t, err)
	require.Equal(t, auto, autoNow, "dependencies stay dependencies")

	// The rest, and then a reboot.
	_, err = guest.Exec(ctx, "apt-mark", "unhold", held)
	require.NoError(t, err)
	sent = conn.Apply(ctx, fleet.ApplyOrder{Packages: back})
	require.Equal(t, fleet.SendAccepted, sent.Outcome, sent.Detail)
	require.Equal(t, fleet.AgentJobCompleted, s.follow(sent.JobID).Status)
	site, err := guest.Exec(ctx, "cat", "/etc/nginx/sites-available/default")
	require.NoError(t, err)
	require.Contains(t, site, webListen, "configuration files are kept")
	info, err = conn.SystemInfo(ctx)
	require.NoError(t, err)
	t.Logf("reboot required after the upgrade: %v", info.PendingReboot)

	before, err := conn.Health(ctx)
	require.NoError(t, err)
	asked := time.Now()
	reboot := conn.Reboot(ctx, fleet.RebootOrder{IdempotencyKey: "reboot"})
	require.Equal(t, fleet.SendAccepted, reboot.Outcome, reboot.Detail)
	s.wait("the reboot", 2*time.Minute, func(ctx context.Context) error {
		h, err := conn.Health(ctx)
		if err == nil && h.Uptime >= time.Since(asked) {
			err = pendingError("not yet down")
		}
		return err
	})
	after, err := conn.Health(ctx)
	require.NoError(t, err)
	require.Less(t, after.Uptime, before.Uptime)
	require.Equal(t, 2, guest.Boots())
	require.Equal(t, fleet.AgentJobCompleted, s.follow(reboot.JobID).Status)
	require.Equal(t, reboot.JobID, conn.Reboot(ctx, fleet.RebootOrder{IdempotencyKey: "reboot"}).JobID, "it does not reboot twice")
	require.Equal(t, fleet.AgentJobCompleted, s.follow(sent.JobID).Status, "jobs outlive the reboot")
	info, err = conn.SystemInfo(ctx)
	require.NoError(t, err)
	require.False(t, info.PendingReboot)
	s.wait("nginx", time.Minute, func(ctx context.Context) error {
		service, err := conn.Service(ctx, "nginx")
		if err == nil && !service.Healthy {
			err = pendingError(service.ActiveState)
		}
		return err
	})
}
