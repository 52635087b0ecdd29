package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/access"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

func newUser() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Manage users"}
	cmd.AddCommand(newUserCreate(), newUserList(), newUserPassword(),
		newUserSwitch("disable", "Keep a user out: end the sessions and keep the tokens from working", true),
		newUserSwitch("enable", "Let a disabled user in again", false))
	return cmd
}

// onStore is a command on the database, which runs as whoever runs this program and may do everything.
func onStore(cmd *cobra.Command, run func(cmd *cobra.Command, db *store.Store, by fleet.Caller) error) *cobra.Command {
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error {
		db, closeDB, err := openStore(cmd.Context(), s)
		if err != nil {
			return err
		}
		defer closeDB()
		return run(cmd, db, fleet.Caller{Principal: fleet.Principal{Name: commandLine().Name, Admin: true}})
	})
}

func newUserCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a user who signs in with a password, which is read from the standard input",
		Example: `  patch-manager user create --name ada --admin
  pass show patch-manager/ada | patch-manager user create --name ada --admin`,
	}
	var in fleet.UserInput
	cmd.Flags().StringVar(&in.Name, "name", "", "what the user signs in with")
	cmd.Flags().StringVar(&in.DisplayName, "display-name", "", "what the user is called")
	cmd.Flags().BoolVar(&in.Admin, "admin", false, "make an administrator")
	return onStore(cmd, func(cmd *cobra.Command, db *store.Store, by fleet.Caller) error {
		if err := in.Validate(); err != nil {
			return err
		}
		hash, err := newPasswordHash(cmd, in.Name)
		if err != nil {
			return err
		}
		in.PasswordHash = hash
		_, err = db.CreateUser(cmd.Context(), by, in)
		return err
	})
}

func newUserPassword() *cobra.Command {
	cmd := &cobra.Command{Use: "password", Short: "Give a user another password, read from the standard input; ends all sessions"}
	name := cmd.Flags().String("name", "", "what the user signs in with")
	return onStore(cmd, func(cmd *cobra.Command, db *store.Store, by fleet.Caller) error {
		user, err := db.UserByName(cmd.Context(), *name)
		if err != nil {
			return err
		}
		hash, err := newPasswordHash(cmd, user.Name)
		if err != nil {
			return err
		}
		return db.SetPassword(cmd.Context(), by, user.ID, hash)
	})
}

// newPasswordHash reads a password that keeps the rules.
func newPasswordHash(cmd *cobra.Command, user string) (string, error) {
	password, err := readPassword(cmd.InOrStdin(), cmd.ErrOrStderr())
	if err != nil {
		return "", err
	}
	if err := fleet.CheckPassword("password", password, user); err != nil {
		return "", err
	}
	passwords, err := access.NewPasswords(1)
	if err != nil {
		return "", err
	}
	return passwords.Hash(cmd.Context(), password)
}

func newUserSwitch(use, short string, disabled bool) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	name := cmd.Flags().String("name", "", "what the user signs in with")
	return onStore(cmd, func(cmd *cobra.Command, db *store.Store, by fleet.Caller) error {
		user, err := db.UserByName(cmd.Context(), *name)
		if err != nil {
			return err
		}
		return db.UpdateUser(cmd.Context(), by, user.ID, fleet.UserInput{
			Name: user.Name, DisplayName: user.DisplayName, Admin: user.Admin, Disabled: disabled,
		})
	})
}

func newUserList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List users"}
	return onStore(cmd, func(cmd *cobra.Command, db *store.Store, by fleet.Caller) error {
		table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tADMIN\tDISABLED\tPASSWORD\tLAST SIGN-IN")
		for f := (fleet.UserFilter{Limit: 200}); ; {
			users, err := db.Users(cmd.Context(), by, f)
			if err != nil {
				return err
			}
			for _, u := range users {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", u.Name, yes(u.Admin), yes(u.DisabledAt != nil), yes(u.HasPassword), lastLogin(u))
			}
			if len(users) < f.Limit {
				return table.Flush()
			}
			f.After = users[len(users)-1].Name
		}
	})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func lastLogin(u fleet.User) string {
	if u.LastLoginAt == nil {
		return "never"
	}
	return u.LastLoginAt.UTC().Format(time.RFC3339)
}

// offerSetup prints a code by which the first administrator can be made, where there is none yet. It goes to whoever
// started the program, and is in no log of ours.
func offerSetup(ctx context.Context, db *store.Store, out io.Writer) error {
	code, err := db.OfferSetup(ctx, commandLine())
	if err != nil {
		return fmt.Errorf("offer setup code: %w", err)
	}
	if code != "" {
		fmt.Fprintf(out, "There is no administrator yet. Make one within 24 hours by POST /api/v1/setup with this code:\n\n    %s\n\n"+
			"or on this machine by: patch-manager user create --name NAME --admin\n", code)
	}
	return nil
}
