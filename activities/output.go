package activities

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/patch-manager/patch-manager/fleet"
)

// What is kept of the output of one job host.
const (
	maxOutputLines = 10_000
	maxOutputLine  = 2_000 // bytes
)

// keepOutput stores the lines of output that are new. The agent tells all of them each time; where it keeps no log it
// tells its command's output at the end.
func (r *run) keepOutput(ctx context.Context, job fleet.AgentJob) error {
	lines := outputLines(job)
	have, err := r.store.OutputLength(ctx, r.ref.JobID, r.ref.HostID)
	if err != nil || len(lines) <= have {
		return err
	}
	return r.store.AppendOutput(ctx, r.ref.JobID, r.ref.HostID, have, lines[have:])
}

func outputLines(job fleet.AgentJob) []string {
	lines := job.Logs
	if job.Status.Finished() {
		for _, s := range []string{job.Stdout, job.Stderr} {
			if s = strings.TrimRight(s, "\n"); s != "" {
				lines = append(lines[:len(lines):len(lines)], strings.Split(s, "\n")...)
			}
		}
	}
	if len(lines) > maxOutputLines {
		lines = append(lines[:maxOutputLines:maxOutputLines], "... the rest of the output was left out")
	}
	kept := make([]string, len(lines))
	for i, l := range lines {
		kept[i] = printable(l)
	}
	return kept
}

// printable makes a line fit for Postgres and bounds it.
func printable(l string) string {
	if len(l) > maxOutputLine {
		end := maxOutputLine
		for end > maxOutputLine-utf8.UTFMax && !utf8.RuneStart(l[end]) {
			end--
		}
		l = l[:end] + "..."
	}
	return strings.ReplaceAll(strings.ToValidUTF8(l, "\uFFFD"), "\x00", "\uFFFD")
}
