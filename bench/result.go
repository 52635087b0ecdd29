package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// result is one figure and the limit that it should keep.
type result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Limit is the most that the value may be, or the least where AtLeast is set; zero where there is none.
	Limit   float64 `json:"limit,omitempty"`
	AtLeast bool    `json:"at_least,omitempty"`
}

func (b *bench) add(r result) { b.results = append(b.results, r) }

func (r result) kept() bool {
	return r.Limit == 0 || (r.AtLeast && r.Value >= r.Limit) || (!r.AtLeast && r.Value <= r.Limit)
}

func (r result) limit() string {
	switch {
	case r.Limit == 0:
		return ""
	case r.AtLeast:
		return "at least " + number(r.Limit)
	}
	return "at most " + number(r.Limit)
}

func number(v float64) string {
	if v == float64(int64(v)) {
		return fmt.Sprintf("%d", int64(v))
	}
	return fmt.Sprintf("%.2f", v)
}

func printTable(w io.Writer, results []result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tmeasured\tunit\tlimit\t")
	for _, r := range results {
		mark := ""
		if !r.kept() {
			mark = "MISSED"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Name, number(r.Value), r.Unit, r.limit(), mark)
	}
	_ = t.Flush()
}

func writeJSON(path string, results []result) error {
	encoded, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(encoded, '\n'), 0o600)
}

// percentile is what so many of 100 took at most.
func percentile(took []time.Duration, of100 int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[len(sorted)*of100/100]
}
