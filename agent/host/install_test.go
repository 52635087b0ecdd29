package host

import (
	"context"
	"errors"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
)

func TestWhatIsOnHoldIsLeftOutAndTheRestUpgraded(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.outputs["apt-mark showauto"] = "libssl3\n-x\n"
	job := h.apply(`{"packages":["held-one","libssl3"]}`)
	h.carryOut(job.JobID)
	require.Equal(t, agent.JobCompleted, h.job(job.JobID).Status)
	install := h.commands.lines("apt-get install")
	require.Len(t, install, 1)
	require.Contains(t, install[0], "-- libssl3")
	require.NotContains(t, install[0], "held-one")
	require.Equal(t, []string{"apt-mark auto -- libssl3"}, h.commands.lines("apt-mark auto"), "a dependency stays one")
}

func TestAShutdownIsHeldOffWhilePackagesAreInstalledAndNoLonger(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.onStart = func(context.Context, string, Command) error {
		require.True(t, h.systemd.inhibiting)
		return nil
	}
	h.carryOut(h.apply(`{"packages":["nginx"]}`).JobID)
	require.Len(t, h.commands.lines("apt-get install"), 1)
	require.False(t, h.systemd.inhibiting)
	job := h.apply(`{"packages":["nginx"]}`)
	h.commands.onStart = nil
	h.systemd.broken = errors.New("no logind")
	require.NoError(t, h.run(t.Context(), job.JobID))
	require.Len(t, h.commands.lines("apt-get install"), 2, "a host without logind is patched all the same")
}

func TestNothingToDoIsDoneWithoutApt(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"packages":[]}`, `{"packages":["held-one"]}`, `{}`} {
		h := newAptHost(t)
		job := h.apply(body)
		h.carryOut(job.JobID)
		require.Equal(t, agent.JobCompleted, h.job(job.JobID).Status, body)
		require.Empty(t, h.commands.lines("apt-get install"), body)
	}
}

func TestPackagesLeftOutMeansAllThatAreNotHeld(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.outputs["apt-get -s -q -o Debug::NoLocking=true upgrade"] = "Inst nginx [1] (2 Debian:12/stable [all])\n"
	h.commands.outputs["apt-get -s -q -o Debug::NoLocking=true dist-upgrade"] = "Inst held-one [1] (2 Debian:12/stable [all])\n"
	require.Equal(t, []string{"nginx"}, h.apply(`{}`).Packages)
}

func TestWhatIsNotInstalledNeverReachesApt(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	job := h.apply(`{"packages":["nginx","nginx-"]}`)
	h.carryOut(job.JobID)
	got := h.job(job.JobID)
	require.Equal(t, agent.JobPackageNotFound, *got.ErrorCode)
	require.Contains(t, string(*got.Error), "nginx-")
	require.Empty(t, h.commands.lines("apt-get install"))
}

func TestAFailureOfAptIsToldByItsCodeAndLastWords(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]string{
		"E: Unable to locate package x\n":                                             agent.JobPackageNotFound,
		"W: GPG error: NO_PUBKEY 1234\nE: The repository is not signed.\n":            agent.JobGPG,
		"E: Failed to fetch http://m/x  Temporary failure resolving 'm'\n":            agent.JobNetwork,
		"E: Unable to correct problems, you have held broken packages.\n":             agent.JobDependencyConflict,
		"E: Packages need to be removed but remove is disabled.\n":                    agent.JobDependencyConflict,
		"E: Could not open lock file - open (13: Permission denied), are you root?\n": agent.JobPermissionDenied,
		"E: Sub-process /usr/bin/dpkg returned an error code (1)\n":                   agent.JobPackageManager,
	} {
		h := newAptHost(t)
		h.commands.onStart = func(_ context.Context, _ string, c Command) error {
			print(t, c.Stderr, text)
			return &CommandError{Name: "apt-get", Err: exit(100)}
		}
		job := h.apply(`{"packages":["nginx"]}`)
		h.carryOut(job.JobID)
		got := h.job(job.JobID)
		require.Equal(t, agent.JobFailed, got.Status)
		require.Equal(t, code, *got.ErrorCode, text)
		require.EqualValues(t, 100, *got.ExitCode)
		require.Contains(t, string(*got.Error), "run apt-get: exit status 100: ")
		require.Equal(t, text, *got.CommandStderr)
	}
}

func TestAMissingProgramIsToldAsSuch(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.onStart = func(context.Context, string, Command) error {
		return &CommandError{Name: "apt-get", Err: exec.ErrNotFound}
	}
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	require.Equal(t, agent.JobCommandNotFound, *h.job(job.JobID).ErrorCode)
	require.Nil(t, h.job(job.JobID).ExitCode)
}

func TestSupersededVersionsAreFetchedAnewOnce(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	installs := 0
	h.commands.onStart = func(_ context.Context, line string, c Command) error {
		if line != "apt-get update -q -o APT::Update::Error-Mode=any" {
			installs++
			print(t, c.Stderr, "E: Failed to fetch http://m/x  404  Not Found\n")
			return &CommandError{Name: "apt-get", Err: exit(100)}
		}
		return nil
	}
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	require.Equal(t, 2, installs)
	require.Equal(t, agent.JobNetwork, *h.job(job.JobID).ErrorCode)
}

func TestARefreshThatFailsWithinAJobIsToldAsSuch(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.onStart = func(_ context.Context, _ string, c Command) error {
		print(t, c.Stderr, "E: Failed to fetch http://m/x  404  Not Found\n")
		return &CommandError{Name: "apt-get", Err: exit(100)}
	}
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	require.Equal(t, agent.JobCacheRefresh, *h.job(job.JobID).ErrorCode)
}

func TestAnUpgradeThatWasCutOffIsFinishedFirst(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.outputs["dpkg --audit"] = "The following packages are only half configured\n"
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	require.Equal(t, []string{"dpkg --force-confdef --force-confold --configure -a"}, h.commands.lines("--configure"))
	require.Equal(t, agent.JobCompleted, h.job(job.JobID).Status)
	h.commands.outputs["dpkg --audit"] = ""
	h.commands.fails["dpkg --audit"] = exit(2)
	job = h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	require.Equal(t, agent.JobFailed, h.job(job.JobID).Status)
	require.Len(t, h.commands.lines("apt-get install"), 1)
}

func TestAJobThatRunsOutOfTimeIsTimedOutAndAptNotKilled(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.commands.onStart = func(ctx context.Context, _ string, _ Command) error {
		cancel()
		<-ctx.Done()
		return &CommandError{Name: "apt-get", Err: exit(100)}
	}
	job := h.apply(`{"packages":["nginx"]}`)
	require.NoError(t, h.run(ctx, job.JobID))
	got := h.job(job.JobID)
	require.Equal(t, agent.JobTimedOut, got.Status)
	require.Equal(t, agent.JobTimeout, *got.ErrorCode)
}

func TestAnApplyRebootsOnlyWhenAllowedRequiredAndDone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body  string
		flag  bool
		fails bool
		want  int
	}{
		{`{"packages":["nginx"],"allow_reboot":true}`, true, false, 1},
		{`{"packages":["nginx"],"reboot":true}`, true, false, 1},
		{`{"packages":["nginx"],"allow_reboot":true}`, false, false, 0},
		{`{"packages":["nginx"],"allow_reboot":true}`, true, true, 0},
		{`{"packages":["nginx"]}`, true, false, 0},
	} {
		h := newAptHost(t)
		if c.flag {
			h.write(rebootFlag, "")
		}
		h.commands.onStart = func(context.Context, string, Command) error {
			if c.fails {
				return errors.New("failed")
			}
			return nil
		}
		h.carryOut(h.apply(c.body).JobID)
		require.Equal(t, c.want, h.systemd.reboots, "%+v", c)
	}
}
