package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
)

func TestPagesAreServedWhereTheAPIIsNot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	cfg.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a page")) })
	with := api.New(cfg)
	ask := func(h http.Handler, method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w
	}
	for _, path := range []string{"/", "/hosts", "/hosts/1", "/apis"} {
		w := ask(with, http.MethodGet, path)
		require.Equal(t, "a page", w.Body.String(), path)
		require.Equal(t, "DENY", w.Header().Get("X-Frame-Options"), "pages have the headers of every answer")
		require.Equal(t, http.StatusNotFound, ask(s.handler, http.MethodGet, path).Code, "without pages: %s", path)
	}
	for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/hosts"} {
		require.Equal(t, http.StatusNotFound, ask(with, http.MethodGet, path).Code, path)
	}
	require.Equal(t, http.StatusNotFound, ask(with, http.MethodPost, "/hosts").Code)
}
