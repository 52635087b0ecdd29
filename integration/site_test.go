//go:build integration

package integration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

// What must happen happens within these, on a machine that is busy with other things.
const (
	patience = 60 * time.Second // for whatever is only a matter of work
	look     = 50 * time.Millisecond
	// crashPatience is longer than Temporal waits for the heartbeat of a step whose worker died, a minute.
	crashPatience = 100 * time.Second
)

// site is the product as its own processes, with real servers and simulated hosts.
type site struct {
	*devstack.Stack
	dir     string
	program string
	hosts   map[string]string // ids by name
}

// startSite builds the product and starts everything.
func startSite(t *testing.T, hosts []agenttest.HostSpec, settings map[string]string, environ ...string) *site {
	t.Helper()
	program := filepath.Join(t.TempDir(), "patch-manager")
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/patch-manager").CombinedOutput()
	require.NoError(t, err, string(built))
	s := &site{dir: filepath.Join(t.TempDir(), "site"), program: program, hosts: map[string]string{}}
	if settings["api.listen"] == "" {
		settings["api.listen"] = devstack.Loopback + ":0"
	}
	s.Stack, err = devstack.StartStack(t.Context(), devstack.StackConfig{
		Dir: s.dir, Program: program, Environ: append(environ, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME")), Settings: settings,
		Hosts: hosts, Say: t.Logf, Register: func(context.Context, *devstack.Stack) error { return nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Stop())
		require.NoError(t, devstack.RemoveState(s.dir))
	})
	return s
}

// add registers a simulated host by the API, with a check of its service unless it is to have none, and returns its id.
func (s *site) add(t *testing.T, fqdn string, checked bool) string {
	t.Helper()
	e := s.Fleet.Host(fqdn).Endpoint()
	var made struct{ ID string }
	s.do(t, http.MethodPost, "/hosts", map[string]any{"fqdn": fqdn, "address": e.Address, "agent_port": e.Port}, &made)
	if checked {
		s.do(t, http.MethodPost, "/hosts/"+made.ID+"/health-checks",
			map[string]any{"name": "nginx", "check_type": "service", "service_name": "nginx.service"}, nil)
	}
	return made.ID
}

func (s *site) do(t *testing.T, method, path string, in, out any) {
	t.Helper()
	require.NoError(t, s.API.Do(t.Context(), method, path, in, out))
}

// open opens a window on a host that ends at the first whole minute after at least the given time.
func (s *site) open(t *testing.T, host string, atLeast time.Duration) (end time.Time) {
	t.Helper()
	end = time.Now().UTC().Add(atLeast).Truncate(time.Minute).Add(time.Minute)
	const duration = 3 * time.Hour
	start := end.Add(-duration)
	s.do(t, http.MethodPost, "/hosts/"+host+"/maintenance-windows", devstack.Window{
		Kind: "maintenance", Label: "open now", TimeZone: "UTC", Recurrence: "once", Enabled: true,
		StartsOn: start.Format(time.DateOnly), StartTime: start.Format("15:04"), DurationMinutes: int(duration.Minutes()),
	}, nil)
	return end
}

// job is a job as the API answers it, and jobHost one of its hosts.
type (
	job struct {
		ID      string  `json:"id"`
		Status  string  `json:"status"`
		RetryOf *string `json:"retry_of"`
	}
	jobHost struct {
		Status    string  `json:"status"`
		Phase     *string `json:"phase"`
		Reason    *string `json:"reason"`
		Detail    string  `json:"detail"`
		Attempted bool    `json:"attempted"`
		Wait      *struct {
			Reason  string           `json:"reason"`
			Failing []map[string]any `json:"failing"`
		} `json:"wait"`
	}
)

func (s *site) start(t *testing.T, host string, more ...any) job {
	t.Helper()
	body := map[string]any{"host_ids": []string{host}}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	var made job
	s.do(t, http.MethodPost, "/jobs", body, &made)
	return made
}

func (s *site) host(t *testing.T, job, host string) jobHost {
	t.Helper()
	var h jobHost
	s.do(t, http.MethodGet, "/jobs/"+job+"/hosts/"+host, nil, &h)
	return h
}

// reaches waits until a host of a job is as it should be, and returns it.
func (s *site) reaches(t *testing.T, job, host string, within time.Duration, is func(jobHost) bool) (last jobHost) {
	t.Helper()
	require.Eventually(t, func() bool {
		last = s.host(t, job, host)
		return is(last)
	}, within, look)
	return last
}

func (s *site) ends(t *testing.T, job, host string, within time.Duration) jobHost {
	t.Helper()
	return s.reaches(t, job, host, within, func(h jobHost) bool {
		return !strings.HasPrefix(h.Status, "waiting") && h.Status != "queued" && h.Status != "running"
	})
}

// shut waits until the gate has found a check of a host failing.
func (s *site) shut(t *testing.T, job, host string) {
	t.Helper()
	s.reaches(t, job, host, patience, func(h jobHost) bool {
		return h.Status == "waiting_health_check" && h.Wait != nil && len(h.Wait.Failing) > 0
	})
}

func (s *site) mend(t *testing.T, fqdn string) {
	t.Helper()
	require.True(t, s.Fleet.Host(fqdn).SetServiceHealthy("nginx.service", true))
}

// patched fails unless a host succeeded, having been asked to patch so many times by its own log.
func (s *site) patched(t *testing.T, h jobHost, fqdn string, times int) {
	t.Helper()
	require.Equal(t, "succeeded", h.Status, h.Detail)
	require.Len(t, s.Fleet.ExecutionsOf(fqdn, "patch_apply"), times)
}

// submitAtOnce sends one request many times side by side with one key, and returns the ids of the jobs it came to.
func (s *site) submitAtOnce(t *testing.T, times int, host string) map[string]int {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(s.dir, "token"))
	require.NoError(t, err)
	body, err := json.Marshal(map[string]any{"host_ids": []string{host}})
	require.NoError(t, err)
	var mu sync.Mutex
	ids := map[string]int{}
	var sending sync.WaitGroup
	for range times {
		sending.Go(func() {
			id := submit(t.Context(), s.API.URL(), strings.TrimSpace(string(token)), body)
			mu.Lock()
			defer mu.Unlock()
			ids[id]++
		})
	}
	sending.Wait()
	return ids
}

// submit returns the id of the job, or what went wrong.
func submit(ctx context.Context, url, token string, body []byte) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/jobs", bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "one-and-the-same")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	var made job
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil {
		return err.Error()
	}
	if answer.StatusCode != http.StatusAccepted {
		return answer.Status
	}
	return made.ID
}
