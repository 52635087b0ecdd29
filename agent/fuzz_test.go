package agent_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/fleet"
)

// speaks is one end of a connection whose other end waits for a request, answers with raw and closes.
func speaks(raw string) net.Conn {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		r, err := http.ReadRequest(bufio.NewReader(server))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(server, raw)
	}()
	return client
}

// whole is what raw says to a reader of HTTP who is not ours: the final answer, and whether its body is all there.
func whole(raw string) (status int, body []byte, complete bool) {
	r := bufio.NewReader(strings.NewReader(raw))
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodPost})
		if err != nil {
			return 0, nil, false
		}
		if resp.StatusCode >= 100 && resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, body, err == nil
	}
}

// FuzzMutationAnswer holds that no bytes make a request that may have been taken count as refused, which would let it be
// sent a second time, and none that are not whole count as a word of the agent.
func FuzzMutationAnswer(f *testing.F) {
	refusal := `{"success":false,` + head + `,"data":null,"error":` + problem + `}`
	f.Add(rawAccepted(), uint16(0))
	f.Add(rawAccepted(), uint16(1))
	f.Add(fmt.Sprintf("HTTP/1.1 409 Conflict\r\nRetry-After: 7\r\nContent-Length: %d\r\n\r\n%s", len(refusal), refusal), uint16(0))
	f.Add("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 x\r\nRetry-After: Mon, 23 Nov 2026 09:00:00 GMT\r\n\r\n"+refusal, uint16(3))
	f.Add(fmt.Sprintf("HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(refusal), refusal), uint16(2))
	f.Add("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"+refusal, uint16(0))
	f.Fuzz(func(t *testing.T, raw string, cut uint16) {
		raw = raw[:max(0, len(raw)-int(cut))]
		conn := agent.Over(nil)
		result := conn.ApplyOn(t.Context(), speaks(raw))

		requireBounded(t, result)
		require.NotZero(t, result.SentAt)
		require.True(t, result.RetryAfter >= 0 && result.RetryAfter <= time.Hour)
		require.LessOrEqual(t, len(result.Detail), fleet.MaxDetail)
		if result.Outcome == fleet.SendUnknown {
			return
		}
		status, body, complete := whole(raw)
		var said struct {
			Success bool
			Data    struct {
				JobID string `json:"job_id"`
			}
		}
		require.True(t, complete)
		require.NoError(t, json.Unmarshal(body, &said))
		switch result.Outcome {
		case fleet.SendAccepted:
			require.Equal(t, 202, status)
			require.True(t, said.Success)
			require.Equal(t, said.Data.JobID, result.JobID)
			require.NotEmpty(t, result.JobID)
		case fleet.SendRefused:
			require.Contains(t, []int{409, 429}, status)
			require.False(t, said.Success)
		case fleet.SendRejected:
			require.True(t, status >= 400 && status <= 499 && status != 409 && status != 429)
			require.False(t, said.Success)
		default:
			require.Fail(t, "the request was written", result.Outcome)
		}
	})
}

// FuzzRead holds that an answer to a read is taken as a whole or not at all, and that what is taken is bounded.
func FuzzRead(f *testing.F) {
	for kind := range uint8(len(reads)) {
		f.Add(kind, false, 200, `{"success":false,`+head+`,"data":null,"error":`+problem+`}`)
	}
	f.Add(uint8(0), true, 200, `{"status":"healthy","uptime_seconds":1.5,"version":"2","cache_status":"fresh","last_cache_update":"2026-11-23T08:00:00Z"}`)
	f.Add(uint8(1), true, 200, `{"hostname":"a","pending_reboot":true,"package_db_clean":null,"last_update_apply":"9999-12-31T23:59:59-01:00"}`)
	f.Add(uint8(2), true, 200, nginx)
	f.Add(uint8(2), true, 200, strings.Replace(nginx, "healthy", "HEALTHY", 1))
	f.Add(uint8(3), true, 200, `{"patches":[{"name":"nginx","available_version":"2","cve_ids":null},{"name":"nginx"}],"total":"2","requires_reboot":1}`)
	f.Add(uint8(4), true, 200, `{"jobs":[{"job_id":"a","operation":"patchapply","status":"timedout","packages":["x"]}],"total":1}`)
	f.Add(uint8(5), true, 200, `{"job_id":"a","status":"running","progress":40,"logs":["a"],"error":null,"packages":["x"],"exit_code":1}`)
	f.Add(uint8(5), true, 200, `{"job_id":"a","status":"x","progress_percent":"5","output":{"message":"x"},"error":[],"command_stdout":"a\nb"}`)
	f.Fuzz(func(t *testing.T, kind uint8, inEnvelope bool, status int, body string) {
		if inEnvelope {
			body = success(body)
		}
		raw := fmt.Sprintf("HTTP/1.1 %03d x\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
		conn := agent.Over(func() net.Conn { return speaks(raw) })
		defer conn.Close()

		got, err := reads[int(kind)%len(reads)](t.Context(), conn)
		if err != nil {
			var said *fleet.AgentError
			require.True(t, errors.As(err, &said) || errors.Is(err, fleet.ErrAgentMalformed) || errors.Is(err, fleet.ErrAgentUnreachable), err)
			return
		}
		require.Equal(t, 200, status)
		var envelope struct{ Data map[string]any }
		require.NoError(t, json.Unmarshal([]byte(body), &envelope))
		requireBounded(t, got)
		requireMeant(t, got, envelope.Data)
		_, err = json.Marshal(got)
		require.NoError(t, err, "what was read can be shown")
	})
}

var reads = []func(context.Context, *agent.Conn) (any, error){
	func(ctx context.Context, c *agent.Conn) (any, error) { return c.Health(ctx) },
	func(ctx context.Context, c *agent.Conn) (any, error) { return c.SystemInfo(ctx) },
	func(ctx context.Context, c *agent.Conn) (any, error) { return c.Service(ctx, "nginx.service") },
	func(ctx context.Context, c *agent.Conn) (any, error) { return c.Patches(ctx) },
	func(ctx context.Context, c *agent.Conn) (any, error) { return c.Jobs(ctx) },
	func(ctx context.Context, c *agent.Conn) (any, error) { return c.Job(ctx, "a") },
}

// requireMeant holds what decides over a patch to the exact words of the data.
func requireMeant(t *testing.T, got any, data map[string]any) {
	t.Helper()
	switch v := got.(type) {
	case fleet.AgentHealth:
		require.NotEmpty(t, v.Status)
		require.GreaterOrEqual(t, v.Uptime, time.Duration(0))
	case fleet.AgentService:
		require.Equal(t, data["healthy"], v.Healthy)
		require.Contains(t, []string{"nginx", "nginx.service"}, v.Name)
	case fleet.AgentPatches:
		seen := map[string]bool{}
		for _, p := range v.Patches {
			require.False(t, seen[p.Name], p.Name)
			require.NotEmpty(t, p.Name)
			seen[p.Name] = true
		}
	case []fleet.AgentJob:
		for _, j := range v {
			requireJob(t, j)
		}
	case fleet.AgentJob:
		require.Equal(t, "a", v.ID)
		requireJob(t, v)
	}
}

func requireJob(t *testing.T, j fleet.AgentJob) {
	t.Helper()
	require.Regexp(t, `^[A-Za-z0-9._:-]+$`, j.ID)
	require.NotEmpty(t, j.RawStatus)
	require.True(t, j.Progress >= 0 && j.Progress <= 100)
	if j.Status.Finished() {
		require.NotEqual(t, fleet.AgentJobUnknown, agent.JobStatus(strings.TrimSpace(j.RawStatus)), "no other word ends a job")
	}
}

// maxText is the longest text of an answer that is kept as it is, the output of a job aside.
const maxText = 300

// requireBounded holds every text of an answer to a bound and to printable characters. The output of a job is bounded
// where it is stored.
func requireBounded(t *testing.T, got any) {
	t.Helper()
	walkTexts(reflect.ValueOf(got), "", func(field, text string) {
		if field == "Logs" || field == "Stdout" || field == "Stderr" {
			return
		}
		require.True(t, utf8.ValidString(text), field)
		require.False(t, strings.ContainsFunc(text, unicode.IsControl), "%s: %q", field, text)
		require.True(t, field == "Detail" || len(text) <= maxText, "%s has %d bytes", field, len(text))
	})
}

func walkTexts(v reflect.Value, field string, visit func(field, text string)) {
	switch v.Kind() {
	case reflect.String:
		visit(field, v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walkTexts(v.Elem(), field, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkTexts(v.Index(i), field, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walkTexts(v.Field(i), v.Type().Field(i).Name, visit)
			}
		}
	}
}
