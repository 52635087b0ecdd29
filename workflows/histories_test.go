package workflows_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
)

const (
	histories = "testdata/histories"
	// perKind is the least number of histories of a type that a release has.
	perKind = 40
	// first is the folder of the first version, which has fewer.
	first = "0.1.0"
	// firstCommit is the first one of the project, which a checkout without history lacks.
	firstCommit = "bb8a982e6c99d559d6a56a326246324aee00bb94"
)

// kindsOfRuns are the workflow types.
func kindsOfRuns() []string {
	return []string{
		"AuditCheckpoint", "PatchBatch", "PatchHost", "PatchJob", "PollHealth", "PollInventory", "Prune", "ReconcileJobs", "TestCheck",
		"WakeRuns",
	}
}

// release is the index of a folder of histories: where they come from, how many there are, and what each is for.
type release struct {
	Commit    string                       `json:"commit"`
	Workflows string                       `json:"workflows"`
	Counts    map[string]int               `json:"counts"`
	Histories map[string]map[string]string `json:"histories"`
}

func releases(t *testing.T) map[string]release {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(histories, "*", "index.json"))
	require.NoError(t, err)
	all := map[string]release{}
	for _, name := range found {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var r release
		require.NoError(t, json.Unmarshal(text, &r), name)
		all[filepath.Base(filepath.Dir(name))] = r
	}
	require.NotEmpty(t, all)
	return all
}

// eachHistory reads the histories of a file, which has one in each line.
func eachHistory(t *testing.T, file string, do func(name string, text []byte)) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	packed, err := gzip.NewReader(f)
	require.NoError(t, err)
	lines := bufio.NewReader(packed)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		var one struct {
			Name    string          `json:"name"`
			History json.RawMessage `json:"history"`
		}
		require.NoError(t, json.Unmarshal(line, &one))
		do(one.Name, one.History)
	}
}

func parseHistory(t *testing.T, text []byte) *history.History {
	t.Helper()
	h, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h
}

// files are the files of histories of a release, by workflow type.
func files(t *testing.T, release string) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(histories, release, "*.jsonl.gz"))
	require.NoError(t, err)
	byKind := map[string]string{}
	for _, name := range found {
		byKind[strings.TrimSuffix(filepath.Base(name), ".jsonl.gz")] = name
	}
	return byKind
}

func TestEveryRecordedHistoryIsCountedAndOfTheTypeItIsFiledUnder(t *testing.T) {
	t.Parallel()
	for version, r := range releases(t) {
		found := map[string][]string{}
		for kind, file := range files(t, version) {
			eachHistory(t, file, func(name string, text []byte) {
				found[kind] = append(found[kind], name)
				started := parseHistory(t, text).GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
				require.Equal(t, kind, started.GetWorkflowType().GetName(), name)
			})
		}
		require.Len(t, found, len(r.Counts), version)
		require.Len(t, r.Histories, len(r.Counts), version)
		for kind, named := range r.Histories {
			require.Len(t, named, r.Counts[kind], "%s of %s", kind, version)
			require.ElementsMatch(t, keys(named), found[kind], "%s of %s", kind, version)
		}
	}
}

func TestEveryReleaseHasAHistoryOfEachBranchOfEachKindOfRun(t *testing.T) {
	t.Parallel()
	complete := 0
	for version, r := range releases(t) {
		if version == first {
			continue
		}
		complete++
		for _, kind := range kindsOfRuns() {
			require.GreaterOrEqual(t, r.Counts[kind], perKind, "%s of %s", kind, version)
			branches := map[string]string{}
			for name, branch := range r.Histories[kind] {
				require.NotEmpty(t, branch, name)
				require.Empty(t, branches[branch], "%s and %s are for one branch: %s", branches[branch], name, branch)
				branches[branch] = name
			}
		}
	}
	require.Positive(t, complete)
}

// The code under test proves nothing by histories that it recorded itself.
func TestHistoriesAreRecordedFromACommitThatWasReleasedBefore(t *testing.T) {
	t.Parallel()
	if first, err := git("rev-list", "--max-parents=0", "HEAD"); err != nil || first != firstCommit {
		t.Skip("only where Git has every commit up to this one")
	}
	for version, r := range releases(t) {
		_, err := git("merge-base", "--is-ancestor", r.Commit, "HEAD")
		require.NoError(t, err, "%s is recorded from %s, which is no ancestor", version, r.Commit)
		tree, err := git("rev-parse", r.Commit+":workflows")
		require.NoError(t, err)
		require.Equal(t, tree, r.Workflows, "%s is recorded from workflows that are not those of its commit", version)
	}
}

func git(args ...string) (string, error) {
	out, err := exec.Command("git", args...).Output()
	return strings.TrimSpace(string(out)), err
}

func keys(m map[string]string) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
