package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/patch-manager/patch-manager/client"
)

// watchEvery is how often a job that is watched is looked at.
const watchEvery = 2 * time.Second

func newJobWatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch JOB", Short: "Watch a job until it ends: what each host does, and why it waits", Args: exactly("JOB"),
		Long: "On a terminal the hosts that are not done are shown as they are now; elsewhere each change is a line.\n\n" +
			"Exits with 0 where the job succeeded and with 7 where it ended otherwise. A manager that is away meanwhile is waited for.",
	}
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		id, err := jobID(args[0])
		if err != nil {
			return err
		}
		return s.watch(cmd, id)
	})
}

// ended are the statuses of a job of which every host has ended. Its run may not have noticed yet.
var ended = []string{"succeeded", "partially_succeeded", "failed", "cancelled"}

// view shows what has become of a job, again and again.
type view interface {
	// look reads the hosts that it shows and shows them.
	look(ctx context.Context, s *session, id uuid.UUID) (client.Job, error)
}

func (s *session) watch(cmd *cobra.Command, id uuid.UUID) error {
	v := newView(cmd.OutOrStdout(), s.format)
	for {
		job, err := v.look(cmd.Context(), s, id)
		switch {
		case isAway(err):
			fmt.Fprintln(cmd.ErrOrStderr(), "the manager does not answer, and is asked again:", err)
		case err != nil:
			return err
		case job.CompletedAt != nil || slices.Contains(ended, job.Status):
			return s.end(cmd, job)
		}
		select {
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-time.After(watchEvery):
		}
	}
}

func (s *session) end(cmd *cobra.Command, job client.Job) error {
	if err := showOne(cmd.OutOrStdout(), s.format, jobColumns, job); err != nil {
		return err
	}
	if job.Status != "succeeded" {
		return errJob{job.Status}
	}
	return nil
}

func newView(out io.Writer, format string) view {
	file, ok := out.(*os.File)
	switch {
	case format != "table":
		return silent{}
	case ok && term.IsTerminal(int(file.Fd())):
		return screen{file}
	}
	return &changes{out: out, shown: map[string]string{}}
}

// silent is for programs, which get the job once it ended.
type silent struct{}

func (silent) look(ctx context.Context, s *session, id uuid.UUID) (client.Job, error) {
	return client.Answer[client.Job](s.GetJob(ctx, id))
}

// screen fills a terminal with the hosts that want to be looked at.
type screen struct{ terminal *os.File }

func (v screen) look(ctx context.Context, s *session, id uuid.UUID) (client.Job, error) {
	_, height, err := term.GetSize(int(v.terminal.Fd()))
	if err != nil || height < 8 {
		height = 24
	}
	first := client.ListJobHostsParamsSort("status")
	job, hosts, err := s.job(ctx, id, client.ListJobHostsParams{Sort: &first}, height-5)
	if err != nil {
		return job, err
	}
	fmt.Fprint(v.terminal, "\x1b[H\x1b[2J", page(job, hosts))
	return job, nil
}

// page is a job with some of its hosts.
func page(job client.Job, hosts []client.JobHost) string {
	var out strings.Builder
	fmt.Fprintf(&out, "job %s: %s\n%s\n\n", job.ID, job.Status, counts(job.Counts.ByStatus))
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, h := range hosts {
		fmt.Fprintf(table, "%s\t%s\t%s\n", h.Fqdn, standing(h), printable(why(h)))
	}
	_ = table.Flush() // to memory
	return out.String()
}

// changes writes a line for each host that changed.
type changes struct {
	out   io.Writer
	shown map[string]string // by host
	since time.Time
}

func (v *changes) look(ctx context.Context, s *session, id uuid.UUID) (client.Job, error) {
	newest := client.ListJobHostsParamsSort("-updated_at")
	job, err := client.Answer[client.Job](s.GetJob(ctx, id))
	if err != nil {
		return job, err
	}
	var news []client.JobHost
	for cursor := (*string)(nil); ; {
		list, err := client.Answer[client.JobHostList](s.ListJobHosts(ctx, id, &client.ListJobHostsParams{Sort: &newest, Cursor: cursor, Limit: pageLimit()}))
		if err != nil {
			return job, err
		}
		news = append(news, list.Items...)
		if cursor = list.NextCursor; cursor == nil || len(list.Items) > 0 && list.Items[len(list.Items)-1].UpdatedAt.Before(v.since) {
			break
		}
	}
	for i := len(news) - 1; i >= 0; i-- { // the oldest change first
		v.tell(news[i])
	}
	return job, nil
}

func (v *changes) tell(h client.JobHost) {
	if h.UpdatedAt.After(v.since) {
		v.since = h.UpdatedAt
	}
	line := standing(h) + "  " + why(h)
	if v.shown[h.Fqdn] == line {
		return
	}
	v.shown[h.Fqdn] = line
	fmt.Fprintf(v.out, "%s  %s  %s\n", when(&h.UpdatedAt), h.Fqdn, strings.TrimSpace(printable(line)))
}

// standing is where a host stands in a word or two.
func standing(h client.JobHost) string {
	switch {
	case h.Phase != nil && h.Progress != nil:
		return fmt.Sprintf("%s %d%%", *h.Phase, *h.Progress)
	case h.Phase != nil:
		return *h.Phase
	}
	return h.Status
}

// why is what a host waits for and until when, or how it ended.
func why(h client.JobHost) string {
	if h.Wait == nil {
		return strings.TrimSpace(text(h.Reason) + " " + h.Detail)
	}
	said := h.Wait.Detail
	if h.Wait.NextTryAt != nil {
		said += "; next try " + when(h.Wait.NextTryAt)
	}
	if h.Wait.Until != nil {
		said += "; gives up " + when(h.Wait.Until)
	}
	return said
}
