package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/sso"
)

func TestTheClientSecretIsReadFromItsFileAndNeverQuoted(t *testing.T) {
	t.Parallel()
	var s settings.Settings
	public := &url.URL{Scheme: "https", Host: "patches.example.org"}
	none, err := openSignOn(s, public)
	require.NoError(t, err)
	require.Equal(t, api.SignOn(nil), none, "the API asks for nil")
	s.OIDC.Issuer, s.OIDC.ClientSecretFile = "https://id.example.org", filepath.Join(t.TempDir(), "secret")
	_, err = openSignOn(s, public)
	require.ErrorContains(t, err, "setting oidc.client_secret_file: open "+s.OIDC.ClientSecretFile)
	for content, kept := range map[string]string{
		"hunter3": "hunter3", "hunter3\n": "hunter3", "hunter3\r\n": "hunter3", strings.Repeat("s", 1000) + "\r\n": strings.Repeat("s", 1000),
		"": "", "\n": "", "hunter3\n\n": "", "hunter3\nhunter4": "", strings.Repeat("s", 1001): "", strings.Repeat("s", 5000): "", "hunter3\x00": "",
	} {
		require.NoError(t, os.WriteFile(s.OIDC.ClientSecretFile, []byte(content), 0o600))
		got, err := clientSecret(s)
		require.Equal(t, kept, got.Reveal())
		if kept != "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, "must hold one line of 1 to 1000 bytes")
		_, err = openSignOn(s, public)
		require.ErrorContains(t, err, "setting oidc.client_secret_file: must hold one line")
	}
	s.OIDC.ClientSecretFile, s.OIDC.ClientSecret = "", fleet.NewSecret("hunter3")
	party, err := openSignOn(s, public)
	require.NoError(t, err)
	require.Equal(t, "https://patches.example.org/api/v1/auth/oidc/callback", party.(*sso.Party).RedirectURL)
}
