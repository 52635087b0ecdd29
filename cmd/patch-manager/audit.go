package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/cli"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

func newAudit() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Show and verify the audit entries"}
	cmd.AddCommand(newAuditVerify(), newAuditSeal(), cli.AuditTail())
	return cmd
}

func newAuditVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read every audit entry and say what was done to them past Patch Manager",
		Long: `Finds every edit, removal, insertion and reordering of audit entries, with the key of keys.audit. That the end was cut off
shows only against what was seen before: the workers log the newest entry every ten minutes as "audit checkpoint", and where
those lines are kept out of reach of who can change the database, they say how far the entries must reach.

Ends with 0 where nothing was found, otherwise with 1.`,
		Example: `  patch-manager audit verify --checkpoints-from /var/log/patch-manager/worker.log
  patch-manager audit verify --checkpoint 1234:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`,
	}
	given := cmd.Flags().StringArray("checkpoint", nil, "SEQ:HASH of an entry that must be there; may be given more than once")
	logs := cmd.Flags().StringArray("checkpoints-from", nil, "log of a worker, of which every checkpoint is taken; may be given more than once")
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error {
		checkpoints, err := readCheckpoints(*given, *logs)
		if err != nil {
			return err
		}
		return verifyAudit(cmd.Context(), s, checkpoints, cmd.OutOrStdout())
	})
}

// verifyAudit reads the entries with a key that need not be the one of the newest: that is what may be found.
func verifyAudit(ctx context.Context, s settings.Settings, checkpoints []fleet.AuditCheckpoint, out io.Writer) error {
	pool, err := openPool(ctx, s)
	if err != nil {
		return err
	}
	defer pool.Close()
	key, err := secret.OpenAuditKey(s.Keys.Audit, true)
	if err != nil {
		return err
	}
	start := time.Now()
	report, err := store.New(pool, key).VerifyAudit(ctx, checkpoints)
	if err != nil {
		return err
	}
	printReport(out, report, len(checkpoints), time.Since(start))
	if !report.Sound() {
		return errors.New("the audit entries are not what Patch Manager wrote")
	}
	return nil
}

func printReport(out io.Writer, r fleet.AuditReport, checkpoints int, took time.Duration) {
	for _, f := range r.Faults {
		fmt.Fprintln(out, f.What)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "and %d more\n", r.More)
	}
	fmt.Fprintf(out, "read %d entries in %s, %.0f a second, against %d checkpoints\n",
		r.Entries, took.Round(time.Millisecond), float64(r.Entries)/took.Seconds(), checkpoints)
	if r.Sealed > 0 {
		fmt.Fprintf(out, "the first %d are held by the digest in the seal behind them, and not by hashes of their own\n", r.Sealed)
	}
	if r.Head.Seq > 0 {
		fmt.Fprintln(out, "the newest is", r.Head)
	}
}

func readCheckpoints(given, logs []string) ([]fleet.AuditCheckpoint, error) {
	var checkpoints []fleet.AuditCheckpoint
	for _, text := range given {
		c, err := fleet.ParseAuditCheckpoint(text)
		if err != nil {
			return nil, fmt.Errorf("--checkpoint: %w", err)
		}
		checkpoints = append(checkpoints, c)
	}
	for _, path := range logs {
		found, err := checkpointsFrom(path)
		if err != nil {
			return nil, fmt.Errorf("--checkpoints-from: %w", err)
		}
		checkpoints = append(checkpoints, found...)
	}
	return checkpoints, nil
}

// checkpointLine is what a worker logs, as text or as JSON. Only the message of a line makes it one: in the value of a field,
// which may be a host's word, the quotes would be escaped.
var checkpointLine = regexp.MustCompile(`(?:\bmsg=|"msg":)"audit checkpoint".*\bcheckpoint"?[=:]"?(\d+:[0-9a-f]+)`)

// maxLogLine bounds a line of a log in bytes.
const maxLogLine = 1 << 20

// checkpointsFrom returns the checkpoints in a log. A log without any is an error: it would verify less than was asked.
func checkpointsFrom(path string) ([]fleet.AuditCheckpoint, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLogLine)
	var found []fleet.AuditCheckpoint
	for lines.Scan() {
		match := checkpointLine.FindSubmatch(lines.Bytes())
		if match == nil {
			continue
		}
		c, err := fleet.ParseAuditCheckpoint(string(match[1]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no checkpoint", path)
	}
	return found, nil
}

func newAuditSeal() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seal",
		Short: "Begin a new chain of audit entries, once the key is lost or entries were changed",
		Long: `Where the key of keys.audit is lost, or the newest audit entry was changed, nothing can be changed any more, since every
change writes an entry behind the newest. This begins a new chain, with a new key where there is none. Its first entry holds
the number and the digest of all entries so far, whatever state they are in, and who did it: verify first, and keep what that
says. Stop all other processes of Patch Manager before, and give all of them the same key.`,
	}
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error {
		pool, err := openPool(cmd.Context(), s)
		if err != nil {
			return err
		}
		defer pool.Close()
		key, err := secret.OpenAuditKey(s.Keys.Audit, false)
		if err != nil {
			return err
		}
		head, err := store.New(pool, key).SealAudit(cmd.Context(), commandLine())
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "a new chain begins with", head)
		return nil
	})
}
