package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// harness is one run of the cells.
type harness struct {
	dir     string // scratch, and where the results are
	program string // patch-manager, built with the tag failpoint
	seed    uint64
	quick   bool
	places  chan struct{} // one for each cell that runs at a time
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h := &harness{}
	only := flag.String("only", "", "numbers of cells to run, separated by commas; all unless given")
	atOnce := flag.Int("parallel", 2, "cells that run at a time, each on servers of its own")
	flag.Uint64Var(&h.seed, "seed", rand.Uint64(), "of what is random") //nolint:gosec // chance, not a secret
	flag.BoolVar(&h.quick, "quick", false, "run the telling part of the cells that have one")
	flag.StringVar(&h.dir, "dir", filepath.Join(".dev", "faults"), "scratch folder, and where results.json is written")
	flag.Parse()
	h.places = make(chan struct{}, max(1, *atOnce))
	if err := h.run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func (h *harness) run(ctx context.Context, only string) error {
	chosen, err := h.choose(only)
	if err != nil {
		return err
	}
	if h.dir, err = filepath.Abs(h.dir); err != nil {
		return fmt.Errorf("find scratch folder: %w", err)
	}
	if err := h.build(ctx); err != nil {
		return err
	}
	fmt.Printf("seed %d\n", h.seed)
	outcomes := make([]outcome, len(chosen))
	var playing sync.WaitGroup
	for i, c := range chosen {
		playing.Go(func() {
			h.places <- struct{}{}
			defer func() { <-h.places }()
			outcomes[i] = h.play(ctx, c)
			fmt.Printf("cell %d, %s: %s\n", c.number, c.name, outcomes[i].summary())
		})
	}
	playing.Wait()
	if ctx.Err() != nil {
		return errors.New("stopped before the end")
	}
	return h.report(outcomes)
}

func (h *harness) choose(only string) ([]cell, error) {
	var chosen []cell
	for _, c := range cells {
		if !h.quick || c.quick {
			chosen = append(chosen, c)
		}
	}
	if only == "" {
		return chosen, nil
	}
	var named []cell
	for number := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(chosen, func(c cell) bool { return strconv.Itoa(c.number) == number })
		if i < 0 {
			return nil, fmt.Errorf("-only: there is no cell %q", number)
		}
		named = append(named, chosen[i])
	}
	return named, nil
}

// build builds the product with its failpoints.
func (h *harness) build(ctx context.Context) error {
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return fmt.Errorf("make scratch folder: %w", err)
	}
	h.program = filepath.Join(h.dir, "patch-manager")
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", "failpoint", "-o", h.program, "./cmd/patch-manager").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build with failpoints: %w: %s", err, out)
	}
	return nil
}

// random is what is random of one cell.
func (h *harness) random(c cell) *rand.Rand {
	return rand.New(rand.NewPCG(h.seed, uint64(c.number))) //nolint:gosec // chance, not a secret
}

// between returns a duration in [from, to).
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}
