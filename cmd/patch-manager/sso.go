package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/sso"
)

// maxClientSecret bounds the file that holds the client's secret, in bytes.
const maxClientSecret = 1000

// openSignOn returns single sign-on as it is set, or nil where it is not. The provider, which may be away now, sends browsers
// back to public.
func openSignOn(s settings.Settings, public *url.URL) (api.SignOn, error) {
	if s.OIDC.Issuer == "" {
		return nil, nil //nolint:nilnil // nil is how the API is told that there is none
	}
	secret, err := clientSecret(s)
	if err != nil {
		return nil, fmt.Errorf("setting oidc.client_secret_file: %w", err)
	}
	return sso.New(sso.Config{
		Issuer: s.OIDC.Issuer, ClientID: s.OIDC.ClientID, ClientSecret: secret, Scopes: s.OIDC.Scopes,
		GroupsClaim: s.OIDC.GroupsClaim, NameClaim: s.OIDC.NameClaim, RedirectURL: public.JoinPath(api.SignOnCallback).String(),
		Now: time.Now,
	}), nil
}

// clientSecret reads the secret from where the settings say. A file may end with a line break, as editors write it.
func clientSecret(s settings.Settings) (fleet.Secret, error) {
	if s.OIDC.ClientSecretFile == "" {
		return s.OIDC.ClientSecret, nil
	}
	file, err := os.Open(s.OIDC.ClientSecretFile)
	if err != nil {
		return fleet.Secret{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxClientSecret+3))
	if err != nil {
		return fleet.Secret{}, err
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if text == "" || len(text) > maxClientSecret || fleet.CheckText("", text, maxClientSecret, false) != nil {
		return fleet.Secret{}, errors.New("must hold one line of 1 to 1000 bytes")
	}
	return fleet.NewSecret(text), nil
}
