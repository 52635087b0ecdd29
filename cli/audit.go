package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/client"
)

// followEvery is how often further entries are asked for. Each time is an entry of its own, so it is not often.
const followEvery = 15 * time.Second

var auditColumns = []column[client.AuditEntry]{
	{"seq", func(e client.AuditEntry) string { return number(&e.Seq) }},
	{"at", func(e client.AuditEntry) string { return when(&e.At) }},
	{"actor", func(e client.AuditEntry) string { return e.Actor.Name }},
	{"action", func(e client.AuditEntry) string { return e.Action }},
	{"subject", func(e client.AuditEntry) string { return e.SubjectType + " " + e.SubjectID }},
	{"from", func(e client.AuditEntry) string { return e.RemoteAddr }},
	{"request", func(e client.AuditEntry) string { return e.RequestID }},
}

// AuditTail is `patch-manager audit tail`, for the command that has the other ones of the audit entries.
func AuditTail() *cobra.Command {
	cmd := &cobra.Command{Use: "tail", Short: "Show the newest audit entries, and with --follow each further one", Args: exactly()}
	lines := cmd.Flags().IntP("lines", "n", 20, "entries to begin with")
	follow := cmd.Flags().BoolP("follow", "f", false, "go on with entries as they are written, until Ctrl-C")
	var actor, action string
	cmd.Flags().StringVar(&actor, "actor", "", "only those of this user")
	cmd.Flags().StringVar(&action, "action", "", "only those of this action, such as job.create")
	return asking(cmd, func(cmd *cobra.Command, s *session, _ []string) error {
		if *lines < 0 || *lines > client.PageLimit {
			return errUsage{fmt.Errorf("--lines: must be from 0 to %d", client.PageLimit)}
		}
		filter := client.ListAuditParams{Actor: given(cmd, "actor", actor), Action: given(cmd, "action", action)}
		newest, err := s.audit(cmd.Context(), filter, 0, max(*lines, 1))
		if err != nil {
			return err
		}
		shown := newest[max(0, len(newest)-*lines):]
		if err := show(cmd.OutOrStdout(), s.format, auditColumns, shown); err != nil || !*follow {
			return err
		}
		last := int64(0)
		if len(newest) > 0 {
			last = newest[len(newest)-1].Seq
		}
		return s.follow(cmd, filter, last)
	})
}

// audit reads the entries after one, the oldest first and at most so many of the newest.
func (s *session) audit(ctx context.Context, filter client.ListAuditParams, after int64, limit int) ([]client.AuditEntry, error) {
	var entries []client.AuditEntry
	for filter.Limit = pageLimit(); ; {
		list, err := client.Answer[client.AuditList](s.ListAudit(ctx, &filter))
		if err != nil {
			return nil, err
		}
		for _, e := range list.Items {
			if e.Seq <= after || len(entries) == limit {
				slices.Reverse(entries)
				return entries, nil
			}
			entries = append(entries, e)
		}
		if list.NextCursor == nil {
			slices.Reverse(entries)
			return entries, nil
		}
		filter.Cursor = list.NextCursor
	}
}

// follow shows what comes after an entry. Reading is an entry as well, which is left out.
func (s *session) follow(cmd *cobra.Command, filter client.ListAuditParams, last int64) error {
	for {
		select {
		case <-cmd.Context().Done():
			return nil
		case <-time.After(followEvery):
		}
		entries, err := s.audit(cmd.Context(), filter, last, -1)
		if isAway(err) {
			fmt.Fprintln(cmd.ErrOrStderr(), "the manager does not answer, and is asked again:", err)
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			last = e.Seq
			if e.Action == "audit.read" {
				continue
			}
			if err := showLine(cmd.OutOrStdout(), s.format, e); err != nil {
				return err
			}
		}
	}
}
