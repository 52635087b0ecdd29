package sso_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/sso"
	"github.com/patch-manager/patch-manager/sso/ssotest"
)

func requireAway(t *testing.T, err error) {
	t.Helper()
	require.True(t, fleet.IsKind(err, fleet.KindUnavailable), "%v", err)
	require.ErrorContains(t, err, "the identity provider does not answer")
	require.Less(t, len(err.Error()), 600)
}

func TestAProviderThatComesUpLaterIsFound(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	var now atomic.Int64
	cfg := config(f.URL)
	cfg.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	party := sso.New(cfg)
	for range 3 {
		_, _, err := party.Begin(t.Context())
		requireAway(t, err)
	}
	require.Equal(t, 1, f.count("/.well-known/openid-configuration"), "a failure stands for 5 s")
	f.answer(nil)
	now.Add(4)
	_, _, err := party.Begin(t.Context())
	requireAway(t, err)
	now.Add(1)
	for range 2 {
		_, _, err = party.Begin(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, 2, f.count("/.well-known/openid-configuration"), "what was found is kept")
}

func TestNobodyWaitsForAHangingProviderLongerThanTheirRequestAndAllShareOneLook(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	release := make(chan struct{})
	f.answer(func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	party := sso.New(config(f.URL))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, _, err := party.Begin(ctx)
			requireAwayLater(t, err)
		})
	}
	all.Wait()
	require.Equal(t, 1, f.count("/.well-known/openid-configuration"))
}

// requireAwayLater is requireAway for other goroutines than the test's.
func requireAwayLater(t *testing.T, err error) {
	if !fleet.IsKind(err, fleet.KindUnavailable) {
		t.Errorf("not away: %v", err)
	}
}

func TestAProviderThatIsDownIsAway(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	party, attempt := f.begin(t)
	f.Close()
	_, err := party.Finish(t.Context(), attempt, anAnswer)
	requireAway(t, err)
	_, _, err = sso.New(config(f.URL)).Begin(t.Context())
	requireAway(t, err)
}

func TestAHugeOrEndlessAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	padded := func(f *fake, size int) []byte {
		document := fmt.Sprintf(`{"issuer": %q, "authorization_endpoint": %q, "token_endpoint": %q, "jwks_uri": %q}`,
			f.URL, f.URL+"/auth", f.URL+"/token", f.URL+"/keys")
		return append([]byte(document), bytes.Repeat([]byte(" "), size-len(document))...)
	}
	f := newFake(t)
	f.answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(padded(f, 1<<20)) })
	_, _, err := sso.New(config(f.URL)).Begin(t.Context())
	require.NoError(t, err, "at the limit")
	f.answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(padded(f, 1<<20+1)) })
	_, _, err = sso.New(config(f.URL)).Begin(t.Context())
	requireAway(t, err)
	f.answer(func(w http.ResponseWriter, _ *http.Request) {
		for err := error(nil); err == nil; {
			_, err = w.Write(bytes.Repeat([]byte("x"), 1<<16))
		}
	})
	_, _, err = sso.New(config(f.URL)).Begin(t.Context())
	requireAway(t, err)
	f.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Flood", strings.Repeat("x", 64<<10))
		_, _ = w.Write(padded(f, 1024))
	})
	_, _, err = sso.New(config(f.URL)).Begin(t.Context())
	requireAway(t, err)
}

func TestADocumentOfAnotherIssuerOrWithoutTLSIsRefused(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]string{
		"issuer": "https://another.example", "token_endpoint": "http://192.0.2.1/token", "jwks_uri": "",
		"authorization_endpoint": "javascript:alert(1)", "userinfo_endpoint": "http://example.org/",
	} {
		f := newFake(t)
		f.document[key] = value
		_, _, err := sso.New(config(f.URL)).Begin(t.Context())
		requireAway(t, err)
	}
	f := newFake(t)
	_, _, err := sso.New(config(f.URL + "/")).Begin(t.Context())
	requireAway(t, err)
	require.ErrorContains(t, err, "did not match", "a slash at the end is another issuer")
}

func TestNoRedirectOfTheProviderIsFollowed(t *testing.T) {
	t.Parallel()
	other := newFake(t)
	f := newFake(t)
	party, attempt := f.begin(t)
	f.answer(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	other.gives(sign(t, jose.RS256, signingKey, "k", f.claims(attempt)))
	_, err := party.Finish(t.Context(), attempt, anAnswer)
	requireRefused(t, err, "sign_on_refused")
	_, _, err = sso.New(config(f.URL)).Begin(t.Context())
	requireAway(t, err)
	require.Zero(t, other.total())
}

// It sets the environment, so it is not parallel.
func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) { //nolint:paralleltest // sets the environment
	proxy := newFake(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	// Go never sends a loopback address to a proxy, so the issuer is one that nobody is at.
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, err := sso.New(config("http://192.0.2.1")).Begin(ctx)
	requireAway(t, err)
	require.Zero(t, proxy.total())
}

func TestTheSecretIsInNoPrintOfAParty(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	party, _ := f.begin(t)
	for _, text := range []string{fmt.Sprintf("%v", party.Config), fmt.Sprintf("%+v", party.Config), fmt.Sprintf("%#v", party.Config)} {
		require.NotContains(t, text, ssotest.ClientSecret)
	}
}
