// Command bench measures what runs cost and compares it with the least that Temporal can do, both on the same servers in
// the same process: `make bench`. It fails where work came out wrong, not where it was slow; the limits are printed beside
// what was measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"
)

// part is one measurement. Slow ones take a quarter of an hour or more, and run only when they are asked for.
type part struct {
	name string
	slow bool
	run  func(context.Context, *bench) error
}

var parts = []part{
	{"cost", false, measureCost},
	{"gate", false, measureGate},
	{"rate", false, measureRate},
	{"job", false, measureJob},
	{"gate-scale", true, measureGateScale},
	{"cancel", true, measureCancel},
	{"audit", false, measureAudit},
	{"hostile", false, measureHostile},
	{"checks", false, measureChecks},
	{"store", false, measureStore},
	{"sweeps", false, measureSweeps},
	{"fleet", true, measureFleet},
	{"dead", true, measureDead},
	{"two", true, measureTwo},
	{"api", true, measureAPI},
}

// names lists the parts.
func names() string {
	var list []string
	for _, p := range parts {
		list = append(list, p.name)
	}
	return strings.Join(list, ", ")
}

// bench is one run of the benchmarks.
type bench struct {
	dir       string
	hosts     int           // of the large job
	waiting   int           // hosts at the gate that recover together
	cancelled int           // hosts that wait when their job is cancelled
	fleet     int           // hosts of the large fleet
	interval  time.Duration // of its sweeps
	rounds    int
	results   []result
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{}
	only := flag.String("only", "", "parts to run, separated by commas: "+names()+"; those that are not slow unless given")
	full := flag.Bool("full", false, "run the slow parts too")
	out := flag.String("out", filepath.Join(".dev", "bench"), "folder of results.json and of scratch state")
	flag.IntVar(&b.hosts, "hosts", 0, fmt.Sprintf("hosts of the large job (%d, with -full %d)", jobHosts, fullJobHosts))
	flag.IntVar(&b.waiting, "gate-hosts", 5000, "hosts that recover at the gate")
	flag.IntVar(&b.cancelled, "cancel-hosts", 2000, "hosts that wait when their job is cancelled")
	flag.IntVar(&b.fleet, "fleet", 100_000, "hosts of the large fleet")
	flag.DurationVar(&b.interval, "interval", sweepInterval, "between its sweeps")
	flag.IntVar(&b.rounds, "rounds", 3, "rounds of comparisons")
	profile := flag.String("profile", "", "file for a profile of the processors of this process")
	isChild := flag.Bool("child", false, "used by bench itself: carry out what is told on standard input")
	flag.Parse()
	if b.hosts == 0 {
		b.hosts = jobHosts
		if *full {
			b.hosts = fullJobHosts
		}
	}
	slog.SetLogLoggerLevel(slog.LevelError)
	run := func() error {
		return profiled(*profile, func() error { return b.run(ctx, selection{*only, *full}, *out) })
	}
	if *isChild {
		run = func() error { return runChild(ctx, os.Stdin, os.Stdout) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profiled writes a profile of what do takes of the processors into file, unless that is empty.
func profiled(file string, do func() error) error {
	if file == "" {
		return do()
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	err = do()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}

// selection is which parts run.
type selection struct {
	only string
	full bool
}

func (s selection) has(p part) bool {
	if s.only != "" {
		return strings.Contains(","+s.only+",", ","+p.name+",")
	}
	return s.full || !p.slow
}

func (b *bench) run(ctx context.Context, chosen selection, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	b.dir = filepath.Join(out, "state")
	var errs []error
	for _, p := range parts {
		if !chosen.has(p) {
			continue
		}
		start := time.Now()
		if err := p.run(ctx, b); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		}
		b.say("%s took %s", p.name, time.Since(start).Round(time.Second))
	}
	printTable(os.Stdout, b.results)
	return errors.Join(append(errs, writeJSON(filepath.Join(out, "results.json"), b.results))...)
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, "▸ "+format+"\n", args...) }
