package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func patch(name, from, to string) fleet.Patch {
	return fleet.Patch{Name: name, CurrentVersion: from, Available: to}
}

func sentPackage(name, from, to string) fleet.PackageResult {
	return fleet.PackageResult{Name: name, From: from, To: to, Result: fleet.PackagePending}
}

func TestChoosesAllThatIsAvailableOrWhatIsWantedOfIt(t *testing.T) {
	t.Parallel()
	held := patch("linux", "5", "6")
	held.Held = true
	available := []fleet.Patch{patch("nginx", "1", "2"), patch("curl", "7", "8"), held}
	keptBack := sentPackage("linux", "5", "6")
	keptBack.Result = fleet.PackageHeld
	require.Equal(t, []fleet.PackageResult{sentPackage("nginx", "1", "2"), sentPackage("curl", "7", "8"), keptBack},
		fleet.ChoosePackages(nil, available))
	require.Equal(t, []fleet.PackageResult{sentPackage("curl", "7", "8"), keptBack},
		fleet.ChoosePackages([]string{"curl", "linux", "absent", "curl"}, available))
	require.Empty(t, fleet.ChoosePackages([]string{}, available), "an empty list is no wish for all")
	require.NotNil(t, fleet.ChoosePackages(nil, nil))
}

func TestJudgesEachPackageByWhatTheHostStillLists(t *testing.T) {
	t.Parallel()
	held := patch("nginx", "1", "2")
	held.Held = true
	for name, c := range map[string]struct {
		listed []fleet.Patch
		want   string
	}{
		"listed no longer":                         {nil, fleet.PackageInstalled},
		"another is listed":                        {[]fleet.Patch{patch("curl", "1", "2")}, fleet.PackageInstalled},
		"still listed":                             {[]fleet.Patch{patch("nginx", "1", "2")}, fleet.PackageFailed},
		"a newer one over the one sent":            {[]fleet.Patch{patch("nginx", "2", "3")}, fleet.PackageInstalled},
		"a newer one over the old, not installed":  {[]fleet.Patch{patch("nginx", "1", "3")}, fleet.PackageFailed},
		"the one sent over another, not installed": {[]fleet.Patch{patch("nginx", "0", "2")}, fleet.PackageFailed},
		"held by now":                              {[]fleet.Patch{held}, fleet.PackageHeld},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := []fleet.PackageResult{sentPackage("nginx", "1", "2")}
			judged, pending := fleet.JudgePackages(sent, c.listed)
			require.Equal(t, c.want, judged[0].Result)
			require.Equal(t, c.want == fleet.PackageFailed, len(pending) == 1)
			require.Equal(t, fleet.PackagePending, sent[0].Result, "the argument is left alone")
		})
	}
}

func TestAPackageOfUnknownVersionsIsInstalledOnlyOnceItIsListedNoLonger(t *testing.T) {
	t.Parallel()
	adopted := fleet.AdoptPackages([]string{"nginx", "curl"}, []fleet.Patch{patch("curl", "7", "8")})
	require.Equal(t, []fleet.PackageResult{sentPackage("nginx", "", ""), sentPackage("curl", "7", "8")}, adopted)
	_, pending := fleet.JudgePackages(adopted, []fleet.Patch{patch("nginx", "2", "3")})
	require.Equal(t, []string{"nginx"}, pending)
	judged, pending := fleet.JudgePackages(adopted, nil)
	require.Empty(t, pending)
	require.Equal(t, fleet.PackageInstalled, judged[0].Result)
}

func TestWhatWasNeverInstalledIsPendingWhateverIsPublishedMeanwhile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.StringMatching(`[0-9]\.[0-9]`)
		from := version.Draw(t, "from")
		to := version.Filter(func(v string) bool { return v != from }).Draw(t, "to")
		newest := version.Draw(t, "newest")
		_, pending := fleet.JudgePackages([]fleet.PackageResult{sentPackage("nginx", from, to)}, []fleet.Patch{patch("nginx", from, newest)})
		require.Equal(t, []string{"nginx"}, pending)
	})
}

func TestALostApplyIsTheOneNewJobWithOurPackages(t *testing.T) {
	t.Parallel()
	attempt := fleet.Attempt{
		AgentJobsSeen: []string{"old"},
		Packages:      []fleet.PackageResult{sentPackage("nginx", "1", "2"), sentPackage("curl", "7", "8"), {Name: "linux", Result: fleet.PackageHeld}},
	}
	job := func(id string, packages ...string) fleet.AgentJob {
		return fleet.AgentJob{ID: id, Operation: fleet.AgentApply, Status: fleet.AgentJobRunning, Packages: packages}
	}
	reboot := job("r", "curl", "nginx")
	reboot.Operation = fleet.AgentReboot
	for name, c := range map[string]struct {
		jobs []fleet.AgentJob
		want string
	}{
		"none":             {nil, ""},
		"ours":             {[]fleet.AgentJob{job("a", "curl", "nginx")}, "a"},
		"among others":     {[]fleet.AgentJob{job("b", "curl"), reboot, job("old", "nginx", "curl"), job("a", "nginx", "curl")}, "a"},
		"seen before":      {[]fleet.AgentJob{job("old", "nginx", "curl")}, ""},
		"more packages":    {[]fleet.AgentJob{job("a", "nginx", "curl", "linux")}, ""},
		"two that may be":  {[]fleet.AgentJob{job("a", "nginx", "curl"), job("b", "nginx", "curl")}, ""},
		"three":            {[]fleet.AgentJob{job("a", "nginx", "curl"), job("b", "nginx", "curl"), job("c", "nginx", "curl")}, ""},
		"without packages": {[]fleet.AgentJob{job("a")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, fleet.FindLostApply(c.jobs, attempt))
		})
	}
}
