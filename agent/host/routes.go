package host

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// Handler serves the contract.
func (a *Agent) Handler() http.Handler {
	mux := http.NewServeMux()
	read := func(path string, do operation) { mux.Handle("GET "+agent.BasePath+path, a.handle(&a.reads, do)) }
	write := func(method, path string, do operation) {
		mux.Handle(method+" "+agent.BasePath+path, a.handle(&a.writes, do))
	}
	read("/health", a.health)
	read("/system/info", a.systemInfo)
	read("/system/services/{name}", a.service)
	read("/patches", a.listPatches)
	read("/jobs", a.listJobs)
	read("/jobs/{id}", a.job)
	write(http.MethodPost, "/patches/apply", a.apply)
	write(http.MethodPost, "/system/reboot", a.reboot)
	write(http.MethodDelete, "/jobs/{id}", a.deleteJob)
	mux.Handle("/", a.handle(&a.reads, func(r *http.Request) (any, error) {
		return nil, refuse(http.StatusNotFound, codeNotFound, "%s %s is not part of the contract", r.Method, r.URL.Path)
	}))
	return mux
}

// Server makes the server of the contract, which speaks TLS 1.3 only, and only to holders of a certificate of the CA.
func (a *Agent) Server(certFile, keyFile, caFile string) (*http.Server, error) {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load the agent's certificate: %w", err)
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("load the CA: %w", err)
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("load the CA: %w", errors.New(caFile+" holds no certificate"))
	}
	return &http.Server{
		Handler: a.Handler(),
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
		},
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute, // two simulations of apt on a slow host
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}, nil
}
