package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/workflows"
)

// recordTimeout is enough for what waits longest: three runs that fail a minute apart, or five minutes for a worker.
const recordTimeout = 8 * time.Minute

// identity stands for this process, whose own identity names the machine.
const identity = "recorder"

func main() {
	out := flag.String("out", "", "folder to write the histories into; it must be there")
	dir := flag.String("dir", "", "folder for Temporal's log")
	commit := flag.String("commit", "", "the commit whose workflows this was built with")
	tree := flag.String("tree", "", "Git's id of the folder of these workflows, as it was built")
	only := flag.String("only", "", "record this workflow type alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if err := record(ctx, *dir, *only, index{Commit: *commit, Workflows: *tree}, *out); err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

func record(ctx context.Context, dir, only string, of index, out string) (err error) {
	server, err := devstack.StartTemporal(ctx, devstack.TemporalConfig{Dir: dir, InMemory: true, UIPort: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	quiet := temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	c, err := client.DialContext(ctx, client.Options{HostPort: server.Address(), Identity: identity, Logger: quiet})
	if err != nil {
		return err
	}
	defer c.Close()
	st := &stage{client: c, runs: map[string]*live{}}
	stop, err := st.serve()
	if err != nil {
		return err
	}
	defer stop()
	var chosen []scenario
	for _, s := range all() {
		if only == "" || s.kind == only {
			chosen = append(chosen, s)
		}
	}
	slices.SortStableFunc(chosen, func(a, b scenario) int { return cmp.Compare(b.minutes, a.minutes) })
	recorded, err := st.play(ctx, chosen)
	if err != nil {
		return err
	}
	return write(out, of, chosen, recorded)
}

// serve has workers carry out the release's workflows and every activity, in two zones.
func (st *stage) serve() (stop func(), err error) {
	var workers []worker.Worker
	stop = func() {
		for _, w := range workers {
			w.Stop()
		}
	}
	for _, queue := range []string{workflows.QueueMain, workflows.AgentQueue("default"), workflows.AgentQueue("dmz")} {
		w := worker.New(st.client, queue, worker.Options{Identity: identity, WorkerStopTimeout: time.Millisecond})
		w.RegisterDynamicActivity(st.answer, activity.DynamicRegisterOptions{})
		if queue == workflows.QueueMain {
			registerWorkflows(w)
		}
		if err := w.Start(); err != nil {
			stop()
			return nil, err
		}
		workers = append(workers, w)
	}
	return stop, nil
}

func registerWorkflows(w worker.WorkflowRegistry) {
	for _, of := range []any{
		workflows.PatchJob, workflows.PatchBatch, workflows.PatchHost, workflows.WakeRuns, workflows.ReconcileJobs,
		workflows.PollHealth, workflows.PollInventory, workflows.Prune, workflows.TestCheck, workflows.AuditCheckpoint,
	} {
		w.RegisterWorkflow(of)
	}
}

// play carries all scenarios out side by side, begun one after the other, since most of them only wait.
func (st *stage) play(ctx context.Context, scenarios []scenario) ([]*history.History, error) {
	recorded := make([]*history.History, len(scenarios))
	failed := make([]error, len(scenarios))
	var running sync.WaitGroup
	for i := range scenarios {
		l := st.enter(&scenarios[i])
		running.Go(func() {
			var err error
			if recorded[i], err = l.run(ctx); err != nil {
				failed[i] = fmt.Errorf("%s/%s: %w", l.kind, l.name, err)
				fmt.Fprintln(os.Stderr, failed[i])
			}
		})
		pause(ctx, 50*time.Millisecond)
	}
	running.Wait()
	return recorded, errors.Join(failed...)
}
