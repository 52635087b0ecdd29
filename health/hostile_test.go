package health_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
	"github.com/patch-manager/patch-manager/health/healthtest"
)

const (
	hostileTargets = 200
	hostileMemory  = 64 << 20
	// hostileVariable has the test process that it is set for probe the targets on its standard input and measure itself.
	hostileVariable = "PATCH_MANAGER_TEST_HOSTILE"
)

// hostile starts 200 targets that do harm in the given ways by turns, and tells whether all that end in silence have.
func hostile(t *testing.T, kinds ...healthtest.Kind) (urls []string, settled func() bool) {
	t.Helper()
	var still []*healthtest.Server
	for i := range hostileTargets {
		kind := kinds[i%len(kinds)]
		s, err := healthtest.Serve(kind)
		require.NoError(t, err)
		t.Cleanup(s.Close)
		urls = append(urls, s.URL())
		if kind.Still {
			still = append(still, s)
		}
	}
	return urls, func() bool {
		return !slices.ContainsFunc(still, func(s *healthtest.Server) bool { return s.Settled() == 0 })
	}
}

func TestTwoHundredHostileTargetsAddAtMost64MiB(t *testing.T) {
	if os.Getenv(hostileVariable) != "" {
		probeAndMeasure(t)
		return
	}
	t.Parallel()
	requireLittleAdded(t, "every kind", healthtest.Kinds...)
	// Those that hold most, and one that did before its lines were counted.
	worst := []string{"headers without a body", "half a packed body", "a wide certificate", "short headers"}
	for _, kind := range healthtest.Kinds {
		if slices.Contains(worst, kind.Name) {
			requireLittleAdded(t, kind.Name, kind)
		}
	}
}

// requireLittleAdded measures what checks of hostile targets add. These are in this process and the checks in another, so
// that only the checks are measured.
func requireLittleAdded(t *testing.T, name string, kinds ...healthtest.Kind) {
	t.Helper()
	urls, settled := hostile(t, kinds...)
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), hostileVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	require.NoError(t, json.NewEncoder(in).Encode(urls))
	require.Eventually(t, settled, 30*time.Second, 20*time.Millisecond, "%s: all at once", name)
	_, err = fmt.Fprintln(in, `"now"`)
	require.NoError(t, err)
	var added healthtest.Memory
	require.NoError(t, json.NewDecoder(out).Decode(&added))
	t.Logf("200 times %s: %d KiB of live heap and %d KiB of resident memory", name, added.Live>>10, added.Peak>>10)
	require.Less(t, added.Live, hostileMemory, name)
	require.Positive(t, added.Peak, name)
	if !detectsRaces() {
		require.Less(t, added.Peak, hostileMemory, name)
	}
}

// detectsRaces reports whether this program was built with -race, which takes memory of its own for each byte of others.
func detectsRaces() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// probeAndMeasure checks every target at once, and says on standard output what that has added when it is asked.
func probeAndMeasure(t *testing.T) {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	var urls []string
	require.NoError(t, in.Decode(&urls))
	before, err := healthtest.MeasureMemory()
	require.NoError(t, err)
	p := health.NewProber(health.Config{Timeout: time.Minute, Rules: onLoopback, Redirects: 5})
	for _, u := range urls {
		go p.HTTP(t.Context(), fleet.Check{URL: u, ExpectedBody: "ok", IgnoreCertErrors: true}, "")
	}
	var now string
	require.NoError(t, in.Decode(&now))
	after, err := healthtest.MeasureMemory()
	require.NoError(t, err)
	require.NoError(t, json.NewEncoder(os.Stdout).Encode(healthtest.Memory{
		Live: after.Live - before.Live, Peak: after.Peak - before.Resident,
	}))
}

func TestNoHostileTargetIsHealthyOrOutlastsItsCheck(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second
	var wg sync.WaitGroup
	for _, kind := range healthtest.Kinds {
		s, err := healthtest.Serve(kind)
		require.NoError(t, err)
		t.Cleanup(s.Close)
		p := health.NewProber(health.Config{Timeout: timeout, Rules: onLoopback, Redirects: 5})
		wg.Go(func() {
			r := p.HTTP(t.Context(), fleet.Check{URL: s.URL(), ExpectedBody: "ok", IgnoreCertErrors: true}, "")
			if r.Outcome != fleet.OutcomeUnhealthy || r.Latency > timeout+5*time.Second {
				t.Errorf("%s: %s after %s: %s", kind.Name, r.Outcome, r.Latency, r.Detail)
			}
		})
	}
	wg.Wait()
}
