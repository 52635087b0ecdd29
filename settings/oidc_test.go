package settings_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
)

// signOn is everything that single sign-on needs.
var signOn = []string{
	"PATCH_MANAGER_OIDC__ISSUER=https://id.example.org/realms/main",
	"PATCH_MANAGER_OIDC__CLIENT_ID=patch-manager",
	"PATCH_MANAGER_OIDC__CLIENT_SECRET=hunter3",
	"PATCH_MANAGER_OIDC__ROLE_MAPPINGS=ops=admin, web=operator:Web servers",
}

func TestSingleSignOnIsThereWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s, err := load(t)
	require.NoError(t, err)
	require.Empty(t, s.OIDC.Issuer)
	s, err = load(t, signOn...)
	require.NoError(t, err)
	require.Equal(t, []string{"openid", "profile", "email", "groups"}, s.OIDC.Scopes)
	require.Equal(t, "groups", s.OIDC.GroupsClaim)
	require.Equal(t, "preferred_username", s.OIDC.NameClaim)
	require.Equal(t, []fleet.RoleMapping{
		{Claim: "ops", Role: fleet.RoleAdmin}, {Claim: "web", Role: fleet.RoleOperator, Group: "Web servers"},
	}, s.OIDC.RoleMappings)
	for i, missing := range []string{"oidc.issuer", "oidc.client_id", "oidc.client_secret", "oidc.role_mappings"} {
		without := append(append([]string{}, signOn[:i]...), signOn[i+1:]...)
		_, err := load(t, without...)
		require.ErrorContains(t, err, "setting "+missing)
		require.ErrorContains(t, err, "required for single sign-on")
		require.NotContains(t, err.Error(), "\n", "nothing else is missing")
	}
}

func TestTheClientSecretIsGivenOnceAndNeverPrinted(t *testing.T) {
	t.Parallel()
	_, err := load(t, append([]string{"PATCH_MANAGER_OIDC__CLIENT_SECRET_FILE=/run/secrets/oidc"}, signOn...)...)
	require.ErrorContains(t, err, "setting oidc.client_secret_file: goes without oidc.client_secret")
	require.NotContains(t, err.Error(), "hunter3")
	s, err := load(t, signOn...)
	require.NoError(t, err)
	asJSON, err := json.Marshal(s)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), string(asJSON)} {
		require.NotContains(t, text, "hunter3")
	}
	require.Equal(t, "hunter3", s.OIDC.ClientSecret.Reveal())
	_, err = load(t, append(append([]string{}, signOn...), "PATCH_MANAGER_OIDC__CLIENT_SECRET=hunter3\nhunter3")...)
	require.ErrorContains(t, err, "setting oidc.client_secret (PATCH_MANAGER_OIDC__CLIENT_SECRET)")
	require.NotContains(t, err.Error(), "hunter3")
}

// Each setting with what keeps its rule and what does not.
func TestSettingsOfSingleSignOnKeepTheirRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, good, bad string }{
		{"ISSUER", "https://id.example.org/", "http://id.example.org"},
		{"ISSUER", "http://127.0.0.1:9998", "http://127.0.0.2.example.org"},
		{"ISSUER", "http://localhost:9998", "https://id.example.org?x=y"},
		{"ISSUER", "http://[::1]:9998", "https://user@id.example.org"},
		{"ISSUER", "https://id.example.org/a/b", "id.example.org"},
		{"CLIENT_ID", strings.Repeat("c", 255), strings.Repeat("c", 256)},
		{"CLIENT_ID", "a b", " a"},
		{"CLIENT_SECRET", strings.Repeat("s", 1000), strings.Repeat("s", 1001)},
		{"SCOPES", "openid", "profile"},
		{"SCOPES", "openid, offline_access", "openid,,groups"},
		{"SCOPES", "openid,https://x/y", "openid,a b"},
		{"GROUPS_CLAIM", "https://example.org/groups", ""},
		{"NAME_CLAIM", "name", ""},
		{"ROLE_MAPPINGS", "ops=admin", "ops=root"},
		{"ROLE_MAPPINGS", "a=viewer:x,b=operator:y", "a=viewer:x,,b=operator:y"},
		{"ROLE_MAPPINGS", "cn=ops=admin", "cn=ops,dc=example=admin"},
	} {
		name := "PATCH_MANAGER_OIDC__" + c.name
		_, err := load(t, append(append([]string{}, signOn...), name+"="+c.good)...)
		require.NoError(t, err, "%s=%s", c.name, c.good)
		_, err = load(t, append(append([]string{}, signOn...), name+"="+c.bad)...)
		require.ErrorContains(t, err, "setting oidc."+strings.ToLower(c.name)+" ("+name+")", c.bad)
	}
	_, err := load(t, "PATCH_MANAGER_OIDC__CLIENT_SECRET_FILE=relative")
	require.ErrorContains(t, err, "setting oidc.client_secret_file (")
}

func TestTheIssuerIsKeptAsItIsWritten(t *testing.T) {
	t.Parallel()
	s, err := load(t, append(append([]string{}, signOn...), "PATCH_MANAGER_OIDC__ISSUER=https://id.example.org/")...)
	require.NoError(t, err)
	require.Equal(t, "https://id.example.org/", s.OIDC.Issuer)
}

func TestPartsOfAListInAFileMayHoldCommas(t *testing.T) {
	t.Parallel()
	path := file(t, `oidc: {role_mappings: ["cn=ops,dc=example,dc=org=admin"], scopes: [openid]}`)
	s, err := settings.Load(settings.Source{File: path, Environ: append([]string{database}, signOn[:3]...)})
	require.NoError(t, err)
	require.Equal(t, []fleet.RoleMapping{{Claim: "cn=ops,dc=example,dc=org", Role: fleet.RoleAdmin}}, s.OIDC.RoleMappings)
	require.Equal(t, []string{"openid"}, s.OIDC.Scopes)
	path = file(t, `oidc: {role_mappings: ["cn=ops,dc=example=admin", "web=viewer:a, b", web=operator:c]}`)
	s, err = settings.Load(settings.Source{File: path, Environ: append([]string{database}, signOn[:3]...)})
	require.NoError(t, err)
	require.Equal(t, []string{"", "a, b", "c"}, []string{s.OIDC.RoleMappings[0].Group, s.OIDC.RoleMappings[1].Group, s.OIDC.RoleMappings[2].Group})
}
