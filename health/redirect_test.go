package health_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

// following probes like probe, and follows so many redirects.
func following(t *testing.T, redirects int, url string) fleet.Result {
	t.Helper()
	p := health.NewProber(health.Config{Timeout: 5 * time.Second, Rules: onLoopback, Redirects: redirects})
	return p.HTTP(t.Context(), fleet.Check{URL: url, ExpectedBody: "ok", IgnoreCertErrors: true, BasicAuthUser: "probe"}, "s3cret-hunter2")
}

// hops redirects from /n to /n-1, and answers at /0.
func hops(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if n == 0 {
		fmt.Fprint(w, "ok")
		return
	}
	http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
}

func TestSoManyRedirectsAreFollowedAsAreAllowedAndNotOneMore(t *testing.T) {
	t.Parallel()
	url := serve(t, hops)
	for _, allowed := range []int{1, 5} {
		require.Equal(t, fleet.OutcomeHealthy, following(t, allowed, fmt.Sprintf("%s/%d", url, allowed)).Outcome)
		requireUnhealthy(t, following(t, allowed, fmt.Sprintf("%s/%d", url, allowed+1)), "the most that are followed")
	}
	requireUnhealthy(t, following(t, 0, url+"/1"), "redirects are not followed")
}

func TestEndlessRedirectsEnd(t *testing.T) {
	t.Parallel()
	requests := 0
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	})
	requireUnhealthy(t, following(t, 5, url+"/"), "the most that are followed")
	require.Equal(t, 6, requests)
}

func TestARedirectToNoURLIsUnhealthy(t *testing.T) {
	t.Parallel()
	for location, detail := range map[string]string{
		"": "to nowhere", "http://h:hunter2/": "to nowhere", "ftp://hunter2/": "no check may have", "http://hunter2:x@127.0.0.1/": "no check may have",
		"http://127.1/hunter2": "no check may have", "/" + strings.Repeat("x", 2048): "no check may have",
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(http.StatusFound)
		})
		result := following(t, 5, url)
		requireUnhealthy(t, result, detail)
		require.NotContains(t, result.Detail, "hunter2")
	}
}

func TestOtherThreehundredsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{300, 304, 305, 306} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		requireUnhealthy(t, following(t, 5, url), fmt.Sprintf("answered %d", status))
	}
}

// showPassword answers ok if the password came along.
func showPassword(w http.ResponseWriter, r *http.Request) {
	if _, password, ok := r.BasicAuth(); ok {
		fmt.Fprint(w, "with "+password)
		return
	}
	fmt.Fprint(w, "without any: ok")
}

func TestThePasswordGoesToTheOriginOfTheCheckAlone(t *testing.T) {
	t.Parallel()
	other := serve(t, showPassword)
	otherTLS := httptest.NewUnstartedServer(http.HandlerFunc(showPassword))
	otherTLS.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	otherTLS.StartTLS()
	t.Cleanup(otherTLS.Close)
	own := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/end" && password == "s3cret-hunter2":
			fmt.Fprint(w, "ok")
		case r.URL.Path == "/end":
			fmt.Fprint(w, "no password")
		default:
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
		}
	})
	to := func(target string) fleet.Result { return following(t, 5, own+"/start?to="+target) }
	require.Equal(t, fleet.OutcomeHealthy, to("/end").Outcome, "the same origin")
	require.Equal(t, fleet.OutcomeHealthy, to(own+"/end").Outcome)
	require.Equal(t, fleet.OutcomeHealthy, to(other+"/").Outcome, "another port gets none")
	require.Equal(t, fleet.OutcomeHealthy, to(otherTLS.URL+"/").Outcome, "another scheme gets none")
	byName := strings.Replace(own, "127.0.0.1", "localhost", 1)
	requireUnhealthy(t, to(byName+"/end"), "without the expected text")
}

func TestARedirectFromHTTPSToHTTPIsNotFollowed(t *testing.T) {
	t.Parallel()
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain, http.StatusMovedPermanently)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	requireUnhealthy(t, following(t, 5, server.URL), "from https to http")
}

func TestAllRedirectsOfACheckShareItsTime(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(60 * time.Millisecond):
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}
	})
	p := health.NewProber(health.Config{Timeout: 100 * time.Millisecond, Rules: onLoopback, Redirects: 5})
	requireUnhealthy(t, p.HTTP(t.Context(), fleet.Check{URL: url, ExpectedBody: "ok"}, ""), "within 100ms")
}
