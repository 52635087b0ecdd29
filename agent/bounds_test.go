package agent_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

const itemsOfAList = 20_000

func list(item string, n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

func TestAListOfMoreItemsThanItsBoundIsRefusedAndNotTakenInPart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	patches := func(n int) string {
		return success(fmt.Sprintf(`{"patches":%s,"total":%d}`, list(`{"name":"nginx"}`, n), n))
	}
	s.host.Inject("GET /patches", 1, agenttest.Answer(200, patches(itemsOfAList)))
	_, err := s.conn.Patches(t.Context())
	require.NoError(t, err)
	s.host.Inject("GET /patches", 1, agenttest.Answer(200, patches(itemsOfAList+1)))
	_, err = s.conn.Patches(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentMalformed)
	require.ErrorContains(t, err, "more than 20000 items")
}

func TestLinesOfOutputBeyondTheirBoundAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, logs := range []string{list(`"x"`, itemsOfAList+1), `"` + strings.Repeat(`x\n`, itemsOfAList+1) + `"`} {
		var j agent.Job
		require.NoError(t, json.Unmarshal([]byte(`{"logs":`+logs+`}`), &j))
		require.Len(t, j.Logs, itemsOfAList)
	}
}

// Eight megabytes of empty jobs once took four gigabytes.
func TestAnAnswerOfEmptyItemsTakesNoMoreThanEightTimesItsBytes(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	const size = 8 << 20
	for name, c := range map[string]struct {
		data string
		read func() any
	}{
		"patches": {`{"patches":` + list(`{}`, size/3) + `}`, func() any { return &agent.PatchList{} }},
		"numbers": {`{"patches":` + list(`0`, size/2) + `}`, func() any { return &agent.PatchList{} }},
		"jobs":    {`{"jobs":` + list(`{}`, size/3) + `}`, func() any { return &agent.JobList{} }},
		"nulls":   {`{"jobs":` + list(`null`, size/5) + `}`, func() any { return &agent.JobList{} }},
		"logs":    {`{"logs":` + list(`0`, size/2) + `}`, func() any { return &agent.Job{} }},
		"output":  {`{"output":"` + strings.Repeat(`\n`, size/2) + `x"}`, func() any { return &agent.Job{} }},
		"CVEs":    {`{"patches":[{"cve_ids":` + list(`""`, size/3) + `}]}`, func() any { return &agent.PatchList{} }},
		"names":   {`{"packages":` + list(`""`, size/3) + `}`, func() any { return &agent.Job{} }},
	} {
		before := allocated()
		_ = json.Unmarshal([]byte(c.data), c.read())
		took := allocated() - before
		t.Logf("%s: %d MiB", name, took>>20)
		require.Less(t, took, uint64(8*size), name)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestATextOfAnAgentThatCanNotBeStoredOrShownIsMadeOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host.Inject("GET /jobs", 1, agenttest.Answer(200, success(
		`{"jobs":[{"job_id":"a","status":"completed","packages":["nginx","a\u0000b","`+strings.Repeat("x", 400)+`"]}],"total":1}`)))
	jobs, err := s.conn.Jobs(t.Context())
	require.NoError(t, err)
	require.Equal(t, "nginx", jobs[0].Packages[0])
	for _, name := range jobs[0].Packages {
		require.NotContains(t, name, "\x00")
		require.LessOrEqual(t, len(name), 300)
	}
}

func TestATimeThatIsOutsideOfFourDigitYearsInUTCIsNone(t *testing.T) {
	t.Parallel()
	for text, none := range map[string]bool{
		"9999-12-31T23:59:59Z": false, "9999-12-31T23:59:59-00:01": true,
		"0000-01-01T00:00:00Z": false, "0000-01-01T00:00:00+00:01": true,
	} {
		var at agent.Time
		require.NoError(t, json.Unmarshal([]byte(`"`+text+`"`), &at))
		require.Equal(t, none, at.IsZero(), text)
		_, err := json.Marshal(at.Time)
		require.NoError(t, err, text)
	}
}
