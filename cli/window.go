package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/client"
)

var windowColumns = []column[client.Window]{
	{"label", func(w client.Window) string { return w.Label }},
	{"kind", func(w client.Window) string { return w.Kind }},
	{"scope", func(w client.Window) string { return w.Scope }},
	{"recurs", func(w client.Window) string {
		return strings.TrimSpace(w.Recurrence + " " + strings.Join(w.Weekdays, ","))
	}},
	{"start", func(w client.Window) string { return w.StartTime + " " + w.TimeZone }},
	{"minutes", func(w client.Window) string { return number(&w.DurationMinutes) }},
	{"enabled", func(w client.Window) string { return maybe(&w.Enabled) }},
	{"next", func(w client.Window) string {
		if len(w.Next) == 0 {
			return ""
		}
		return when(&w.Next[0].StartsAt)
	}},
	{"id", func(w client.Window) string { return w.ID.String() }},
}

var spanColumns = []column[client.EffectiveSpan]{
	{"starts at", func(s client.EffectiveSpan) string { return when(&s.StartsAt) }},
	{"ends at", func(s client.EffectiveSpan) string { return when(&s.EndsAt) }},
}

func newWindow() *cobra.Command {
	cmd := &cobra.Command{Use: "window", Short: "Maintenance windows and blackouts: list, add, next"}
	cmd.AddCommand(newWindowList(), newWindowAdd(), newWindowNext())
	return cmd
}

// owner is what a window belongs to, of which the command line names one.
type owner struct {
	host, group string
	site        bool
}

func (o *owner) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.host, "host", "", "name or id of a host")
	cmd.Flags().StringVar(&o.group, "group", "", "name or id of a group")
	cmd.Flags().BoolVar(&o.site, "site", false, "the whole site")
	cmd.MarkFlagsOneRequired("host", "group", "site")
	cmd.MarkFlagsMutuallyExclusive("host", "group", "site")
}

// find returns the id of the host or group, and which of them it is of.
func (o *owner) find(ctx context.Context, s *session) (id uuid.UUID, err error) {
	switch {
	case o.host != "":
		return s.hostID(ctx, o.host)
	case o.group != "":
		return s.groupID(ctx, o.group)
	}
	return uuid.Nil, nil
}

func newWindowList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the windows of a host, a group or the site", Args: exactly()}
	var o owner
	o.flags(cmd)
	return asking(cmd, func(cmd *cobra.Command, s *session, _ []string) error {
		ctx := cmd.Context()
		id, err := o.find(ctx, s)
		if err != nil {
			return err
		}
		windows, err := client.All(0, func(cursor *string) ([]client.Window, *string, error) {
			var list client.WindowList
			var err error
			switch {
			case o.host != "":
				list, err = client.Answer[client.WindowList](s.ListHostWindows(ctx, id, &client.ListHostWindowsParams{Cursor: cursor, Limit: pageLimit()}))
			case o.group != "":
				list, err = client.Answer[client.WindowList](s.ListGroupWindows(ctx, id, &client.ListGroupWindowsParams{Cursor: cursor, Limit: pageLimit()}))
			default:
				list, err = client.Answer[client.WindowList](s.ListSiteWindows(ctx, &client.ListSiteWindowsParams{Cursor: cursor, Limit: pageLimit()}))
			}
			return list.Items, list.NextCursor, err
		})
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), s.format, windowColumns, windows)
	})
}

func newWindowAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add", Short: "Add a maintenance window or a blackout to a host, a group or the site", Args: exactly(),
		Example: "  patch-manager window add --group 'Web servers' --recurrence weekly --weekday sat --start-time 02:00 --duration 3h --time-zone Europe/Berlin\n" +
			"  patch-manager window add --site --kind blackout --recurrence once --starts-on 2026-12-24 --start-time 00:00 --duration 72h --time-zone UTC",
	}
	var o owner
	o.flags(cmd)
	var in client.WindowInput
	var kind, recurrence, label, day, nth string
	var weekdays []string
	var duration time.Duration
	cmd.Flags().StringVar(&kind, "kind", "maintenance", "maintenance or blackout")
	cmd.Flags().StringVar(&recurrence, "recurrence", "", "once, daily, weekly or monthly")
	cmd.Flags().StringVar(&in.StartTime, "start-time", "", "wall time of the start, HH:MM")
	cmd.Flags().StringVar(&in.StartsOn, "starts-on", "", "first day, YYYY-MM-DD; today in the time zone unless given")
	cmd.Flags().StringVar(&in.TimeZone, "time-zone", "", "IANA time zone such as Europe/Berlin")
	cmd.Flags().DurationVar(&duration, "duration", 0, "whole minutes, such as 90m or 3h")
	cmd.Flags().StringVar(&label, "label", "", "what people call it")
	cmd.Flags().StringSliceVar(&weekdays, "weekday", nil, "mon to sun, of a weekly window; several by commas")
	cmd.Flags().StringVar(&day, "day-of-month", "", "1 to 31 or last, of a monthly window")
	cmd.Flags().StringVar(&nth, "nth-weekday", "", "such as 2-sat or last-fri, of a monthly window")
	for _, flag := range []string{"recurrence", "start-time", "time-zone", "duration"} {
		_ = cmd.MarkFlagRequired(flag)
	}
	return asking(cmd, func(cmd *cobra.Command, s *session, _ []string) error {
		in.Kind, in.Recurrence, in.Label = client.WindowInputKind(kind), client.WindowInputRecurrence(recurrence), given(cmd, "label", label)
		if err := recurs(&in, duration, weekdays, day, nth); err != nil {
			return err
		}
		id, err := o.find(cmd.Context(), s)
		if err != nil {
			return err
		}
		var window client.Window
		switch {
		case o.host != "":
			window, err = client.Answer[client.Window](s.CreateHostWindow(cmd.Context(), id, in))
		case o.group != "":
			window, err = client.Answer[client.Window](s.CreateGroupWindow(cmd.Context(), id, in))
		default:
			window, err = client.Answer[client.Window](s.CreateSiteWindow(cmd.Context(), in))
		}
		if err != nil {
			return err
		}
		return showOne(cmd.OutOrStdout(), s.format, windowColumns, window)
	})
}

// recurs reads the flags that say when a window is.
func recurs(in *client.WindowInput, duration time.Duration, weekdays []string, day, nth string) error {
	if duration%time.Minute != 0 {
		return errUsage{fmt.Errorf("--duration: %s is no whole number of minutes", duration)}
	}
	in.DurationMinutes = int64(duration / time.Minute)
	if in.StartsOn == "" {
		zone, err := time.LoadLocation(in.TimeZone)
		if err != nil {
			return errUsage{fmt.Errorf("--time-zone: %w", err)}
		}
		in.StartsOn = time.Now().In(zone).Format(time.DateOnly)
	}
	if len(weekdays) > 0 {
		days := make([]client.WindowInputWeekdays, len(weekdays))
		for i, d := range weekdays {
			days[i] = client.WindowInputWeekdays(d)
		}
		in.Weekdays = &days
	}
	if day != "" {
		in.DayOfMonth = &client.WindowInput_DayOfMonth{}
		if err := in.DayOfMonth.UnmarshalJSON(numberOrWord(day)); err != nil {
			return errUsage{fmt.Errorf("--day-of-month: %w", err)}
		}
	}
	if nth != "" {
		which, weekday, ok := strings.Cut(nth, "-")
		if !ok {
			return errUsage{fmt.Errorf("--nth-weekday: %q must be such as 2-sat or last-fri", nth)}
		}
		in.NthWeekday = &client.NthWeekday{Weekday: client.NthWeekdayWeekday(weekday)}
		if err := in.NthWeekday.Nth.UnmarshalJSON(numberOrWord(which)); err != nil {
			return errUsage{fmt.Errorf("--nth-weekday: %w", err)}
		}
	}
	return nil
}

// numberOrWord writes a whole number as one, and anything else as a text.
func numberOrWord(text string) []byte {
	if n, err := strconv.Atoi(text); err == nil {
		return []byte(strconv.Itoa(n))
	}
	return []byte(strconv.Quote(text))
}

func newWindowNext() *cobra.Command {
	cmd := &cobra.Command{
		Use: "next HOST", Short: "List when a host may be patched next: its windows, those of its groups and the site, less every blackout", Args: exactly("HOST"),
	}
	limit := cmd.Flags().Int64("limit", 5, "the most to list")
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		id, err := s.hostID(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		list, err := client.Answer[client.SpanList](s.ListHostOccurrences(cmd.Context(), id, &client.ListHostOccurrencesParams{Limit: limit}))
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), s.format, spanColumns, list.Items)
	})
}
