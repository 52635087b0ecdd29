package worker

import (
	"context"
	"flag"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	sdk "go.temporal.io/sdk/worker"
)

var update = flag.Bool("update", false, "write the golden file")

// names collects what is registered, by the names that the SDK gives.
type names struct {
	sdk.WorkflowRegistry
	sdk.ActivityRegistry
	all []string
}

func (n *names) RegisterWorkflow(w any) {
	path := runtime.FuncForPC(reflect.ValueOf(w).Pointer()).Name()
	n.all = append(n.all, "workflow "+path[strings.LastIndexByte(path, '.')+1:])
}

func (n *names) RegisterActivityWithOptions(a any, options activity.RegisterOptions) {
	t := reflect.TypeOf(a)
	for i := range t.NumMethod() {
		m := t.Method(i)
		if options.SkipInvalidStructFunctions && !isActivity(m.Type) {
			continue
		}
		n.all = append(n.all, "activity "+options.Name+m.Name)
	}
}

// isActivity is the SDK's rule for methods: a context first, and one or two results of which the last is an error.
func isActivity(m reflect.Type) bool {
	return m.NumIn() > 1 && m.In(1) == reflect.TypeFor[context.Context]() && m.NumOut() > 0 && m.NumOut() < 3 &&
		m.Out(m.NumOut()-1) == reflect.TypeFor[error]()
}

// The names stand in histories that are kept for months. A name that goes or changes leaves runs without their code;
// one that is new comes with a new line here.
func TestTheNamesOfWorkflowsAndActivitiesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	n := &names{}
	registerWorkflows(n)
	registerActivities(n, Activities{})
	slices.Sort(n.all)
	got := strings.Join(n.all, "\n") + "\n"
	const golden = "testdata/registered.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	require.Len(t, slices.Compact(n.all), len(n.all), "no name means two things")
}
