package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// harness is one run of the cells.
type harness struct {
	dir     string // scratch, and where the results are
	program string // patch-manager, built with the tag failpoint
	newer   string // the same, as of a release to come
	seed    uint64
	quick   bool
	atOnce  int // cells that run at a time
	// settings are those of the product that are not as the cells have them.
	settings map[string]string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h := &harness{}
	only := flag.String("only", "", "numbers of cells to run, separated by commas; all unless given")
	flag.IntVar(&h.atOnce, "parallel", 2, "cells that run at a time, each on servers of its own")
	flag.Uint64Var(&h.seed, "seed", rand.Uint64(), "of what is random") //nolint:gosec // chance, not a secret
	flag.BoolVar(&h.quick, "quick", false, "run the telling part of the cells that have one")
	flag.StringVar(&h.dir, "dir", filepath.Join(".dev", "faults"), "scratch folder, and where results.json is written")
	flag.Parse()
	h.atOnce = max(1, h.atOnce)
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
	if h.program, err = h.build(ctx, "patch-manager"); err != nil {
		return err
	}
	if h.newer, err = h.build(ctx, "patch-manager-newer", newer...); err != nil {
		return err
	}
	fmt.Printf("seed %d\n", h.seed)
	outcomes := h.playAll(ctx, chosen)
	if ctx.Err() != nil {
		return errors.New("stopped before the end")
	}
	return h.report(outcomes)
}

// playAll runs every round of the cells, and returns one outcome for each cell.
func (h *harness) playAll(ctx context.Context, chosen []cell) []outcome {
	outcomes := make([]outcome, len(chosen))
	var playing errgroup.Group
	playing.SetLimit(h.atOnce)
	var adding sync.Mutex
	for i, c := range chosen {
		outcomes[i] = outcome{Number: c.number, Name: c.name}
		for round := range h.rounds(c) {
			playing.Go(func() error {
				o := h.play(ctx, c, round)
				fmt.Printf("cell %d, %s: %s\n", c.number, c.name, o.summary())
				adding.Lock()
				defer adding.Unlock()
				outcomes[i].add(o)
				return nil // what went wrong is in the outcome
			})
		}
	}
	_ = playing.Wait()
	return outcomes
}

func (h *harness) rounds(c cell) int {
	if h.quick {
		return 1
	}
	return c.rounds
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

// random is what is random of one round of a cell.
func (h *harness) random(c cell, round int) *rand.Rand {
	return rand.New(rand.NewPCG(h.seed, uint64(c.number+1000*round))) //nolint:gosec // chance, not a secret
}

// between returns a duration in [from, to).
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}
