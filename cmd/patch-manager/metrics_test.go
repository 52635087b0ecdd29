package main

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestMetricsOfAWorkerAreForAdministrators(t *testing.T) {
	t.Parallel()
	db := store.New(storetest.New(t), storetest.AuditKey)
	token := func(r fleet.TokenRequest) string {
		r.Name = "test"
		made, err := db.CreateToken(t.Context(), fleet.Actor{Name: "test"}, r)
		require.NoError(t, err)
		return "Bearer " + made.Secret
	}
	handler := serveMetrics(newMetrics(settings.Settings{}, db), db)
	ask := func(authorization string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		handler(w, r)
		return w
	}
	for _, authorization := range []string{"", "Bearer ", "Bearer pm_x", token(fleet.TokenRequest{User: "bob"})} {
		answer := ask(authorization)
		require.Equal(t, 401, answer.Code)
		require.NotContains(t, answer.Body.String(), "patch_manager_")
	}
	answer := ask(token(fleet.TokenRequest{User: "ada", Admin: true}))
	require.Equal(t, 200, answer.Code)
	require.Contains(t, answer.Body.String(), `patch_manager_host_certificates{expiry="expired"} 0`)
}
