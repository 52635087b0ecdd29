package agent_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

const (
	head    = `"request_id":"0190f3a2-7c1e-7d44-9a55-0123456789ab","timestamp":"2026-11-23T08:00:00Z"`
	nginx   = `{"name":"nginx.service","display_name":"x","active_state":"active","sub_state":"running","load_state":"loaded","enabled_state":"enabled","main_pid":1,"healthy":true}`
	problem = `{"code":"SERVICE_STATUS_ERROR","message":"m","details":null,"retryable":false}`
)

func success(data string) string {
	return `{"success":true,` + head + `,"data":` + data + `,"error":null}`
}

func TestAGoodAnswerIsTakenInEveryTolerableShape(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"as specified":          success(nginx),
		"no error key":          `{"success":true,` + head + `,"data":` + nginx + `}`,
		"unknown fields":        success(strings.Replace(nginx, "{", `{"uptime":5,`, 1)),
		"name without a type":   success(strings.Replace(nginx, "nginx.service", "nginx", 1)),
		"null pid":              success(strings.Replace(nginx, `"main_pid":1`, `"main_pid":null`, 1)),
		"time with an offset":   strings.Replace(success(nginx), "08:00:00Z", "10:00:00.123456+02:00", 1),
		"white space around it": " \n" + success(nginx) + "\n",
		"marks in a value":      success(strings.Replace(nginx, `"display_name":"x"`, `"display_name":"a \": b {[,\\","more":{"healthy":[{"a":1}]}`, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.host.Inject("", 1, agenttest.Answer(200, body))
			service, err := s.conn.Service(t.Context(), "nginx.service")
			require.NoError(t, err)
			require.True(t, service.Healthy)
		})
	}
}

func TestABadAnswerIsNeverEvidence(t *testing.T) {
	t.Parallel()
	service := func(old, replacement string) string { return success(strings.Replace(nginx, old, replacement, 1)) }
	whole := func(old, replacement string) string { return strings.Replace(success(nginx), old, replacement, 1) }
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"empty":                        {200, ""},
		"not JSON":                     {200, "<html>ok</html>"},
		"an array":                     {200, "[" + success(nginx) + "]"},
		"null":                         {200, "null"},
		"a second object":              {200, success(nginx) + success(nginx)},
		"cut off":                      {200, success(nginx)[:200]},
		"no success":                   {200, whole(`"success":true,`, "")},
		"success as text":              {200, whole(`"success":true`, `"success":"true"`)},
		"success in other letters":     {200, whole(`"success"`, `"Success"`)},
		"success twice":                {200, whole(`"success":true`, `"success":false,"success":true`)},
		"success false with data":      {500, whole(`"success":true`, `"success":false`)},
		"success beside an error":      {200, whole(`"error":null`, `"error":`+problem)},
		"success with status 500":      {500, success(nginx)},
		"success with status 404":      {404, success(nginx)},
		"success with status 202":      {202, success(nginx)},
		"a redirect":                   {302, success(nginx)},
		"an error with status 200":     {200, `{"success":false,` + head + `,"data":null,"error":` + problem + `}`},
		"an error without a code":      {500, `{"success":false,` + head + `,"data":null,"error":{"message":"m"}}`},
		"an error as text":             {500, `{"success":false,` + head + `,"data":null,"error":"broken"}`},
		"a code with line breaks":      {500, `{"success":false,` + head + `,"data":null,"error":{"code":"A\nB"}}`},
		"no request id":                {200, whole("request_id", "id")},
		"a request id that is none":    {200, whole("0190f3a2-7c1e", "0190f3a2")},
		"no timestamp":                 {200, whole("timestamp", "time")},
		"a timestamp that is none":     {200, whole("2026-11-23T08:00:00Z", "yesterday")},
		"data null":                    {200, success("null")},
		"data an array":                {200, success("[]")},
		"another service":              {200, service("nginx.service", "redis.service")},
		"a timer of that name":         {200, service("nginx.service", "nginx.timer")},
		"no name":                      {200, service(`"name":"nginx.service",`, "")},
		"name in other letters":        {200, service(`"name"`, `"NAME"`)},
		"no healthy":                   {200, service(`,"healthy":true`, "")},
		"healthy null":                 {200, service(`"healthy":true`, `"healthy":null`)},
		"healthy as text":              {200, service(`"healthy":true`, `"healthy":"true"`)},
		"healthy as a number":          {200, service(`"healthy":true`, `"healthy":1`)},
		"healthy in other letters":     {200, service(`"healthy"`, `"HEALTHY"`)},
		"healthy twice":                {200, service(`"healthy":true`, `"healthy":false,"healthy":true`)},
		"a state that is no text":      {200, service(`"active_state":"active"`, `"active_state":5`)},
		"longer than the bound by one": {200, padded(64<<10 + 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.host.Inject("", 1, agenttest.Answer(c.status, c.body))
			_, err := s.conn.Service(t.Context(), "nginx.service")
			require.ErrorIs(t, err, fleet.ErrAgentMalformed)
			require.Less(t, len(err.Error()), 300)
		})
	}
}

// padded is a good answer of exactly n bytes.
func padded(n int) string {
	body := success(nginx)
	return body + strings.Repeat(" ", n-len(body))
}

func TestAnAnswerOfExactlyTheBoundIsTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.Inject("", 1, agenttest.Answer(200, padded(64<<10)))
	_, err := s.conn.Service(t.Context(), "nginx.service")
	require.NoError(t, err)
}

func TestAnAnswerThatIsNotWholeIsNone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]agenttest.Fault{
		"truncated by a byte": agenttest.Truncate(1),
		"reset":               agenttest.Reset(),
		"headers only":        agenttest.Raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
		"header flood":        agenttest.Raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.host.Inject("", agenttest.Always, fault)
			_, err := s.conn.Service(t.Context(), "nginx.service")
			require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
		})
	}
}

func TestWhatIsNoHTTPIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"SSH-2.0-hunter2\r\n\r\n", "HTTP/1.1 hunter2 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nhunter2"} {
		s := newSite(t)
		s.host.Inject("", agenttest.Always, agenttest.Raw(text))
		_, err := s.conn.Service(t.Context(), "nginx.service")
		require.ErrorIs(t, err, fleet.ErrAgentMalformed)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestAListThatIsNotThereOrNotWholeIsNotEmpty(t *testing.T) {
	t.Parallel()
	for path, bodies := range map[string][]string{
		"GET /patches": {
			`{}`, `{"patches":null,"total":0}`, `{"patches":{},"total":0}`, `{"patches":[{"name":""}],"total":1}`,
			`{"patches":[{"name":"a\nb"}],"total":1}`, `{"patches":[{"name":"a"}],"total":2}`, `{"patches":["a"],"total":1}`,
		},
		"GET /jobs": {
			`{}`, `{"jobs":null}`, `{"jobs":[{"job_id":"","status":"running"}]}`, `{"jobs":[{"job_id":"a"}]}`,
			`{"jobs":[{"job_id":7,"status":"running"}]}`, `{"jobs":[{"job_id":"../x","status":"running"}]}`,
		},
		"GET /health":      {`{}`, `{"status":"healthy","uptime_seconds":"soon"}`, `{"status":"healthy","uptime_seconds":-1}`, `{"uptime_seconds":1}`, `{"status":"healthy","uptime_seconds":1e30}`},
		"GET /system/info": {`{}`, `{"pending_reboot":null}`, `{"pending_reboot":"no"}`},
	} {
		for i, data := range bodies {
			t.Run(fmt.Sprint(path, i), func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				s.host.Inject(path, 1, agenttest.Answer(200, success(data)))
				require.ErrorIs(t, read(t, s.conn, path), fleet.ErrAgentMalformed)
			})
		}
	}
}

func read(t *testing.T, conn fleet.AgentConn, path string) (err error) {
	t.Helper()
	switch path {
	case "GET /patches":
		_, err = conn.Patches(t.Context())
	case "GET /jobs":
		_, err = conn.Jobs(t.Context())
	case "GET /health":
		_, err = conn.Health(t.Context())
	case "GET /system/info":
		_, err = conn.SystemInfo(t.Context())
	}
	return err
}

func TestAPackageOfTwoArchitecturesIsOnePatch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.Inject("GET /patches", 1, agenttest.Answer(200, success(
		`{"patches":[{"name":"libc6","available_version":"2"},{"name":"libc6","available_version":"2"}],"total":2,"requires_reboot":1}`)))
	patches, err := s.conn.Patches(t.Context())
	require.NoError(t, err)
	require.Equal(t, []fleet.Patch{{Name: "libc6", Available: "2"}}, patches.Patches)
	require.True(t, patches.RequiresReboot)
}

func TestAJobIsReadInTheShapesOfAllVersions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data     string
		progress int
		logs     []string
		error    string
	}{
		"as specified":   {`{"progress":40,"logs":["a","b"],"error":null}`, 40, []string{"a", "b"}, ""},
		"older names":    {`{"progress_percent":40,"output":"a\nb\n"}`, 40, []string{"a", "b"}, ""},
		"objects":        {`{"logs":[{"message":"a"},{"line":"b"},{"x":1}],"error":{"message":"boom"}}`, 0, []string{"a", "b", `{"x":1}`}, "boom"},
		"odd numbers":    {`{"progress":"39.7","logs":null}`, 39, nil, ""},
		"beyond the end": {`{"progress":250}`, 100, nil, ""},
		"below zero":     {`{"progress":-3}`, 0, nil, ""},
		"nonsense":       {`{"progress":[],"logs":7,"completed_at":"soon"}`, 0, []string{"7"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j agent.Job
			require.NoError(t, json.Unmarshal([]byte(c.data), &j))
			require.Equal(t, c.progress, int(j.Progress))
			require.Equal(t, agent.Lines(c.logs), j.Logs)
			require.True(t, j.CompletedAt.IsZero())
			if c.error != "" {
				require.Equal(t, c.error, string(*j.Error))
			}
		})
	}
}

func TestEverySpellingOfAStatusAndAnOperationIsKnown(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]fleet.AgentJobStatus{
		"pending": fleet.AgentJobPending, "running": fleet.AgentJobRunning, "completed": fleet.AgentJobCompleted,
		"failed": fleet.AgentJobFailed, "timedout": fleet.AgentJobTimedOut, "timed_out": fleet.AgentJobTimedOut,
		"timeout": fleet.AgentJobTimedOut, "TimedOut": fleet.AgentJobTimedOut, "cancelled": fleet.AgentJobCancelled,
		"canceled": fleet.AgentJobCancelled, "": fleet.AgentJobUnknown, "paused": fleet.AgentJobUnknown,
	} {
		require.Equal(t, want, agent.JobStatus(raw), raw)
	}
	for raw, want := range map[string]fleet.AgentOperation{
		"patchapply": fleet.AgentApply, "patch_apply": fleet.AgentApply, "PatchApply": fleet.AgentApply,
		"reboot": fleet.AgentReboot, "cache_refresh": "cache_refresh",
	} {
		require.Equal(t, want, agent.Operation(raw), raw)
	}
}
