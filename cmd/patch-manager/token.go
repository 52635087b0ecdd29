package main

import (
	"errors"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Manage API tokens"}
	cmd.AddCommand(newTokenCreate())
	return cmd
}

// tokenFlags are what `token create` is told.
type tokenFlags struct {
	user, role, group, name string
	expiresIn               time.Duration
	readOnly                bool
}

func newTokenCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make an API token, and the user it is for; it is printed this once",
		Example: `  patch-manager token create --user ada --role admin
  patch-manager token create --user ci --role operator --group "Web servers" --expires-in 2160h`,
	}
	var f tokenFlags
	cmd.Flags().StringVar(&f.user, "user", "", "name of the user; one that is new is made")
	cmd.Flags().StringVar(&f.role, "role", "", "admin, operator or viewer")
	cmd.Flags().StringVar(&f.group, "group", "", "name or id of the group that an operator or viewer gets the role in")
	cmd.Flags().StringVar(&f.name, "name", "command line", "what the token is for")
	cmd.Flags().DurationVar(&f.expiresIn, "expires-in", 0, "how long the token is valid; for ever unless given")
	cmd.Flags().BoolVar(&f.readOnly, "read-only", false, "let the token change nothing, whatever the user may")
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error {
		request, err := f.request(time.Now())
		if err != nil {
			return err
		}
		db, closeDB, err := openStore(cmd.Context(), s)
		if err != nil {
			return err
		}
		defer closeDB()
		token, err := db.CreateToken(cmd.Context(), commandLine(), request)
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), token.Secret)
		return nil
	})
}

func (f tokenFlags) request(now time.Time) (fleet.TokenRequest, error) {
	r := fleet.TokenRequest{User: f.user, Name: f.name, ReadOnly: f.readOnly}
	switch fleet.Role(f.role) {
	case fleet.RoleAdmin:
		if f.group != "" {
			return r, errors.New("--group: an admin has no group")
		}
		r.Admin = true
	case fleet.RoleOperator, fleet.RoleViewer:
		if f.group == "" {
			return r, fmt.Errorf("--group: required for the role %s", f.role)
		}
		r.Roles = map[string]fleet.Role{f.group: fleet.Role(f.role)}
	default:
		return r, errors.New("--role: must be admin, operator or viewer")
	}
	if f.expiresIn < 0 {
		return r, errors.New("--expires-in: must not be negative")
	}
	if f.expiresIn > 0 {
		at := now.Add(f.expiresIn)
		r.ExpiresAt = &at
	}
	return r, nil
}

// commandLine is whoever runs this program, for the audit entry.
func commandLine() fleet.Actor {
	actor := fleet.Actor{Name: "command line"}
	if u, err := user.Current(); err == nil {
		actor.Name += " (" + u.Username + ")"
	}
	return actor
}
