package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/devstack"
)

// cell is one way to break the system while jobs run.
type cell struct {
	number int
	name   string
	quick  bool // has a telling part for -quick
	hosts  int
	rounds int // of a full run, each with chance of its own and on servers of its own
	run    func(context.Context, *scene) error
}

var cells = []cell{
	{1, "worker killed every 1.5 to 3.5 s", true, 60, 22, killWorkers},
	{2, "worker killed at each failpoint of a dispatch", true, 24, 2, killAtFailpoints},
	{3, "worker frozen past its heartbeat while another takes over", false, 16, 1, pauseWorker},
	{4, "Temporal killed for 10 s, and across a window's end", false, 20, 1, killTemporal},
	{5, "Temporal killed while sweeps are due", false, 16, 1, missSchedule},
	{6, "Postgres killed in mid-batch and mid-commit", true, 12, 3, killPostgres},
	{7, "Postgres away for 30 s", false, 24, 1, refusePostgres},
	{8, "disk full under Postgres, under Temporal, under the logs", false, 18, 1, fillDisks},
	{9, "manager cut off from hosts, from Temporal and from Postgres", false, 30, 1, cutNetwork},
	{10, "agents that hang, drip and never answer", false, 24, 1, misbehave(hanging)},
	{11, "agents that answer badly, in every way", false, len(badHosts()), 1, answerBadly},
	{12, "agents whose TLS is bad, or goes so", false, len(badTLSs) * int(distrusts), 1, distrust},
	{13, "agents restart and hosts reboot in mid-patch", false, 24, 1, restartAgents},
	{14, "agents that accept and then answer something else", false, 20, 1, misbehave(afterAccepting)},
	{15, "100 submissions with one key, two jobs over the same hosts", true, 10, 1, submitAtOnce},
	{16, "what a dispatch depends on edited while the gate waits", false, 2*len(waitingEdits) + len(lateEdits), 1, editWaiting},
	{17, "clocks of worker, database and hosts apart", false, 20, 1, setClocks},
	{18, "health that goes away between evaluation and intent", false, 24, 1, flapHealth},
	{19, "poller dead for an hour", false, 20, 1, pausePoller},
	{20, "worker upgraded, downgraded and upgraded again under its runs", false, 30, 1, upgradeAndDowngrade},
	{21, "database restored while hosts and Temporal have gone on", false, 24, 1, restoreDatabase},
	{22, "jobs cancelled at every point", false, 60, 1, cancelAnywhere},
	{23, "Temporal emptied under unfinished jobs", false, 24, 1, emptyTemporal},
	{24, "keys missing, wrong, readable by others, and rotated by who is killed", false, 24, 1, troubleKeys},
	{25, "machine of the manager lost, and another set up from a backup", false, 24, 1, loseMachine},
}

// longest bounds a cell, starting and stopping not counted.
const longest = 3 * time.Minute

// outcome is what came of a cell.
type outcome struct {
	Number     int                 `json:"cell"`
	Name       string              `json:"name"`
	Faults     int                 `json:"faults"` // kills among them
	Kills      int                 `json:"kills"`
	HostRuns   int                 `json:"host_runs"`
	Executions int                 `json:"executions"`
	Ends       map[string]int      `json:"ends"` // job hosts by status and reason
	Violations []string            `json:"violations"`
	Recoveries map[string]recovery `json:"recoveries"`
	Took       time.Duration       `json:"took_ns"`
	Problem    string              `json:"problem,omitempty"` // what kept the cell from being judged
	NotRun     string              `json:"not_run,omitempty"` // why it can not be run here
}

// add adds another round of the same cell.
func (o *outcome) add(round outcome) {
	o.Faults, o.Kills = o.Faults+round.Faults, o.Kills+round.Kills
	o.HostRuns, o.Executions = o.HostRuns+round.HostRuns, o.Executions+round.Executions
	o.Violations, o.Took = append(o.Violations, round.Violations...), o.Took+round.Took
	o.NotRun = round.NotRun
	if round.Problem != "" {
		o.Problem = strings.TrimSpace(o.Problem + "\n" + round.Problem)
	}
	if o.Ends == nil {
		o.Ends, o.Recoveries = map[string]int{}, map[string]recovery{}
	}
	for end, n := range round.Ends {
		o.Ends[end] += n
	}
	for what, r := range round.Recoveries {
		known := o.Recoveries[what]
		o.Recoveries[what] = recovery{max(known.Longest, r.Longest), r.Limit, known.Times + r.Times}
	}
}

func (o outcome) summary() string {
	if o.NotRun != "" {
		return "not run: " + o.NotRun
	}
	if o.Problem != "" {
		return "not judged: " + o.Problem
	}
	return fmt.Sprintf("%d faults, %d host runs, %d violations, %s", o.Faults, o.HostRuns, len(o.Violations), o.Took.Round(time.Second))
}

// play runs a round of a cell on servers of its own and judges it. What it ran on is kept where something was wrong.
func (h *harness) play(ctx context.Context, c cell, round int) outcome {
	o := outcome{Number: c.number, Name: c.name}
	dir := filepath.Join(h.dir, fmt.Sprintf("cell-%d-%d", c.number, round))
	err := errors.Join(unmountAll(dir), devstack.RemoveState(dir))
	if err == nil {
		err = h.playIn(ctx, c, round, dir, &o)
	}
	var reason notRun
	if errors.As(err, &reason) {
		o.NotRun = string(reason)
		return o
	}
	if err == nil && len(o.Violations) == 0 {
		err = devstack.RemoveState(dir)
	}
	if err != nil {
		o.Problem = err.Error()
	}
	return o
}

func (h *harness) playIn(ctx context.Context, c cell, round int, dir string, o *outcome) (err error) {
	s, err := h.open(ctx, c, round, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.undoAll()) }()
	began := time.Now()
	err = s.play(ctx, c, o)
	o.Took = time.Since(began)
	if err = errors.Join(err, s.stop()); err != nil {
		return fmt.Errorf("%w\n(state and logs are kept in %s)", err, dir)
	}
	leaks, err := s.leaks()
	o.Violations = append(o.Violations, leaks...)
	return err
}

func (s *scene) play(ctx context.Context, c cell, o *outcome) error {
	bounded, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	ran := c.run(bounded, s)
	s.awaitEnds(bounded)
	t, err := s.hear(ctx)
	if err := errors.Join(err, s.measureCrashes(ctx)); err != nil {
		return errors.Join(ran, err)
	}
	o.Kills, o.Faults = s.kills, s.kills+s.faults+int(s.met.Load())
	o.HostRuns, o.Executions, o.Ends, o.Recoveries = len(t.runs), len(t.executions), t.ends(), s.recovered
	o.Violations = append(judge(t), s.expectations...)
	left, err := s.stopInOrder(ctx)
	o.Violations = append(o.Violations, left...)
	return errors.Join(ran, err)
}

// leaks is (g): it looks for the planted password, and for what it is in a header, in all that the parts left on the disk.
func (s *scene) leaks() (found []string, err error) {
	inHeader := base64.StdEncoding.EncodeToString([]byte(basicAuthUser + ":" + s.secret))
	for _, part := range []string{"log", "postgres", "temporal"} {
		root, err := filepath.EvalSymlinks(filepath.Join(s.dir, part)) // for root, Postgres has its data elsewhere
		if err != nil {
			return nil, fmt.Errorf("look for secrets: %w", err)
		}
		files := 0
		err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			has, err := contains(path, s.secret, inHeader)
			if has {
				found = append(found, "(g) the planted password is in "+path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("look for secrets: %w", err)
		}
		if files == 0 {
			return nil, fmt.Errorf("look for secrets: %s is empty", root)
		}
	}
	return found, nil
}

func contains(path string, secrets ...string) (bool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("look for secrets: %w", err)
	}
	return slices.ContainsFunc(secrets, func(secret string) bool { return bytes.Contains(b, []byte(secret)) }), nil
}
