package host

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
)

const simulated = `NOTE: This is only a simulation!
Reading package lists...
The following packages will be upgraded:
  libssl3 openssl
Inst perl-base [5.36.0-7+deb12u3] (5.36.0-7+deb12u4 Debian-Security:12/oldstable-security [amd64])
Conf perl-base (5.36.0-7+deb12u4 Debian-Security:12/oldstable-security [amd64])
Inst tzdata [2026b-0+deb12u1] (2026f-0+deb12u1 Debian:12.14/oldstable, Debian:12-updates/oldstable-updates [all])
Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian-Security:12/oldstable-security [amd64])
Inst linux-image-amd64 [6.1.148-1] (6.1.153-1 Debian-Security:12/oldstable-security [amd64]) []
Inst libc6:i386 [2.36-9] (2.36-10 Debian:12.14/oldstable [i386]) [libc6:amd64 ]
Inst openssl [3.0.2-0ubuntu1.1] (3.0.2-0ubuntu1.2 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])
Inst local [1] (2 [amd64])
Inst nginx [1.22.1-9] (1.22.1-10 Debian-Security:12/oldstable-security [amd64]) []
Remv gone [1.0]
`

func TestEachUnpackingOfASimulationIsAnUpdate(t *testing.T) {
	t.Parallel()
	require.Equal(t, []update{
		{"perl-base", "5.36.0-7+deb12u3", "5.36.0-7+deb12u4", true},
		{"tzdata", "2026b-0+deb12u1", "2026f-0+deb12u1", false},
		{"linux-image-6.1.0-40-amd64", "", "6.1.153-1", true},
		{"linux-image-amd64", "6.1.148-1", "6.1.153-1", true},
		{"libc6:i386", "2.36-9", "2.36-10", false},
		{"openssl", "3.0.2-0ubuntu1.1", "3.0.2-0ubuntu1.2", true},
		{"local", "1", "2", false},
		{"nginx", "1.22.1-9", "1.22.1-10", true},
	}, parseSimulation([]byte(simulated)))
}

func TestLinesThatAreNoUnpackingAreNoUpdate(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "Inst", "Inst x", "Inst openssl [1]", "Inst openssl [1] (", "Inst openssl [1] ()", "Conf openssl (1 Debian:12/stable [all])",
		" Inst openssl [1] (2 Debian:12/stable [all])", "Inst -o [1] (2 Debian:12/stable [all])", "Inst UPPER [1] (2 Debian:12/stable [all])",
	} {
		require.Empty(t, parseSimulation([]byte(line)), "%q", line)
	}
}

func TestPackageNamesFollowDebianPolicy(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"g++", "libstdc++6", "0ad", "a1", "libc6:i386", "linux-image-6.1.0-40-amd64", strings.Repeat("a", maxPackageName)} {
		require.True(t, validPackage(good), good)
	}
	for _, bad := range []string{
		"", "a", "-y", "--purge", "A1", "a b", "a;b", "a/stable", "a=1", "ä1", "a1\n", "a*", "a?", "^a", "a1:", "a1:i386:x", ".a", "+a", "a_1",
		strings.Repeat("a", maxPackageName+1),
	} {
		require.False(t, validPackage(bad), "%q", bad)
	}
}

func TestPendingTellsWhatTheHostHoldsBack(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.commands.outputs["apt-get -s -q -o Debug::NoLocking=true upgrade"] = "Inst tzdata [1] (2 Debian:12/stable [all])\nInst new-one (1 Debian:12/stable [all])\n"
	h.commands.outputs["apt-get -s -q -o Debug::NoLocking=true dist-upgrade --ignore-hold"] = simulated
	list := data[agent.PatchList](t, h.ask(http.MethodGet, "/patches", ""))
	byName := map[string]agent.Patch{}
	for _, p := range list.Patches {
		byName[p.Name] = p
	}
	require.Len(t, byName, 7)
	require.NotContains(t, byName, "new-one", "a package that only comes along can not be asked for")
	require.False(t, byName["tzdata"].Held)
	require.Equal(t, "2", byName["tzdata"].AvailableVersion, "what can be installed wins over what is wanted")
	require.True(t, byName["nginx"].Held)
	require.Equal(t, agent.Patch{
		Name: "linux-image-amd64", CurrentVersion: "6.1.148-1", AvailableVersion: "6.1.153-1", Severity: severitySecurity,
		Description: "security update held back by this host", CVEIDs: []string{}, RequiresReboot: true, Held: true,
	}, byName["linux-image-amd64"])
	require.EqualValues(t, 7, list.Total)
	require.EqualValues(t, 4, list.SecurityUpdates)
	require.False(t, bool(list.RequiresReboot), "what is held back is not going to require one")
}

func TestAptIsAskedAgainWhenAnythingItLooksAtHasChangedOrTheAnswerIsOld(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	asked := func() int {
		_, err := h.Pending(t.Context())
		require.NoError(t, err)
		return len(h.commands.lines("apt-get -s")) / 2
	}
	require.Equal(t, 1, asked())
	require.Equal(t, 1, asked())
	for i, name := range []string{"/var/lib/dpkg/status", "/var/lib/apt/lists/x_Release", "/etc/apt/preferences.d/pin"} {
		h.write(name, "")
		require.Equal(t, i+2, asked(), name)
	}
	now := time.Now()
	h.now = func() time.Time { return now.Add(memory - time.Second) }
	require.Equal(t, 4, asked())
	h.now = func() time.Time { return now.Add(memory) }
	require.Equal(t, 5, asked())
	h.commands.fails["apt-get -s"] = exit(100)
	h.write("/var/lib/dpkg/status", "changed")
	_, err := h.Pending(t.Context())
	require.Error(t, err, "an old answer does not hide an error")
}

func TestAFailingSimulationIsAnErrorAndNotAnEmptyList(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.commands.fails["apt-get -s"] = exit(100)
	h.refused(h.ask(http.MethodGet, "/patches", ""), http.StatusInternalServerError, codeInternal)
}

func TestInstalledPackagesAreKnownWithAndWithoutArchitecture(t *testing.T) {
	t.Parallel()
	got := parseInstalled([]byte("ii \tlibc6\tamd64\nii \tlibc6\ti386\nhi \tnginx\tamd64\nrc \told\tamd64\nun \tnever\t\niU \thalf\tall\nbad\n"))
	require.Equal(t, installed{
		"libc6": false, "libc6:amd64": false, "libc6:i386": false, "nginx": true, "nginx:amd64": true, "half": false, "half:all": false,
	}, got)
}

func TestRebootIsRequiredByCodeThatRunsFromTheStart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"linux-image-6.1.0-40-amd64": true, "linux-image-amd64": true, "libc6": true, "libc6:i386": true, "libc6-dev": false,
		"systemd": true, "systemd-timesyncd": false, "nginx": false, "linux-headers-amd64": false,
	} {
		require.Equal(t, want, requiresReboot(name), name)
	}
}

func TestProgressGoesThroughDownloadAndInstallation(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]progress{
		"dlstatus:1:50.0:Retrieving file 2 of 4":           {15, "Retrieving file 2 of 4"},
		"dlstatus:9:100.0:Retrieving":                      {30, "Retrieving"},
		"pmstatus:libssl3:0.0:Preparing":                   {30, "Preparing"},
		"pmstatus:libssl3:amd64:50.0:Unpacking libssl3: x": {65, "Unpacking libssl3: x"},
		"pmstatus:dpkg-exec:100:Running: dpkg":             {99, "Running: dpkg"},
		"pmstatus:x1:400:over":                             {99, "over"},
	} {
		got, ok := lastProgress("cut line\n" + line + "\nnoise: x\n")
		require.True(t, ok, line)
		require.Equal(t, want, got, line)
	}
	for _, none := range []string{"", "pmstatus:a:b", "pmstatus:a:NaN:x", "dlstatus:1:x:y", "pmconffile:/etc/x:1:y"} {
		_, ok := lastProgress(none)
		require.False(t, ok, none)
	}
}
