package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/client"
)

var checkColumns = []column[client.HealthCheck]{
	{"name", func(c client.HealthCheck) string { return c.Name }},
	{"type", func(c client.HealthCheck) string { return c.CheckType }},
	{"of", func(c client.HealthCheck) string { return text(c.ServiceName) + text(c.URL) }},
	{"enabled", func(c client.HealthCheck) string { return maybe(&c.Enabled) }},
	{"last result", func(c client.HealthCheck) string {
		if c.LastResult == nil {
			return ""
		}
		return c.LastResult.Outcome
	}},
	{"checked at", func(c client.HealthCheck) string {
		if c.LastResult == nil {
			return ""
		}
		return when(&c.LastResult.CheckedAt)
	}},
	{"detail", func(c client.HealthCheck) string {
		if c.LastResult == nil {
			return ""
		}
		return c.LastResult.Detail
	}},
	{"id", func(c client.HealthCheck) string { return c.ID.String() }},
}

var resultColumns = []column[client.CheckResult]{
	{"outcome", func(r client.CheckResult) string { return r.Outcome }},
	{"checked at", func(r client.CheckResult) string { return when(&r.CheckedAt) }},
	{"latency ms", func(r client.CheckResult) string { return number(&r.LatencyMs) }},
	{"detail", func(r client.CheckResult) string { return r.Detail }},
}

func newCheck() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Health checks: list, add, test"}
	cmd.AddCommand(newCheckList(), newCheckAdd(), newCheckTest())
	return cmd
}

func (s *session) checks(ctx context.Context, host string) (id uuid.UUID, checks []client.HealthCheck, err error) {
	if id, err = s.hostID(ctx, host); err != nil {
		return id, nil, err
	}
	list, err := client.Answer[client.CheckList](s.ListHealthChecks(ctx, id))
	return id, list.Items, err
}

func newCheckList() *cobra.Command {
	cmd := &cobra.Command{Use: "list HOST", Short: "List the health checks of a host", Args: exactly("HOST")}
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		_, checks, err := s.checks(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), s.format, checkColumns, checks)
	})
}

func newCheckAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add HOST", Short: "Add a health check to a host: of a systemd service, or of a page", Args: exactly("HOST"),
		Example: "  patch-manager check add web1.example.com --name nginx --service nginx.service\n" +
			"  patch-manager check add web1.example.com --name page --url https://web1.example.com/healthz --expect ok",
	}
	var in client.HealthCheckInput
	var service, page, expect, user string
	var ignore bool
	cmd.Flags().StringVar(&in.Name, "name", "", "of the check, once for each host")
	cmd.Flags().StringVar(&service, "service", "", "systemd unit that has to be active")
	cmd.Flags().StringVar(&page, "url", "", "page that has to be answered with 2xx")
	cmd.Flags().StringVar(&expect, "expect", "", "text that the page has to have")
	cmd.Flags().BoolVar(&ignore, "ignore-cert-errors", false, "do not verify the page's certificate; the installation's default unless given")
	cmd.Flags().StringVar(&user, "basic-auth-user", "", "user of the page; the password is asked for, or read from a pipe")
	cmd.MarkFlagsMutuallyExclusive("service", "url")
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		in.CheckType = "http"
		if service != "" {
			in.CheckType = "service"
		} else if page == "" {
			return errUsage{errors.New("name a --service or a --url")}
		}
		in.ServiceName, in.URL, in.ExpectedBody = given(cmd, "service", service), given(cmd, "url", page), given(cmd, "expect", expect)
		in.IgnoreCertErrors, in.BasicAuthUser = given(cmd, "ignore-cert-errors", ignore), given(cmd, "basic-auth-user", user)
		if user != "" {
			password, err := readSecret(cmd.InOrStdin(), cmd.ErrOrStderr(), "Password: ")
			if err != nil {
				return err
			}
			in.BasicAuthPass = &password
		}
		id, err := s.hostID(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		check, err := client.Answer[client.HealthCheck](s.CreateHealthCheck(cmd.Context(), id, in))
		if err != nil {
			return err
		}
		return showOne(cmd.OutOrStdout(), s.format, checkColumns, check)
	})
}

func newCheckTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test HOST CHECK", Short: "Carry out a health check now, by its name or id; exits with 1 where it is not healthy", Args: exactly("HOST", "CHECK"),
	}
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		host, checks, err := s.checks(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		for _, c := range checks {
			if c.Name != args[1] && c.ID.String() != args[1] {
				continue
			}
			result, err := client.Answer[client.CheckResult](s.TestHealthCheck(cmd.Context(), host, c.ID))
			if err != nil {
				return err
			}
			if err := showOne(cmd.OutOrStdout(), s.format, resultColumns, result); err != nil || result.Healthy {
				return err
			}
			return fmt.Errorf("%s is %s", c.Name, result.Outcome)
		}
		return notFound("check", args[1])
	})
}
