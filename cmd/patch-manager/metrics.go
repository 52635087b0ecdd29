package main

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/metrics"
	"github.com/patch-manager/patch-manager/pki"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

func newMetrics(s settings.Settings, db *store.Store) *metrics.Metrics {
	return metrics.New(metrics.Config{
		Fleet: db.CertificateOverview, Version: version(),
		Expiry: func() (ca, client *time.Time) {
			e := pki.ReadExpiry(s.Agent.CA, s.Agent.Cert)
			return e.CA, e.Client
		},
	})
}

// serveMetrics answers administrators who send an API token, as the API does.
func serveMetrics(m *metrics.Metrics, db *store.Store) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		who, err := db.Authenticate(r.Context(), token)
		if err != nil || !who.Admin {
			out.Header().Set("WWW-Authenticate", `Bearer realm="patch-manager"`)
			http.Error(out, "a valid API token of an administrator is needed", http.StatusUnauthorized)
			return
		}
		text, err := m.Text(r.Context())
		if err != nil {
			slog.Error("metrics can not be read", "error", err)
			http.Error(out, "metrics can not be read", http.StatusServiceUnavailable)
			return
		}
		out.Header().Set("Content-Type", metrics.ContentType)
		_, _ = out.Write(text)
	}
}
