package host

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
)

const twoInstalled = "ii \tlibssl3\tamd64\nii \tnginx\tamd64\nhi \theld-one\tall\n"

func newAptHost(t *testing.T) *fakeHost {
	t.Helper()
	h := newHost(t)
	h.commands.outputs["dpkg-query"] = twoInstalled
	return h
}

func TestAJobEndsAsItsUnitLeftIt(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.onStart = func(_ context.Context, _ string, c Command) error {
		print(t, c.Stdout, "Setting up nginx\n")
		print(t, c.Status, "pmstatus:nginx:50.0:Installing nginx\n")
		require.Equal(t, agent.Int(65), h.job(strings.TrimSuffix(strings.TrimPrefix(unitOf(h), "patch-agent-job-"), ".service")).Progress)
		return nil
	}
	got := h.apply(`{"packages":["nginx","libssl3","nginx"]}`)
	require.Equal(t, agent.JobPending, got.Status)
	require.Equal(t, []string{"libssl3", "nginx"}, got.Packages)
	require.Equal(t, agent.JobRunning, h.job(got.JobID).Status)
	require.Zero(t, h.job(got.JobID).CompletedAt)
	h.carryOut(got.JobID)
	job := h.job(got.JobID)
	require.Equal(t, agent.JobCompleted, job.Status, job.Message)
	require.EqualValues(t, 100, job.Progress)
	require.EqualValues(t, 0, *job.ExitCode)
	require.Equal(t, "Setting up nginx\n", *job.CommandStdout)
	require.NotEmpty(t, job.Logs)
	require.Equal(t, []string{
		"apt-get install --yes -q --only-upgrade --no-remove -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef" +
			" -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=false -o APT::Status-Fd=3 -- libssl3 nginx",
	}, h.commands.lines("apt-get"))
	require.Equal(t, job.CompletedAt.Time, h.lastApply().Time)
}

// unitOf is the unit started last.
func unitOf(h *fakeHost) string {
	h.systemd.mu.Lock()
	defer h.systemd.mu.Unlock()
	for unit := range h.systemd.running {
		return unit
	}
	return ""
}

func TestARestartOfTheAgentForgetsNoJob(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	done := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(done.JobID)
	running := h.apply(`{"packages":["libssl3"]}`)
	h.restartAgent()
	h.recoverJobs(t.Context())
	require.Equal(t, agent.JobCompleted, h.job(done.JobID).Status)
	require.Equal(t, agent.JobRunning, h.job(running.JobID).Status)
	h.carryOut(running.JobID)
	h.restartAgent()
	require.Equal(t, agent.JobCompleted, h.job(running.JobID).Status)
	list := data[agent.JobList](t, h.ask(http.MethodGet, "/jobs", ""))
	require.EqualValues(t, 2, list.Total)
	require.Equal(t, running.JobID, list.Jobs[0].JobID, "the newest comes first")
	require.Nil(t, list.Jobs[0].CommandStdout)
}

func TestARebootOfTheHostEndsAnApplyAsFailedAndARebootAsCompleted(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	job := h.apply(`{"packages":["nginx"]}`)
	h.systemd.endAll()
	h.boot("120000")
	h.restartAgent()
	h.recoverJobs(t.Context())
	got := h.job(job.JobID)
	require.Equal(t, agent.JobFailed, got.Status)
	require.Equal(t, agent.JobUnknown, *got.ErrorCode)

	a := h.ask(http.MethodPost, "/system/reboot", `{"delay_seconds":0,"force":false}`)
	require.Equal(t, http.StatusAccepted, a.status, "%+v", a.Error)
	reboot := data[agent.JobAccepted](t, a)
	require.NotNil(t, reboot.ScheduledAt)
	h.carryOut(reboot.JobID)
	require.Equal(t, 1, h.systemd.reboots)
	require.Equal(t, agent.JobRunning, h.job(reboot.JobID).Status, "it has asked, and the host is going down")
	h.boot("140000")
	h.write("/proc/sys/kernel/random/boot_id", "0b5b0f6e-0000-4000-8000-000000000001\n")
	h.restartAgent()
	require.Equal(t, agent.JobCompleted, h.job(reboot.JobID).Status)
}

func TestARebootThatDoesNotHappenFails(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	reboot := data[agent.JobAccepted](t, h.ask(http.MethodPost, "/system/reboot", `{}`))
	h.carryOut(reboot.JobID)
	h.now = func() time.Time { return time.Now().Add(rebootGrace - time.Second) }
	require.Equal(t, agent.JobRunning, h.job(reboot.JobID).Status)
	h.now = func() time.Time { return time.Now().Add(rebootGrace + time.Second) }
	require.Equal(t, agent.JobReboot, *h.job(reboot.JobID).ErrorCode)
}

func TestAUnitThatVanishesWithoutAResultIsAFailedJob(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	job := h.apply(`{"packages":["nginx"]}`)
	h.systemd.endAll()
	got := h.job(job.JobID)
	require.Equal(t, agent.JobFailed, got.Status)
	require.Equal(t, agent.JobUnknown, *got.ErrorCode)
	require.NoError(t, h.jobs.finish(job.JobID, outcome{Status: agent.JobCompleted}))
	require.Equal(t, agent.JobFailed, h.job(job.JobID).Status, "the first outcome stays")
}

func TestAJobIsNotTakenForEndedWhileSystemdDoesNotAnswer(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	job := h.apply(`{"packages":["nginx"]}`)
	h.systemd.endAll()
	h.systemd.broken = errors.New("bus is away")
	h.refused(h.ask(http.MethodGet, "/jobs/"+job.JobID, ""), http.StatusInternalServerError, codeInternal)
	h.systemd.broken = nil
	h.systemd.running["patch-agent-job-"+job.JobID+".service"] = true
	require.Equal(t, agent.JobRunning, h.job(job.JobID).Status)
}

func TestAJobBeginsOnceInItsLife(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	require.ErrorIs(t, h.run(t.Context(), job.JobID), fs.ErrExist)
	require.Len(t, h.commands.lines("apt-get install"), 1)
	require.Error(t, h.run(t.Context(), "../../etc"))
	require.ErrorIs(t, h.run(t.Context(), newID()), fs.ErrNotExist)
}

func TestOneKeyMakesOneJobAlsoAfterARestartAndADeletion(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	const body = `{"packages":["nginx"]}`
	first := h.apply(body, agent.IdempotencyHeader, "k1")
	require.Equal(t, first.JobID, h.apply(body, agent.IdempotencyHeader, "k1").JobID)
	h.carryOut(first.JobID)
	h.restartAgent()
	again := h.apply(body, agent.IdempotencyHeader, "k1")
	require.Equal(t, first.JobID, again.JobID)
	require.Equal(t, agent.JobCompleted, again.Status)
	h.refused(h.ask(http.MethodPost, "/patches/apply", `{"packages":["libssl3"]}`, agent.IdempotencyHeader, "k1"),
		http.StatusUnprocessableEntity, codeKeyReused)
	h.refused(h.ask(http.MethodPost, "/system/reboot", `{}`, agent.IdempotencyHeader, "k1"),
		http.StatusUnprocessableEntity, codeKeyReused)
	require.True(t, h.ask(http.MethodDelete, "/jobs/"+first.JobID, "").Success)
	h.refused(h.ask(http.MethodGet, "/jobs/"+first.JobID, ""), http.StatusNotFound, agent.CodeJobNotFound)
	h.refused(h.ask(http.MethodPost, "/patches/apply", body, agent.IdempotencyHeader, "k1"),
		http.StatusUnprocessableEntity, codeKeyDeleted)
	require.Len(t, h.systemd.started, 1)
	require.NotEqual(t, first.JobID, h.apply(body).JobID, "without a key each request is its own")
}

func TestParallelRequestsWithOneKeyMakeOneJob(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	var wg sync.WaitGroup
	ids := make([]string, 20)
	for i := range ids {
		wg.Go(func() {
			r, err := h.admit(t.Context(), record{Operation: agent.OperationApply, Key: "k", KeyBody: "b"})
			if err == nil {
				ids[i] = r.(accepted).JobID
			}
		})
	}
	wg.Wait()
	require.Len(t, h.systemd.started, 1)
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.NotEmpty(t, ids[0])
}

func TestIdempotencyKeysAreBounded(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.apply(`{"packages":[]}`, agent.IdempotencyHeader, strings.Repeat("k", maxKey))
	for _, bad := range []string{strings.Repeat("k", maxKey+1), "a b", "ä", "a\tb"} {
		h.refused(h.ask(http.MethodPost, "/patches/apply", `{"packages":[]}`, agent.IdempotencyHeader, bad), http.StatusBadRequest, agent.CodeValidation)
	}
}

func TestOneJobChangesTheHostAtATime(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	job := h.apply(`{"packages":["nginx"]}`)
	h.refused(h.ask(http.MethodPost, "/patches/apply", `{"packages":["nginx"]}`), http.StatusConflict, agent.CodePackageDBInMutation)
	h.refused(h.ask(http.MethodPost, "/system/reboot", `{"force":true}`), http.StatusConflict, agent.CodePackageDBInMutation)
	h.refused(h.ask(http.MethodDelete, "/jobs/"+job.JobID, ""), http.StatusConflict, codeJobRunning)
	h.carryOut(job.JobID)
	reboot := data[agent.JobAccepted](t, h.ask(http.MethodPost, "/system/reboot", `{"delay_seconds":60}`))
	require.Equal(t, agent.JobPending, h.job(reboot.JobID).Status)
	h.refused(h.ask(http.MethodPost, "/system/reboot", `{}`), http.StatusConflict, agent.CodeRebootBlocked)
	h.refused(h.ask(http.MethodPost, "/patches/apply", `{"packages":["nginx"]}`), http.StatusConflict, agent.CodeAdmissionClosed)
}

func TestARebootWaitsForNobodyThatInhibitsItUnlessForced(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.systemd.inhibitors = []string{"backup: running"}
	h.refused(h.ask(http.MethodPost, "/system/reboot", `{}`), http.StatusConflict, agent.CodeRebootBlocked)
	h.busy = true
	h.refused(h.ask(http.MethodPost, "/system/reboot", `{"force":true}`), http.StatusConflict, agent.CodePackageDBInMutation)
	h.busy = false
	reboot := data[agent.JobAccepted](t, h.ask(http.MethodPost, "/system/reboot", `{"force":true}`))
	h.busy = true
	require.Error(t, h.run(t.Context(), reboot.JobID))
	require.Zero(t, h.systemd.reboots, "dpkg is at work by the time it was due")
	require.Equal(t, agent.JobReboot, *h.job(reboot.JobID).ErrorCode)
}

func TestAStartThatFailsLeavesNoJobRunning(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.systemd.onStart = func(string) error { return errors.New("no bus") }
	h.refused(h.ask(http.MethodPost, "/patches/apply", `{"packages":["nginx"]}`, agent.IdempotencyHeader, "k"), http.StatusInternalServerError, codeInternal)
	h.systemd.onStart = nil
	again := h.apply(`{"packages":["nginx"]}`, agent.IdempotencyHeader, "k")
	require.Equal(t, agent.JobFailed, again.Status, "the key stands for the one that failed")
	require.Len(t, h.systemd.started, 1)
}

func TestADamagedRecordHidesNoOtherJob(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	h.write("/state/jobs/"+newID()+"/job.json", "{")
	h.write("/state/jobs/.new-x/job.json", "{")
	list := data[agent.JobList](t, h.ask(http.MethodGet, "/jobs", ""))
	require.EqualValues(t, 1, list.Total)
}

func TestFinishedJobsAreForgottenAfterTheirRetention(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	running := h.apply(`{"packages":["nginx"]}`)
	ended := h.job(job.JobID).CompletedAt.Time
	h.now = func() time.Time { return ended.Add(jobRetention) }
	h.recoverJobs(t.Context())
	require.DirExists(t, filepath.Join(string(h.jobs), job.JobID))
	h.now = func() time.Time { return ended.Add(jobRetention + time.Nanosecond) }
	h.recoverJobs(t.Context())
	require.NoDirExists(t, filepath.Join(string(h.jobs), job.JobID))
	require.DirExists(t, filepath.Join(string(h.jobs), running.JobID), "what runs is never dropped")
}

func TestListsOfJobsAreLimitedAndFiltered(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	for range 3 {
		h.carryOut(h.apply(`{"packages":["nginx"]}`).JobID)
	}
	h.apply(`{"packages":["nginx"]}`)
	list := data[agent.JobList](t, h.ask(http.MethodGet, "/jobs?status=completed&limit=2", ""))
	require.Len(t, list.Jobs, 2)
	require.EqualValues(t, 3, list.Total)
	require.Len(t, data[agent.JobList](t, h.ask(http.MethodGet, "/jobs?limit=1000", "")).Jobs, 4)
	for _, bad := range []string{"limit=0", "limit=1001", "limit=x", "status=odd"} {
		h.refused(h.ask(http.MethodGet, "/jobs?"+bad, ""), http.StatusBadRequest, agent.CodeValidation)
	}
}

func TestOutputIsBoundedToItsEndAndPrintable(t *testing.T) {
	t.Parallel()
	h := newAptHost(t)
	h.commands.onStart = func(_ context.Context, _ string, c Command) error {
		print(t, c.Stdout, strings.Repeat("x", maxTold)+"\x00\xffend")
		return nil
	}
	job := h.apply(`{"packages":["nginx"]}`)
	h.carryOut(job.JobID)
	for range maxToldLines + 1 {
		f, err := os.OpenFile(h.jobs.path(job.JobID, fileLog), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		print(t, f, "line\n")
		require.NoError(t, f.Close())
	}
	got := h.job(job.JobID)
	require.True(t, strings.HasSuffix(*got.CommandStdout, "x\uFFFD\uFFFDend"))
	require.LessOrEqual(t, len([]rune(*got.CommandStdout)), maxTold)
	require.Len(t, got.Logs, maxToldLines)
}
