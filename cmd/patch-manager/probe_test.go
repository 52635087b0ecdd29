package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProbeTellsWhetherAProcessIsWell(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			out.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	require.NoError(t, probe(t.Context(), server.URL+"/healthz"))
	require.ErrorContains(t, probe(t.Context(), server.URL+"/readyz"), "503 Service Unavailable")
	server.Close()
	require.ErrorContains(t, probe(t.Context(), server.URL+"/healthz"), "probe: ")
}
