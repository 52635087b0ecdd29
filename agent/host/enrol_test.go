package host

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnEnrolmentRefusesWhatWouldSendAKeyInTheClearOrBeForNoName(t *testing.T) {
	t.Parallel()
	for manager, want := range map[string]string{
		"":                                "manager: must be a URL",
		"patches.example.com":             "manager: must be a URL",
		"https://ada@patches.example.com": "manager: must be a URL",
		"https://patches.example.com?a=b": "manager: must be a URL",
		"http://patches.example.com":      "manager: must be reached by https",
		"http://192.0.2.1:8080":           "manager: must be reached by https",
		"ftp://127.0.0.1":                 "manager: must be reached by https",
		"https://patches.example.com":     `fqdn: "web9" is no full name`,
	} {
		e := Enrolment{Manager: manager, FQDN: "web9", Dir: t.TempDir()}
		require.ErrorContains(t, e.Enrol(t.Context(), func() {}), want, manager)
	}
}

func TestAnEnrolmentIsToldWhatItsManagerSaidAndWritesNothingElse(t *testing.T) {
	t.Parallel()
	const asked = `{"polling_token": "t"}`
	for name, tt := range map[string]struct{ request, poll, want string }{
		"refused":        {`{"detail": "fqdn: must be a name", "status": 422}`, "", "ask the manager: it answered 202: fqdn: must be a name"},
		"another server": {`<html>`, "", "is this the address of a Patch Manager?"},
		"denied":         {asked, `{"status": "denied"}`, "an administrator denied the enrolment"},
		"forgotten":      {asked, `{"status": "not_found"}`, "ask again"},
		"no certificate": {asked, `{"status": "approved", "server_crt": "x", "server_key": "y"}`, "is no certificate with its key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusAccepted)
				answer := tt.request
				if r.Method == http.MethodGet {
					answer = tt.poll
				}
				_, _ = w.Write([]byte(answer))
			}))
			defer manager.Close()
			dir := filepath.Join(t.TempDir(), "patch-agent")
			err := Enrolment{Manager: manager.URL, FQDN: "web9.example.com", Dir: dir}.Enrol(t.Context(), func() {})
			require.ErrorContains(t, err, tt.want)
			_, err = os.Stat(dir)
			require.ErrorIs(t, err, os.ErrNotExist)
		})
	}
}

func TestAnEnrolmentOutlastsAManagerThatIsAway(t *testing.T) {
	t.Parallel()
	polls := make(chan struct{}, 8)
	manager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(`{"polling_token": "t"}`))
			return
		}
		polls <- struct{}{}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"code": "database_unavailable", "detail": "away"}`))
	}))
	defer manager.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Enrolment{Manager: manager.URL, FQDN: "web9.example.com", Dir: t.TempDir()}.Enrol(ctx, func() {})
	}()
	<-polls
	<-polls
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
