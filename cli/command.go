package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/client"
)

// Commands are those of the command line, but for AuditTail.
func Commands() []*cobra.Command {
	return []*cobra.Command{newLogin(), newLogout(), newHost(), newCheck(), newWindow(), newJob(), newImport()}
}

// session is a command that runs: the API, and how to write what it says.
type session struct {
	*client.Client

	format string
}

// asking adds to a command what every one has that asks the API.
func asking(cmd *cobra.Command, run func(cmd *cobra.Command, s *session, args []string) error) *cobra.Command {
	s := &session{}
	cmd.Flags().StringVarP(&s.format, "output", "o", "table", "table for people; json, yaml or csv for programs")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(s.format); err != nil {
			return err
		}
		who, err := findCredentials(os.Getenv)
		if err != nil {
			return err
		}
		if s.Client, err = who.connect(); err != nil {
			return err
		}
		return run(cmd, s, args)
	}
	return cmd
}

func (c credentials) connect() (*client.Client, error) {
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	connected, err := client.Connect(c.URL, c.Token, transport)
	if err != nil {
		return nil, errUsage{fmt.Errorf("%q: %w", c.URL, err)}
	}
	return connected, nil
}

func (c credentials) transport() (http.RoundTripper, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, errUsage{fmt.Errorf("--ca: %w", err)}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errUsage{fmt.Errorf("--ca: %s has no certificate", c.CA)}
		}
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true}, nil
}

// hostID finds a host by its id or its name.
func (s *session) hostID(ctx context.Context, name string) (uuid.UUID, error) {
	if id, err := uuid.Parse(name); err == nil {
		return id, nil
	}
	hosts, err := s.hosts(ctx, client.ListHostsParams{Q: &name}, 0)
	if err != nil {
		return uuid.Nil, err
	}
	for _, h := range hosts {
		if h.Fqdn == name {
			return h.ID, nil
		}
	}
	return uuid.Nil, notFound("host", name)
}

// groupID finds a group by its id or its name.
func (s *session) groupID(ctx context.Context, name string) (uuid.UUID, error) {
	if id, err := uuid.Parse(name); err == nil {
		return id, nil
	}
	groups, err := s.groups(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	for _, g := range groups {
		if g.Name == name {
			return g.ID, nil
		}
	}
	return uuid.Nil, notFound("group", name)
}

func (s *session) groups(ctx context.Context) ([]client.Group, error) {
	return client.All(0, func(cursor *string) ([]client.Group, *string, error) {
		list, err := client.Answer[client.GroupList](s.ListGroups(ctx, &client.ListGroupsParams{Cursor: cursor, Limit: pageLimit()}))
		return list.Items, list.NextCursor, err
	})
}

// ids finds each of several things.
func ids(ctx context.Context, names []string, find func(context.Context, string) (uuid.UUID, error)) (*[]string, error) {
	if len(names) == 0 {
		return nil, nil //nolint:nilnil // none were named
	}
	found := make([]string, len(names))
	for i, name := range names {
		id, err := find(ctx, name)
		if err != nil {
			return nil, err
		}
		found[i] = id.String()
	}
	return &found, nil
}

func notFound(noun, name string) error {
	return &client.Error{Problem: client.Problem{
		Status: http.StatusNotFound, Code: "not_found", Detail: fmt.Sprintf("no %s is called %q, or none that you see", noun, name),
	}}
}

func pageLimit() *int64 {
	limit := int64(client.PageLimit)
	return &limit
}

// given is the value of a flag, nil where the command line does not have it, so that the API's default counts.
func given[T any](cmd *cobra.Command, flag string, value T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return &value
}

// exactly takes so many arguments, and names them where there are others.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return errUsage{fmt.Errorf("%s takes %s", cmd.CommandPath(), quantity(names))}
		}
		return nil
	}
}

func quantity(names []string) string {
	switch len(names) {
	case 0:
		return "no arguments"
	case 1:
		return "one argument: " + names[0]
	}
	return fmt.Sprintf("%d arguments: %v", len(names), names)
}
