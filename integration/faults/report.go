package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// report writes the results and prints their table; it fails where an invariant did not hold, a cell was not run or judged, or
// something took longer to recover than it may. The telling part alone does not fail for the latter: it is run on machines that
// do other things besides.
func (h *harness) report(outcomes []outcome) error {
	written, err := json.MarshalIndent(map[string]any{"seed": h.seed, "quick": h.quick, "cells": outcomes}, "", " ")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	path := filepath.Join(h.dir, "results.json")
	if err := os.WriteFile(path, written, 0o600); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	fmt.Print(table(outcomes))
	fmt.Println(sums(outcomes))
	wrong := 0
	for _, o := range outcomes {
		for _, v := range o.Violations {
			fmt.Printf("cell %d: %s\n", o.Number, v)
		}
		if o.NotRun != "" {
			fmt.Printf("cell %d was not run: %s\n", o.Number, o.NotRun)
		}
		if o.Problem != "" {
			fmt.Printf("cell %d was not judged: %s\n", o.Number, o.Problem)
		}
		late := o.late()
		for _, what := range late {
			fmt.Printf("cell %d, late: %s\n", o.Number, what)
		}
		if o.NotRun != "" || o.Problem != "" || len(o.Violations) > 0 || len(late) > 0 && !h.quick {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d cells are wrong; seed %d", wrong, len(outcomes), h.seed)
	}
	return nil
}

// table is the table of docs/reliability.md.
func table(outcomes []outcome) string {
	var b strings.Builder
	b.WriteString("| cell | kills | faults | host runs | executions | ends | violations | recovery, of at most |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | --- | ---: | --- |\n")
	for _, o := range outcomes {
		if o.NotRun != "" {
			fmt.Fprintf(&b, "| %d. %s | | | | | not run: %s | | |\n", o.Number, o.Name, o.NotRun)
			continue
		}
		fmt.Fprintf(&b, "| %d. %s | %d | %d | %d | %d | %s | %d | %s |\n",
			o.Number, o.Name, o.Kills, o.Faults, o.HostRuns, o.Executions, counts(o.Ends), len(o.Violations), recoveries(o.Recoveries))
	}
	return b.String()
}

// sums is the line below the table.
func sums(outcomes []outcome) string {
	runs, kills, faults, violations := 0, 0, 0, 0
	for _, o := range outcomes {
		runs, kills, faults, violations = runs+o.HostRuns, kills+o.Kills, faults+o.Faults, violations+len(o.Violations)
	}
	return fmt.Sprintf("\nIn all %d host runs, %d kills of processes, %d faults, %d violations.", runs, kills, faults, violations)
}

func counts(ends map[string]int) string {
	var list []string
	for _, end := range slices.Sorted(maps.Keys(ends)) {
		list = append(list, fmt.Sprintf("%d %s", ends[end], end))
	}
	return strings.Join(list, ", ")
}

func recoveries(all map[string]recovery) string {
	var list []string
	for _, what := range slices.Sorted(maps.Keys(all)) {
		list = append(list, fmt.Sprintf("%s: %s", what, all[what]))
	}
	return strings.Join(list, "; ")
}
