package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/client"
)

var hostColumns = []column[client.Host]{
	{"fqdn", func(h client.Host) string { return h.Fqdn }},
	{"health", func(h client.Host) string { return h.Health.State }},
	{"pending", func(h client.Host) string { return number(h.PendingPatches) }},
	{"reboot", func(h client.Host) string { return maybe(h.RebootRequired) }},
	{"agent", agentState},
	{"zone", func(h client.Host) string { return h.Zone }},
	{"next window", func(h client.Host) string {
		if h.Span == nil {
			return ""
		}
		return when(&h.Span.StartsAt)
	}},
	{"id", func(h client.Host) string { return h.ID.String() }},
}

func maybe(yes *bool) string {
	switch {
	case yes == nil:
		return ""
	case *yes:
		return "yes"
	}
	return "no"
}

func agentState(h client.Host) string {
	switch {
	case h.Agent.Reachable == nil:
		return "unknown"
	case *h.Agent.Reachable:
		return h.Agent.Version
	}
	return "unreachable"
}

func newHost() *cobra.Command {
	cmd := &cobra.Command{Use: "host", Short: "Hosts: list, show, add"}
	cmd.AddCommand(newHostList(), newHostShow(), newHostAdd())
	return cmd
}

// hosts reads the hosts that a filter lets through.
func (s *session) hosts(ctx context.Context, filter client.ListHostsParams, limit int) ([]client.Host, error) {
	return client.All(limit, func(cursor *string) ([]client.Host, *string, error) {
		filter.Cursor, filter.Limit = cursor, pageLimit()
		list, err := client.Answer[client.HostList](s.ListHosts(ctx, &filter))
		return list.Items, list.NextCursor, err
	})
}

func newHostList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List hosts", Args: exactly()}
	var search, group, zone, health string
	var labels []string
	cmd.Flags().StringVarP(&search, "search", "q", "", "part of the name or the address")
	cmd.Flags().StringVar(&group, "group", "", "name or id of a group")
	cmd.Flags().StringVar(&zone, "zone", "", "zone")
	cmd.Flags().StringVar(&health, "health", "", "healthy, unhealthy, unknown or none")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "label name or name=value; may be given several times")
	limit := cmd.Flags().Int("limit", 0, "the most hosts to list; 0 for all")
	return asking(cmd, func(cmd *cobra.Command, s *session, _ []string) error {
		filter := client.ListHostsParams{Q: given(cmd, "search", search), Zone: given(cmd, "zone", zone), Label: given(cmd, "label", labels)}
		if cmd.Flags().Changed("health") {
			state := client.ListHostsParamsHealth(health)
			filter.Health = &state
		}
		if group != "" {
			id, err := s.groupID(cmd.Context(), group)
			if err != nil {
				return err
			}
			text := id.String()
			filter.GroupID = &text
		}
		hosts, err := s.hosts(cmd.Context(), filter, *limit)
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), s.format, hostColumns, hosts)
	})
}

func newHostShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show HOST", Short: "Show a host, by its name or id", Args: exactly("HOST")}
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		id, err := s.hostID(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		host, err := client.Answer[client.Host](s.GetHost(cmd.Context(), id))
		if err != nil {
			return err
		}
		return showOne(cmd.OutOrStdout(), s.format, hostColumns, host)
	})
}

func newHostAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add FQDN", Short: "Add a host whose agent has its certificate", Args: exactly("FQDN"),
		Example: "  patch-manager host add web1.example.com --group 'Web servers' --label role=web",
	}
	var in client.HostInput
	var address, name, zone string
	var port int64
	var groups, labels []string
	var inherit bool
	cmd.Flags().StringVar(&address, "address", "", "IP address or name to dial; the fqdn unless given")
	cmd.Flags().Int64Var(&port, "port", 0, "port of the agent")
	cmd.Flags().StringVar(&name, "display-name", "", "what people call it")
	cmd.Flags().StringVar(&zone, "zone", "", "zone whose workers reach it")
	cmd.Flags().StringArrayVar(&groups, "group", nil, "name or id of a group; may be given several times")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "name=value; may be given several times")
	cmd.Flags().BoolVar(&inherit, "inherit-windows", true, "take the windows of groups and site")
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) (err error) {
		in.Fqdn, in.Address, in.AgentPort = args[0], given(cmd, "address", address), given(cmd, "port", port)
		in.DisplayName, in.Zone, in.InheritWindows = given(cmd, "display-name", name), given(cmd, "zone", zone), given(cmd, "inherit-windows", inherit)
		if in.Labels, err = pairs("label", labels); err != nil {
			return err
		}
		if in.GroupIds, err = ids(cmd.Context(), groups, s.groupID); err != nil {
			return err
		}
		host, err := client.Answer[client.Host](s.CreateHost(cmd.Context(), in))
		if err != nil {
			return err
		}
		return showOne(cmd.OutOrStdout(), s.format, hostColumns, host)
	})
}

// pairs reads name=value of a flag.
func pairs(flag string, texts []string) (*map[string]string, error) {
	if len(texts) == 0 {
		return nil, nil //nolint:nilnil // none were given
	}
	all := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, errUsage{fmt.Errorf("--%s: %q must be name=value", flag, text)}
		}
		all[name] = value
	}
	return &all, nil
}
