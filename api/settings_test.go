package api_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
)

// TestSettingsAnswerHoldsNoneOfTheSecrets plants one in every setting that holds a secret.
func TestSettingsAnswerHoldsNoneOfTheSecrets(t *testing.T) {
	t.Parallel()
	loaded, err := settings.Load(settings.Source{Environ: []string{
		"PATCH_MANAGER_DATABASE__URL=postgres://app:planted@db/pm?sslpassword=planted",
		"PATCH_MANAGER_DATABASE__MIGRATE_URL=host=db user=owner password=planted dbname=pm",
		"PATCH_MANAGER_OIDC__ISSUER=https://id.example.org", "PATCH_MANAGER_OIDC__CLIENT_ID=pm",
		"PATCH_MANAGER_OIDC__ROLE_MAPPINGS=a=admin", "PATCH_MANAGER_OIDC__CLIENT_SECRET=planted",
	}})
	require.NoError(t, err)
	for _, secret := range []fleet.Secret{loaded.Database.URL, loaded.Database.MigrateURL, loaded.OIDC.ClientSecret} {
		require.Contains(t, secret.Reveal(), "planted")
	}
	require.Equal(t, 3, secretsIn(reflect.TypeFor[settings.Settings]()), "a new secret is planted here, too")
	s := newSite(t)
	s.serve(func(cfg *apiConfig) { cfg.About.Settings = loaded.Shown })
	a := s.call(s.admin, "GET", "/api/v1/settings", nil)
	require.Equal(t, 200, a.status, "%s", a.body)
	require.NotContains(t, string(a.body), "planted")
	require.NotContains(t, s.log.String(), "planted")
	require.Len(t, items(t, a.json(t)), len(settings.Docs()))
	require.Equal(t, object{
		"key": "database.url", "value": "postgres://app@db:5432/pm", "default": "", "source": "environment",
		"description": "Postgres of the application; required",
	}, items(t, a.json(t))[0])
}

// secretsIn counts the fields that hold a secret.
func secretsIn(of reflect.Type) int {
	n := 0
	for i := range of.NumField() {
		switch field := of.Field(i).Type; {
		case field == reflect.TypeFor[fleet.Secret]():
			n++
		case field.Kind() == reflect.Struct:
			n += secretsIn(field)
		}
	}
	return n
}

func TestSettingsAreForAdministratorsAndTellVersionAndTemporal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(func(cfg *apiConfig) {
		cfg.About = api.About{
			Commit: "abc", Go: "go1", Temporal: api.TemporalServer{Address: "temporal:7233", Namespace: "pm", UIURL: "https://ui.example.org"},
		}
	})
	require.Equal(t, object{
		"items":    []any{},
		"version":  object{"version": "test", "commit": "abc", "go": "go1"},
		"temporal": object{"address": "temporal:7233", "namespace": "pm", "ui_url": "https://ui.example.org"},
	}, s.must(200, s.admin, "GET", "/api/v1/settings", nil))
	s.refuse(403, "admin_required", s.member(nil), "GET", "/api/v1/settings", nil)
}
