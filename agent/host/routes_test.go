package host

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
)

func TestBadRequestsAreRefusedBeforeAnythingHappens(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for body, names := range map[string]string{
		``:                                     "JSON object",
		`null`:                                 "JSON object",
		`[]`:                                   "JSON object",
		`{"packages":null}`:                    "packages",
		`{"packages":"nginx"}`:                 "packages",
		`{"packages":["-y"]}`:                  "packages[0]",
		`{"packages":["nginx","a;b"]}`:         "packages[1]",
		`{"reboot":true,"allow_reboot":false}`: "allow_reboot",
		`{"reboot_required":true}`:             "reboot_required",
		`{"reboot_delay_seconds":-1}`:          "reboot_delay_seconds",
		`{"reboot_delay_seconds":86401}`:       "reboot_delay_seconds",
		`{} {}`:                                "something follows",
		`{"packages":[],`:                      "body",
	} {
		a := h.ask(http.MethodPost, "/patches/apply", body)
		h.refused(a, http.StatusBadRequest, agent.CodeValidation)
		require.Contains(t, a.Error.Message, names)
		require.False(t, a.Error.Retryable)
	}
	for _, body := range []string{``, `{"delay_seconds":-1}`, `{"delay_seconds":86401}`, `{"delay":1}`, `{"delay_seconds":"1"}`} {
		h.refused(h.ask(http.MethodPost, "/system/reboot", body), http.StatusBadRequest, agent.CodeValidation)
	}
	require.Empty(t, h.systemd.started)
	require.Empty(t, h.commands.ran)
}

func TestTheBoundsOfAnApplyAreExact(t *testing.T) {
	t.Parallel()
	names := make([]string, maxPackages+1)
	for i := range names {
		names[i] = fmt.Sprintf("p%d", i)
	}
	list := func(n int) string { return `{"packages":["` + strings.Join(names[:n], `","`) + `"]}` }
	h := newHost(t)
	h.refused(h.ask(http.MethodPost, "/patches/apply", list(maxPackages+1)), http.StatusBadRequest, agent.CodeValidation)
	require.Len(t, h.apply(list(maxPackages)).Packages, maxPackages)
	pad := func(n int) string { return `{"packages":[]` + strings.Repeat(" ", n-len(`{"packages":[]}`)) + `}` }
	h.refused(h.ask(http.MethodPost, "/patches/apply", pad(maxBody+1)), http.StatusRequestEntityTooLarge, agent.CodeValidation)
	h.systemd.endAll()
	h.apply(pad(maxBody))
	h.systemd.endAll()
	a := h.ask(http.MethodPost, "/system/reboot", `{"delay_seconds":86400}`)
	require.Equal(t, http.StatusAccepted, a.status)
}

func TestRequestsPastTheLimitAreToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.now = func() time.Time { return time.Now().Truncate(time.Minute).Add(20 * time.Second) }
	h.reads.perMinute = 2
	for range 2 {
		require.True(t, h.ask(http.MethodGet, "/health", "").Success)
	}
	a := h.ask(http.MethodGet, "/health", "")
	h.refused(a, http.StatusTooManyRequests, codeRateLimited)
	require.Equal(t, "40", a.header.Get("Retry-After"))
	require.True(t, a.Error.Retryable)
	h.refused(h.ask(http.MethodPost, "/system/reboot", ``), http.StatusBadRequest, agent.CodeValidation)
	h.now = func() time.Time { return time.Now().Truncate(time.Minute).Add(time.Minute) }
	require.True(t, h.ask(http.MethodGet, "/health", "").Success)
}

func TestWhatIsNotInTheContractIsNotFound(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, p := range []string{"/nothing", "/jobs/x", "/jobs/" + newID()} {
		a := h.ask(http.MethodGet, p, "")
		require.Equal(t, http.StatusNotFound, a.status)
	}
	h.refused(h.ask(http.MethodPut, "/health", ""), http.StatusNotFound, codeNotFound)
	h.refused(h.ask(http.MethodDelete, "/jobs/..%2f..", ""), http.StatusNotFound, agent.CodeJobNotFound)
}

func TestHealthAndInfoTellTheHost(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	health := data[agent.Health](t, h.ask(http.MethodGet, "/health", ""))
	require.InDelta(t, 1490, *health.UptimeSeconds, 0.01, "counted from the start of process 1")
	require.Equal(t, "1.2.3", health.Version)
	require.Equal(t, agent.CacheUnknown, health.CacheStatus)
	info := data[systemInfo](t, h.ask(http.MethodGet, "/system/info", ""))
	require.Equal(t, "debian", info.OS)
	require.Equal(t, "12", info.OSVersion)
	require.Equal(t, "6.1.0-18-amd64", info.Kernel)
	require.False(t, *info.PendingReboot)
	require.True(t, *info.PackageDBClean)
	h.write(rebootFlag, "*** System restart required ***\n")
	h.write(rebootPackaged, "libc6\nlinux-image-amd64\nlibc6\n")
	h.commands.fails["dpkg --audit"] = exit(1)
	info = data[systemInfo](t, h.ask(http.MethodGet, "/system/info", ""))
	require.True(t, *info.PendingReboot)
	require.Equal(t, []string{"asked for by libc6, linux-image-amd64"}, info.RebootReasons)
	require.False(t, *info.PackageDBClean)
	require.True(t, bool(data[agent.PatchList](t, h.ask(http.MethodGet, "/patches", "")).RequiresReboot))
}

func TestAServiceIsHealthyWhileItDoesItsWork(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for state, want := range map[string]bool{
		"active": true, "reloading": true, "inactive": false, "failed": false, "activating": false, "deactivating": false, "new": false,
	} {
		h.systemd.units["nginx.service"] = Unit{ActiveState: state, LoadState: "loaded", MainPID: 7}
		s := data[agent.Service](t, h.ask(http.MethodGet, "/system/services/nginx", ""))
		require.Equal(t, want, *s.Healthy, state)
		require.Equal(t, "nginx", s.Name, "the name that was asked for")
		require.EqualValues(t, 7, *s.MainPID)
	}
	h.systemd.units["once.service"] = Unit{ActiveState: "inactive", FinishedWell: true}
	require.True(t, *data[agent.Service](t, h.ask(http.MethodGet, "/system/services/once.service", "")).Healthy)
}

func TestServicesThatCanNotBeReadSayWhy(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.refused(h.ask(http.MethodGet, "/system/services/absent", ""), http.StatusNotFound, agent.CodeServiceNotFound)
	h.refused(h.ask(http.MethodGet, "/system/services/a%20b", ""), http.StatusBadRequest, agent.CodeInvalidServiceName)
	h.systemd.broken = errors.New("no bus")
	h.refused(h.ask(http.MethodGet, "/system/services/nginx", ""), http.StatusInternalServerError, agent.CodeServiceStatusError)
}

func TestUnitNamesFollowSystemd(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"nginx": "nginx.service", "nginx.service": "nginx.service", "apt-daily.timer": "apt-daily.timer", "getty@tty1": "getty@tty1.service",
		`dev-disk\x2d1.device`: `dev-disk\x2d1.device`, "a.b": "a.b.service", strings.Repeat("a", 247): strings.Repeat("a", 247) + ".service",
	} {
		got, ok := unitName(name)
		require.True(t, ok, name)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", ".service", "@x", "a/b", "a b", "ä", "a\n", "a;b", strings.Repeat("a", 248)} {
		_, ok := unitName(bad)
		require.False(t, ok, "%q", bad)
	}
}
