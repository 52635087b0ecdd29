//go:build faults

package main

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// requestBeforeIntent sends the request and only then commits the intent.
var requestBeforeIntent = []edit{
	{"activities/run.go", "type run struct {\n", "type run struct {\n\tearly fleet.SendResult\n"},
	{
		"activities/dispatch.go", "\tfailpoint.Here(failpoint.BeforeIntent, r.ref.HostID)\n",
		"\tr.early = conn.Apply(ctx, fleet.ApplyOrder{\n" +
			"\t\tIdempotencyKey: order.AttemptID, Packages: names(order.Packages), SendBefore: r.now().Add(r.policy.SendWithin),\n\t})\n" +
			"\tfailpoint.Here(failpoint.BeforeIntent, r.ref.HostID)\n",
	},
	{"activities/dispatch.go", `res := conn.Apply(sending, fleet.ApplyOrder{
		IdempotencyKey: r.Attempt.ID, Packages: names(r.Attempt.Packages), SendBefore: sendBefore,
	})`, "res := r.early\n\t_, _ = sending, sendBefore"},
}

// TestABrokenBuildIsSeen holds that cells do not pass whatever the product does.
func TestABrokenBuildIsSeen(t *testing.T) {
	t.Chdir("../..")
	for name, tt := range map[string]struct { //nolint:paralleltest // it works in the root of the sources
		cell     int
		edits    []edit
		settings map[string]string
		want     string
	}{
		"the intent comes after the request": {cell: 2, edits: requestBeforeIntent, want: `^\(a\)`},
		"missed sweeps are made up for after a year": {
			cell: 5, want: `^\(cell\) hosts got up to \d+ requests GET /patches of a sweep .* instead of 0$`,
			edits: []edit{{"worker/schedules.go", "const catchUp = 2 * time.Minute", "const catchUp = 365 * 24 * time.Hour"}},
		},
		"old results count": {cell: 4, settings: map[string]string{"gate.max_result_age": "10m"}, want: `^\(d\)`},
	} {
		t.Run(name, func(t *testing.T) {
			h := &harness{dir: t.TempDir(), seed: 1, quick: true, settings: tt.settings}
			var err error
			h.program, err = h.build(t.Context(), "patch-manager", tt.edits...)
			require.NoError(t, err)
			i := slices.IndexFunc(cells, func(c cell) bool { return c.number == tt.cell })
			o := h.play(t.Context(), cells[i], 0)
			t.Log(o.summary(), o.Violations)
			require.Empty(t, o.Problem)
			require.True(t, slices.ContainsFunc(o.Violations, regexp.MustCompile(tt.want).MatchString), "%v", o.Violations)
		})
	}
}
