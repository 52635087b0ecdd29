//go:build realhost

package realhost_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	t.Cleanup(func() {
		require.NoError(t, guest.Stop())
		if !t.Failed() {
			require.NoError(t, guest.Remove())
		}
	})
	client, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(), Revocations: agenttest.NothingRevoked(),
	})
	require.NoError(t, err)
	return guest, client
}

type session struct {
	*testing.T
	guest *realhost.Guest
	conn  fleet.AgentConn
}

// newSession boots a guest and waits until its agent has fetched its package lists.
func newSession(t *testing.T) *session {
	t.Helper()
	guest, client := boot(t)
	conn := client.Connect(fleet.Endpoint{FQDN: fqdn, Address: address, Port: 12443})
	t.Cleanup(conn.Close)
	s := &session{T: t, guest: guest, conn: conn}
	s.wait("the agent with a fresh cache", 2*time.Minute, func(ctx context.Context) error {
		h, err := conn.Health(ctx)
		if err == nil && h.CacheStatus != agent.CacheFresh {
			err = pendingError("cache is " + h.CacheStatus)
		}
		return err
	})
	return s
}

func (s *session) exec(argv ...string) string {
	s.Helper()
	out, err := s.guest.Exec(s.Context(), argv...)
	require.NoError(s, err)
	return out
}

// pending returns the packages to upgrade, and those that are held back.
func (s *session) pending() (names, held []string) {
	s.Helper()
	list, err := s.conn.Patches(s.Context())
	require.NoError(s, err)
	for _, p := range list.Patches {
		if p.Held {
			held = append(held, p.Name)
		} else {
			names = append(names, p.Name)
		}
	}
	return names, held
}

func (s *session) apply(key string, packages []string) string {
	s.Helper()
	sent := s.conn.Apply(s.Context(), fleet.ApplyOrder{IdempotencyKey: key, Packages: packages})
	require.Equal(s, fleet.SendAccepted, sent.Outcome, sent.Detail)
	return sent.JobID
}

func (s *session) service() fleet.AgentService {
	s.Helper()
	service, err := s.conn.Service(s.Context(), "nginx")
	require.NoError(s, err)
	return service
}

func (s *session) info() fleet.AgentSystemInfo {
	s.Helper()
	info, err := s.conn.SystemInfo(s.Context())
	require.NoError(s, err)
	return info
}

// upgradedOnce demands that dpkg upgraded each of the packages once and nothing else.
func (s *session) upgradedOnce(packages []string) {
	s.Helper()
	upgrades, err := s.guest.DpkgLog()
	require.NoError(s, err)
	var names []string
	for _, u := range upgrades {
		name, _, _ := strings.Cut(u.Package, ":")
		names = append(names, name)
	}
	require.ElementsMatch(s, packages, names)
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

// follow waits for a job that is going to succeed.
func (s *session) follow(id string) fleet.AgentJob {
	s.Helper()
	job := s.end(id)
	require.Equal(s, fleet.AgentJobCompleted, job.Status, "%s %s", job.Error, job.Stderr)
	return job
}

func (s *session) end(id string) fleet.AgentJob {
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

// TestARealHostIsUpgradedAndRebootedByItsAgent goes once through everything that the manager asks of an agent.
func TestARealHostIsUpgradedAndRebootedByItsAgent(t *testing.T) { //nolint:paralleltest // guests share their addresses
	s := newSession(t)
	s.tellsItsServices()
	require.Equal(t, "debian", s.info().OS)
	require.True(t, *s.info().PackageDBClean)
	require.False(t, s.info().PendingReboot)
	names, _ := s.pending()
	require.NotEmpty(t, names, "the mirror has no updates for the base suite")
	all, kept := names, names[len(names)-1]
	s.exec("apt-mark", "hold", kept)
	names, held := s.pending()
	require.Contains(t, held, kept)
	require.ElementsMatch(t, all, append(held, names...), "what needs a held package is held back with it")

	auto := s.exec("apt-mark", "showauto")
	job := s.upgradesInSpiteOfACrash(names)
	s.upgradedOnce(names)
	left, heldStill := s.pending()
	require.Empty(t, left)
	require.ElementsMatch(t, held, heldStill)
	require.Equal(t, auto, s.exec("apt-mark", "showauto"), "dependencies stay dependencies")

	s.exec("apt-mark", "unhold", kept)
	s.upgradesOnceTheLockIsFree(held)
	s.upgradedOnce(all)
	upgradable, err := s.guest.Upgradable(t.Context())
	require.NoError(t, err)
	require.Empty(t, upgradable)
	require.Contains(t, s.exec("cat", "/etc/nginx/sites-available/default"), webListen, "configuration files are kept")

	s.reboots()
	require.Equal(t, job, s.follow(job).ID, "jobs outlive the reboot")
	require.False(t, s.info().PendingReboot)
}

func (s *session) tellsItsServices() {
	s.Helper()
	require.True(s, s.service().Healthy)
	_, err := s.conn.Service(s.Context(), "no-such")
	require.Equal(s, agent.CodeServiceNotFound, fleet.AgentCode(err))
	s.exec("systemctl", "stop", "nginx")
	require.False(s, s.service().Healthy)
	s.exec("systemctl", "start", "nginx")
	require.True(s, s.service().Healthy)
}

// upgradesInSpiteOfACrash kills the agent in the middle of an upgrade.
func (s *session) upgradesInSpiteOfACrash(names []string) string {
	s.Helper()
	ctx := s.Context()
	id := s.apply("first", names)
	require.Equal(s, fleet.SendRefused, s.conn.Apply(ctx, fleet.ApplyOrder{Packages: names}).Outcome, "one apply at a time")
	require.Equal(s, fleet.SendRefused, s.conn.Reboot(ctx, fleet.RebootOrder{}).Outcome, "not while packages are installed")
	require.Equal(s, id, s.apply("first", names), "the same key is the same job")
	s.exec("systemctl", "kill", "--signal=SIGKILL", "patch-agent")
	job := s.follow(id)
	require.NotEmpty(s, job.Stdout)
	require.NotEmpty(s, job.Logs)
	require.Equal(s, id, s.apply("first", names), "also after it")
	return id
}

// holdLock takes dpkg's lock as another package manager does, until the file that it makes is removed.
const holdLock = `use Fcntl;
open(F, "+>>", "/var/lib/dpkg/lock-frontend") or die;
my $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die;
open(H, ">", "/run/lock-held") or die;
while (-e "/run/lock-held") { select(undef, undef, undef, 0.1) }
`

func (s *session) upgradesOnceTheLockIsFree(names []string) {
	s.Helper()
	require.NoError(s, os.WriteFile(filepath.Join(s.guest.Root(), "root/hold.pl"), []byte(holdLock), 0o600))
	s.exec("systemd-run", "--unit=holder", "perl", "/root/hold.pl")
	s.wait("the lock", 10*time.Second, func(ctx context.Context) error {
		_, err := s.guest.Exec(ctx, "test", "-e", "/run/lock-held")
		return err
	})
	refused := s.conn.Reboot(s.Context(), fleet.RebootOrder{})
	require.Equal(s, agent.CodePackageDBInMutation, refused.Code)
	id := s.apply("", names)
	s.wait("apt to wait for the lock", 30*time.Second, func(ctx context.Context) error {
		job, err := s.conn.Job(ctx, id)
		if err == nil && !strings.Contains(job.Stdout+job.Stderr, "Waiting for cache lock") {
			err = pendingError(job.Stdout + job.Stderr)
		}
		return err
	})
	s.exec("rm", "/run/lock-held")
	s.follow(id)
}

func (s *session) reboots() {
	s.Helper()
	asked := time.Now()
	order := fleet.RebootOrder{IdempotencyKey: "reboot"}
	sent := s.conn.Reboot(s.Context(), order)
	require.Equal(s, fleet.SendAccepted, sent.Outcome, sent.Detail)
	s.isBackSince(asked)
	require.Equal(s, 2, s.guest.Boots())
	s.follow(sent.JobID)
	require.Equal(s, sent.JobID, s.conn.Reboot(s.Context(), order).JobID, "it does not reboot twice")
	s.wait("nginx", time.Minute, func(ctx context.Context) error {
		service, err := s.conn.Service(ctx, "nginx")
		if err == nil && !service.Healthy {
			err = pendingError(service.ActiveState)
		}
		return err
	})
}

// isBackSince waits until the host is up for less long than since a moment.
func (s *session) isBackSince(asked time.Time) {
	s.Helper()
	s.wait("the reboot", 3*time.Minute, func(ctx context.Context) error {
		h, err := s.conn.Health(ctx)
		if err == nil && h.Uptime >= time.Since(asked) {
			err = pendingError("not yet down")
		}
		return err
	})
}

// TestAShutdownInTheMiddleOfAnUpgradeWaitsForIt is about a shutdown by somebody who ignores the lock that an apply holds
// against it. Services do not start any more then, so packages that start one stay half configured, until the next apply.
func TestAShutdownInTheMiddleOfAnUpgradeWaitsForIt(t *testing.T) { //nolint:paralleltest // guests share their addresses
	s := newSession(t)
	names, _ := s.pending()
	require.NotEmpty(t, names, "the mirror has no updates for the base suite")
	id := s.apply("", names)
	s.wait("dpkg at work", time.Minute, func(ctx context.Context) error {
		job, err := s.conn.Job(ctx, id)
		if err == nil && job.Progress <= 35 {
			err = pendingError(job.Message)
		}
		return err
	})
	require.Contains(t, s.exec("systemd-inhibit", "--list"), "installs packages")
	asked := time.Now()
	s.exec("systemctl", "--no-block", "reboot")
	s.isBackSince(asked)
	job := s.end(id)
	require.NotNil(t, job.CompletedAt)
	require.WithinRange(t, *job.CompletedAt, asked.Add(-time.Second), time.Now(), "apt came to its end before the host went down")
	require.NotContains(t, job.Error, "restarted", "its own result is known")
	s.upgradedOnce(names)
	s.follow(s.apply("", names[:1])) // up to date, but an apply mends first
	require.True(t, *s.info().PackageDBClean)
	s.upgradedOnce(names)
}
