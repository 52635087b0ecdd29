package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/client"
)

var jobColumns = []column[client.Job]{
	{"id", func(j client.Job) string { return j.ID.String() }},
	{"status", func(j client.Job) string { return j.Status }},
	{"hosts", func(j client.Job) string { return number(&j.Counts.Hosts) }},
	{"by status", func(j client.Job) string { return counts(j.Counts.ByStatus) }},
	{"created at", func(j client.Job) string { return when(&j.CreatedAt) }},
	{"created by", func(j client.Job) string { return j.CreatedBy.Name }},
	{"notes", func(j client.Job) string { return j.Notes }},
}

var previewColumns = []column[client.PreviewHost]{
	{"fqdn", func(h client.PreviewHost) string { return h.Fqdn }},
	{"health", func(h client.PreviewHost) string { return h.Health.State }},
	{"pending", func(h client.PreviewHost) string { return number(h.PendingPatches) }},
	{"busy", func(h client.PreviewHost) string { return maybe(&h.Busy) }},
	{"earliest start", func(h client.PreviewHost) string { return when(h.EarliestStartAt) }},
	{"excluded", func(h client.PreviewHost) string {
		if h.Excluded == nil {
			return ""
		}
		return h.Excluded.Detail
	}},
}

func counts(by map[string]int64) string {
	var list []string
	for _, status := range slices.Sorted(maps.Keys(by)) {
		if by[status] > 0 {
			list = append(list, fmt.Sprintf("%d %s", by[status], status))
		}
	}
	return strings.Join(list, ", ")
}

func newJob() *cobra.Command {
	cmd := &cobra.Command{Use: "job", Short: "Patch jobs: create, list, watch, cancel, retry"}
	cmd.AddCommand(newJobCreate(), newJobList(), newJobWatch(), newJobCancel(), newJobRetry())
	return cmd
}

// wanted is what the flags of `job create` say.
type wanted struct {
	in                                                     client.JobInput
	hosts, groups, packages                                []string
	immediate, reboot                                      bool
	notBefore, maxParallel, maxFailures, gate, wait, notes string
}

func (w *wanted) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&w.hosts, "host", nil, "name or id of a host; may be given several times")
	cmd.Flags().StringArrayVar(&w.groups, "group", nil, "name or id of a group; may be given several times")
	cmd.Flags().StringArrayVar(&w.packages, "package", nil, "only this package; may be given several times")
	cmd.Flags().BoolVar(&w.immediate, "immediate", false, "wait for no maintenance window")
	cmd.Flags().BoolVar(&w.reboot, "allow-reboot", false, "reboot hosts that ask for it")
	cmd.Flags().StringVar(&w.notBefore, "not-before", "", "begin at this instant, such as 2026-12-24T18:00:00Z")
	cmd.Flags().StringVar(&w.maxParallel, "max-parallel", "", `hosts that are patched at a time, a number or "10%"`)
	cmd.Flags().StringVar(&w.maxFailures, "max-failures", "", `hosts that fail until no more are patched, a number or "10%"`)
	cmd.Flags().StringVar(&w.gate, "gate-timeout", "", "how long a host of an immediate job may wait to become healthy, such as 90m")
	cmd.Flags().StringVar(&w.wait, "max-wait", "", "how long a host may wait for a maintenance window, such as 864h")
	cmd.Flags().StringVar(&w.notes, "notes", "", "what people read with the job")
	cmd.MarkFlagsOneRequired("host", "group")
}

func (w *wanted) read(cmd *cobra.Command, s *session) (err error) {
	in := &w.in
	in.Immediate, in.AllowReboot = given(cmd, "immediate", w.immediate), given(cmd, "allow-reboot", w.reboot)
	in.MaxParallel, in.MaxFailures = given(cmd, "max-parallel", w.maxParallel), given(cmd, "max-failures", w.maxFailures)
	in.GateTimeout, in.MaxWait, in.Notes = given(cmd, "gate-timeout", w.gate), given(cmd, "max-wait", w.wait), given(cmd, "notes", w.notes)
	in.Packages = given(cmd, "package", w.packages)
	if w.notBefore != "" {
		at, err := time.Parse(time.RFC3339, w.notBefore)
		if err != nil {
			return errUsage{fmt.Errorf("--not-before: %q is no instant such as 2026-12-24T18:00:00Z", w.notBefore)}
		}
		in.NotBefore = &at
	}
	if in.HostIds, err = ids(cmd.Context(), w.hosts, s.hostID); err != nil {
		return err
	}
	in.GroupIds, err = ids(cmd.Context(), w.groups, s.groupID)
	return err
}

func newJobCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create", Short: "Patch hosts, each in its maintenance window and once it is healthy", Args: exactly(),
		Example: "  patch-manager job create --group 'Web servers' --max-parallel 10% --preview\n" +
			"  patch-manager job create --host web1.example.com --immediate --watch",
	}
	var w wanted
	w.flags(cmd)
	preview := cmd.Flags().Bool("preview", false, "show what the job would do, and make none")
	watch := cmd.Flags().Bool("watch", false, "watch the job, as `patch-manager job watch` does")
	key := cmd.Flags().String("key", "", "makes it safe to send the same job again, such as the number of a change; random unless given")
	cmd.MarkFlagsMutuallyExclusive("preview", "watch")
	return asking(cmd, func(cmd *cobra.Command, s *session, _ []string) error {
		if err := w.read(cmd, s); err != nil {
			return err
		}
		if *preview {
			return s.preview(cmd, w.in)
		}
		if *key == "" {
			*key = uuid.NewString()
		}
		job, err := client.Answer[client.Job](s.CreateJob(cmd.Context(), &client.CreateJobParams{IdempotencyKey: key}, w.in))
		if err != nil {
			return err
		}
		if *watch {
			return s.watch(cmd, job.ID)
		}
		return showOne(cmd.OutOrStdout(), s.format, jobColumns, job)
	})
}

func (s *session) preview(cmd *cobra.Command, in client.JobInput) error {
	hosts, err := client.All(0, func(cursor *string) ([]client.PreviewHost, *string, error) {
		page, err := client.Answer[client.JobPreview](s.PreviewJob(cmd.Context(), &client.PreviewJobParams{Cursor: cursor, Limit: pageLimit()}, in))
		return page.Items, page.NextCursor, err
	})
	if err != nil {
		return err
	}
	return show(cmd.OutOrStdout(), s.format, previewColumns, hosts)
}

func newJobList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List jobs, the newest first", Args: exactly()}
	status := cmd.Flags().String("status", "", "only jobs of this status")
	limit := cmd.Flags().Int("limit", 20, "the most jobs to list; 0 for all")
	return asking(cmd, func(cmd *cobra.Command, s *session, _ []string) error {
		filter := client.ListJobsParams{Limit: pageLimit()}
		if *status != "" {
			only := client.ListJobsParamsStatus(*status)
			filter.Status = &only
		}
		jobs, err := client.All(*limit, func(cursor *string) ([]client.Job, *string, error) {
			filter.Cursor = cursor
			list, err := client.Answer[client.JobList](s.ListJobs(cmd.Context(), &filter))
			return list.Items, list.NextCursor, err
		})
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), s.format, jobColumns, jobs)
	})
}

func newJobCancel() *cobra.Command {
	cmd := &cobra.Command{Use: "cancel JOB", Short: "Cancel a job: what waits ends at once, what runs is followed to its end", Args: exactly("JOB")}
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		id, err := jobID(args[0])
		if err != nil {
			return err
		}
		job, err := client.Answer[client.Job](s.CancelJob(cmd.Context(), id))
		if err != nil {
			return err
		}
		return showOne(cmd.OutOrStdout(), s.format, jobColumns, job)
	})
}

func newJobRetry() *cobra.Command {
	cmd := &cobra.Command{Use: "retry JOB", Short: "Make a new job of the hosts of a job that failed", Args: exactly("JOB")}
	statuses := cmd.Flags().StringSlice("status", nil, "failed, cancelled, skipped or indeterminate; several by commas; failed unless given")
	key := cmd.Flags().String("key", "", "makes it safe to send this again; random unless given")
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		id, err := jobID(args[0])
		if err != nil {
			return err
		}
		var in client.RetryInput
		if len(*statuses) > 0 {
			only := make([]client.RetryInputStatuses, len(*statuses))
			for i, status := range *statuses {
				only[i] = client.RetryInputStatuses(status)
			}
			in.Statuses = &only
		}
		if *key == "" {
			*key = uuid.NewString()
		}
		job, err := client.Answer[client.Job](s.RetryJob(cmd.Context(), id, &client.RetryJobParams{IdempotencyKey: key}, in))
		if err != nil {
			return err
		}
		return showOne(cmd.OutOrStdout(), s.format, jobColumns, job)
	})
}

func jobID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, errUsage{fmt.Errorf("JOB: %q is no id of a job", text)}
	}
	return id, nil
}

// job reads a job and its hosts.
func (s *session) job(ctx context.Context, id uuid.UUID, filter client.ListJobHostsParams, limit int) (client.Job, []client.JobHost, error) {
	job, err := client.Answer[client.Job](s.GetJob(ctx, id))
	if err != nil {
		return job, nil, err
	}
	hosts, err := client.All(limit, func(cursor *string) ([]client.JobHost, *string, error) {
		filter.Cursor, filter.Limit = cursor, pageLimit()
		list, err := client.Answer[client.JobHostList](s.ListJobHosts(ctx, id, &filter))
		return list.Items, list.NextCursor, err
	})
	return job, hosts, err
}

// isAway reports whether another try may help.
func isAway(err error) bool {
	return err != nil && ExitCode(err) == exitAway && !errors.Is(err, context.Canceled)
}
