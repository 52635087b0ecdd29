package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/patch-manager/patch-manager/client"
)

// tokenLife is how long the token lasts that login makes.
const tokenLife = "2160h"

func newLogin() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "login URL",
		Short: "Sign in to a Patch Manager, for the commands that ask it",
		Long: "Signs in and keeps an API token of 90 days in the user's folder of settings, for this URL alone.\n\n" +
			"The password is asked for, or read from a pipe. With --token an API token is, which people who sign in by single sign-on make in the web UI.",
		Example: "  patch-manager login https://patches.example.com --user ada\n  pass show patches/token | patch-manager login https://patches.example.com --token",
		Args:    exactly("URL"),
	}
	var user, ca string
	cmd.Flags().StringVar(&user, "user", "", "name of the user")
	cmd.Flags().StringVar(&ca, "ca", "", "certificates that the manager's own is verified with, PEM; those of this machine unless given")
	byToken := cmd.Flags().Bool("token", false, "read an API token instead of a password")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		address, err := client.Address(args[0])
		if err != nil {
			return errUsage{fmt.Errorf("%q: %w", args[0], err)}
		}
		c := credentials{URL: address, CA: ca}
		if user == "" && !*byToken {
			return errUsage{errors.New("--user: name who signs in, or give --token")}
		}
		secret, err := readSecret(cmd.InOrStdin(), cmd.ErrOrStderr(), map[bool]string{true: "Token: ", false: "Password: "}[*byToken])
		if err != nil {
			return err
		}
		if c.Token = secret; !*byToken {
			if c.Token, err = c.makeToken(cmd.Context(), user, secret); err != nil {
				return err
			}
		}
		return c.confirm(cmd)
	}
	return cmd
}

// confirm keeps credentials that the manager knows.
func (c credentials) confirm(cmd *cobra.Command) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	me, err := client.Answer[client.Me](api.GetMe(cmd.Context()))
	if err != nil {
		return err
	}
	if err := c.keep(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "signed in to %s as %s\n", c.URL, me.Name)
	return nil
}

// makeToken signs in for as long as it takes to make a token.
func (c credentials) makeToken(ctx context.Context, user, password string) (string, error) {
	transport, err := c.transport()
	if err != nil {
		return "", err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	api, err := client.NewClient(c.URL, client.WithHTTPClient(&http.Client{Transport: transport, Jar: jar}))
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if _, err := client.Answer[client.Me](api.Login(ctx, client.LoginInput{User: user, Password: &password})); err != nil {
		return "", err
	}
	machine, err := os.Hostname()
	if err != nil {
		machine = "another machine"
	}
	life := tokenLife
	made, err := client.Answer[client.CreatedToken](api.CreateToken(ctx, client.TokenInput{
		Name: "command line on " + machine, ExpiresIn: &life, Scopes: &[]client.TokenInputScopes{"read", "write"},
	}))
	_, ended := client.Answer[any](api.Logout(ctx))
	return made.Secret, errors.Join(err, ended)
}

func newLogout() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget who signed in", Args: exactly(),
		Long: "Forgets the token that login made. The manager knows it until it expires or is deleted in the web UI: no token can delete one.",
		RunE: func(*cobra.Command, []string) error { return forgetCredentials() },
	}
}

// readSecret asks people without showing it, and reads the first line of a pipe.
func readSecret(in io.Reader, prompt io.Writer, question string) (string, error) {
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(prompt, question)
		line, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(prompt)
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		return string(line), nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
