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
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	sdk "go.temporal.io/sdk/worker"

	"github.com/patch-manager/patch-manager/fleet"
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

// kept out of histories: they are long, or nobody's business, and a history lives for weeks on another server.
var keptOut = []reflect.Type{
	reflect.TypeFor[fleet.Patch](), reflect.TypeFor[fleet.PackageResult](), reflect.TypeFor[fleet.Result](),
	reflect.TypeFor[fleet.Check](), reflect.TypeFor[fleet.OutputLine](), reflect.TypeFor[fleet.AgentJob](),
	reflect.TypeFor[fleet.Secret](), reflect.TypeFor[fleet.SealedPassword](), reflect.TypeFor[[]byte](), reflect.TypeFor[[]string](),
}

// within finds the first of keptOut in t, whatever it is nested in.
func within(t reflect.Type, path string) string {
	if slices.Contains(keptOut, t) {
		return path + " " + t.String()
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return within(t.Elem(), path)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return ""
		}
		for i := range t.NumField() {
			if found := within(t.Field(i).Type, path+"."+t.Field(i).Name); found != "" {
				return found
			}
		}
	}
	return ""
}

func TestNoPackageListOutputOrSecretIsInAHistory(t *testing.T) {
	t.Parallel()
	seen := 0
	groups := reflect.TypeFor[Activities]()
	for i := range groups.NumField() {
		group := groups.Field(i).Type
		for n := range group.NumMethod() {
			m := group.Method(n)
			if !isActivity(m.Type) {
				continue
			}
			seen++
			for in := 2; in < m.Type.NumIn(); in++ {
				require.Empty(t, within(m.Type.In(in), m.Name))
			}
			require.Empty(t, within(m.Type.Out(0), m.Name))
		}
	}
	require.Greater(t, seen, 15)
}

func TestARunIsNotPinnedToTheVersionOfAWorker(t *testing.T) {
	t.Parallel()
	require.Zero(t, New(Config{}).options(false, nil).DeploymentOptions)
}
