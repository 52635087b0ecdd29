package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of a body in bytes.
const (
	maxSmall = 64 << 10 // health, system info, a service, the answer to a mutation
	maxLarge = 8 << 20  // lists, and jobs with their output
)

// jobsLimit is how many jobs are asked for at once.
const jobsLimit = 500

// Health asks for GET /health.
func (c *Conn) Health(ctx context.Context) (fleet.AgentHealth, error) {
	var h Health
	clock, err := c.get(ctx, "/health", nil, maxSmall, &h)
	if err != nil {
		return fleet.AgentHealth{}, err
	}
	return h.fleet(clock)
}

// SystemInfo asks for GET /system/info.
func (c *Conn) SystemInfo(ctx context.Context) (fleet.AgentSystemInfo, error) {
	var s SystemInfo
	clock, err := c.get(ctx, "/system/info", nil, maxSmall, &s)
	if err != nil {
		return fleet.AgentSystemInfo{}, err
	}
	return s.fleet(clock)
}

// Service asks for GET /system/services/{name}.
func (c *Conn) Service(ctx context.Context, name string) (fleet.AgentService, error) {
	var raw json.RawMessage
	clock, err := c.get(ctx, "/system/services/"+url.PathEscape(name), nil, maxSmall, &raw)
	if err != nil {
		return fleet.AgentService{}, err
	}
	return parseService(raw, name, clock)
}

// Patches asks for GET /patches.
func (c *Conn) Patches(ctx context.Context) (fleet.AgentPatches, error) {
	var l PatchList
	clock, err := c.get(ctx, "/patches", nil, maxLarge, &l)
	if err != nil {
		return fleet.AgentPatches{}, err
	}
	return l.fleet(clock)
}

// Jobs asks for GET /jobs. Where the agent holds more jobs than it lists at once, those that are not finished are asked
// for by their status, so that a running one is never missed.
func (c *Conn) Jobs(ctx context.Context) ([]fleet.AgentJob, error) {
	jobs, complete, err := c.jobs(ctx, "")
	if err != nil || complete {
		return jobs, err
	}
	seen := map[string]bool{}
	for _, j := range jobs {
		seen[j.ID] = true
	}
	for _, status := range []string{JobPending, JobRunning} {
		more, _, err := c.jobs(ctx, status)
		if err != nil {
			return nil, err
		}
		for _, j := range more {
			if !seen[j.ID] {
				seen[j.ID] = true
				jobs = append(jobs, j)
			}
		}
	}
	return jobs, nil
}

func (c *Conn) jobs(ctx context.Context, status string) (jobs []fleet.AgentJob, complete bool, err error) {
	query := url.Values{"limit": {fmt.Sprint(jobsLimit)}}
	if status != "" {
		query.Set("status", status)
	}
	var l JobList
	clock, err := c.get(ctx, "/jobs", query, maxLarge, &l)
	if err != nil {
		return nil, false, err
	}
	jobs, err = l.fleet(clock)
	return jobs, int(l.Total) <= len(jobs), err
}

// Job asks for GET /jobs/{id}.
func (c *Conn) Job(ctx context.Context, id string) (fleet.AgentJob, error) {
	if !jobID.MatchString(id) {
		return fleet.AgentJob{}, fmt.Errorf("%w: job id %q can not be asked for", fleet.ErrAgentMalformed, printable(id, maxCode))
	}
	var j Job
	clock, err := c.get(ctx, "/jobs/"+url.PathEscape(id), nil, maxLarge, &j)
	if err != nil {
		return fleet.AgentJob{}, err
	}
	job, err := j.fleet(clock)
	if err == nil && job.ID != id {
		return fleet.AgentJob{}, fmt.Errorf("%w: it answered about another job", fleet.ErrAgentMalformed)
	}
	return job, err
}

// get reads one answer and decodes its data into v.
func (c *Conn) get(ctx context.Context, path string, query url.Values, limit int64, v any) (fleet.AgentClock, error) {
	ctx, cancel := context.WithTimeout(ctx, c.client.cfg.Timeout)
	defer cancel()
	c.dropUntrusted(ctx)
	req := c.request(ctx, http.MethodGet, path)
	req.URL.RawQuery = query.Encode()
	clock := fleet.AgentClock{Sent: c.client.now()}
	resp, err := c.reads.RoundTrip(req)
	if err != nil {
		return clock, unreachable(err)
	}
	defer resp.Body.Close()
	a, err := readAnswer(resp, limit)
	if err != nil {
		return clock, err
	}
	clock.Agent, clock.Received = a.at, c.client.now()
	if a.problem != nil {
		return clock, a.problem
	}
	if resp.StatusCode != http.StatusOK {
		return clock, fmt.Errorf("%w: status %d to a read", fleet.ErrAgentMalformed, resp.StatusCode)
	}
	if err := json.Unmarshal(a.data, v); err != nil {
		return clock, fmt.Errorf("%w: data does not fit %s: %s", fleet.ErrAgentMalformed, kindOf(path), jsonProblem(err))
	}
	return clock, nil
}

func (c *Conn) request(ctx context.Context, method, escapedPath string) *http.Request {
	path, _ := url.PathUnescape(escapedPath) // built by PathEscape
	req := &http.Request{
		Method: method,
		URL:    &url.URL{Scheme: "https", Host: c.host(), Path: BasePath + path, RawPath: BasePath + escapedPath},
		Host:   c.host(),
		Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"patch-manager"}},
	}
	return req.WithContext(ctx)
}

// readAnswer reads a whole body and judges its envelope.
func readAnswer(resp *http.Response, limit int64) (answer, error) {
	if resp.StatusCode < 200 || resp.StatusCode/100 == 3 {
		// Neither is part of the contract, and after 101 the body has no end.
		return answer{}, fmt.Errorf("%w: status %d", fleet.ErrAgentMalformed, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return answer{}, unreachable(err)
	}
	if int64(len(body)) > limit {
		return answer{}, fmt.Errorf("%w: more than %d bytes", fleet.ErrAgentMalformed, limit)
	}
	a, err := parseEnvelope(resp.StatusCode, body)
	if err != nil {
		return answer{}, fmt.Errorf("%w: status %d, %w", fleet.ErrAgentMalformed, resp.StatusCode, err)
	}
	return a, nil
}

// unreachable keeps what the library quotes of an answer that is no HTTP out of our texts.
func unreachable(err error) error {
	if strings.Contains(err.Error(), "malformed") {
		return fmt.Errorf("%w: not an HTTP answer", fleet.ErrAgentMalformed)
	}
	return fmt.Errorf("%w: %w", fleet.ErrAgentUnreachable, err)
}

// kindOf names what was asked for without the name or id in the path.
func kindOf(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 && path != "/system/info" {
		path = path[:i]
	}
	return path
}

// jsonProblem says where data went wrong without quoting it.
func jsonProblem(err error) string {
	var e *json.UnmarshalTypeError
	if errors.As(err, &e) {
		return fmt.Sprintf("%s is a %s", printable(e.Field, maxCode), e.Value)
	}
	for _, known := range []error{errManyItems, errNoList} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "not valid"
}
