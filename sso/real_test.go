package sso_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/sso"
	"github.com/patch-manager/patch-manager/sso/ssotest"
)

const redirectURL = "http://127.0.0.1:1/api/v1/auth/oidc/callback"

func config(issuer string) sso.Config {
	return sso.Config{
		Issuer: issuer, ClientID: ssotest.ClientID, ClientSecret: fleet.NewSecret(ssotest.ClientSecret),
		Scopes: []string{"openid", "profile", "email", "groups"}, GroupsClaim: "groups", NameClaim: "preferred_username",
		RedirectURL: redirectURL, Now: time.Now,
	}
}

// real is a party with a real provider that knows ada.
func real(t *testing.T, inToken bool) (*sso.Party, *ssotest.Provider) {
	t.Helper()
	p := ssotest.Start(t, ssotest.Client{RedirectURL: redirectURL, InToken: inToken})
	p.Put(t, ssotest.User{Subject: "subject-1", Name: "ada", Email: "ada@example.org", Groups: []string{"ops", "web"}})
	return sso.New(config(p.Issuer)), p
}

// answerOf reads what the provider sends the browser back with.
func answerOf(t *testing.T, back string) (state string, a fleet.SignOnAnswer) {
	t.Helper()
	u, err := url.Parse(back)
	require.NoError(t, err)
	q := u.Query()
	return q.Get("state"), fleet.SignOnAnswer{Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error")}
}

func TestARealProviderSaysWhoSignedInAndTheirGroups(t *testing.T) {
	t.Parallel()
	for where, inToken := range map[string]bool{"in the ID token": true, "at the userinfo endpoint": false} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			party, provider := real(t, inToken)
			address, attempt, err := party.Begin(t.Context())
			require.NoError(t, err)
			state, answer := answerOf(t, provider.SignIn(t, address, "ada"))
			require.Equal(t, attempt.State, state)
			who, err := party.Finish(t.Context(), attempt, answer)
			require.NoError(t, err)
			require.Equal(t, fleet.Identity{Issuer: provider.Issuer, Subject: "subject-1", Name: "ada", Groups: []string{"ops", "web"}}, who)
		})
	}
}

func TestTheRequestHasAnS256ChallengeAStateAndANonceThatAreNewEachTime(t *testing.T) {
	t.Parallel()
	party, _ := real(t, true)
	seen := map[string]bool{}
	for range 2 {
		address, attempt, err := party.Begin(t.Context())
		require.NoError(t, err)
		u, err := url.Parse(address)
		require.NoError(t, err)
		q := u.Query()
		require.Equal(t, "S256", q.Get("code_challenge_method"))
		require.Equal(t, s256(attempt.Verifier), q.Get("code_challenge"))
		require.Equal(t, "code", q.Get("response_type"))
		require.Equal(t, redirectURL, q.Get("redirect_uri"))
		require.Equal(t, []string{attempt.State, attempt.Nonce}, []string{q.Get("state"), q.Get("nonce")})
		for _, secret := range []string{attempt.State, attempt.Nonce, attempt.Verifier, attempt.Browser} {
			require.GreaterOrEqual(t, len(secret), 43, "256 bits")
			require.False(t, seen[secret])
			seen[secret] = true
		}
		require.NotContains(t, address, attempt.Verifier)
		require.NotContains(t, address, attempt.Browser)
		require.NotContains(t, address, ssotest.ClientSecret)
	}
}

func TestTheProviderRefusesAWrongOrMissingVerifierAndACodeUsedTwice(t *testing.T) {
	t.Parallel()
	party, provider := real(t, true)
	for _, verifier := range []string{"", "x", "0123456789012345678901234567890123456789012"} {
		address, attempt, err := party.Begin(t.Context())
		require.NoError(t, err)
		_, answer := answerOf(t, provider.SignIn(t, address, "ada"))
		wrong := attempt
		wrong.Verifier = verifier
		_, err = party.Finish(t.Context(), wrong, answer)
		requireRefused(t, err, "sign_on_refused")
	}
	address, attempt, err := party.Begin(t.Context())
	require.NoError(t, err)
	_, answer := answerOf(t, provider.SignIn(t, address, "ada"))
	_, err = party.Finish(t.Context(), attempt, answer)
	require.NoError(t, err)
	_, err = party.Finish(t.Context(), attempt, answer)
	requireRefused(t, err, "sign_on_refused")
}

func TestAnAnswerToAnotherAttemptHasTheWrongNonce(t *testing.T) {
	t.Parallel()
	party, provider := real(t, true)
	address, attempt, err := party.Begin(t.Context())
	require.NoError(t, err)
	_, answer := answerOf(t, provider.SignIn(t, address, "ada"))
	attempt.Nonce = "another"
	_, err = party.Finish(t.Context(), attempt, answer)
	requireRefused(t, err, "sign_on_unverified")
	require.ErrorContains(t, err, "nonce")
}

func TestAWrongClientSecretIsRefusedAndSaysWhichSetting(t *testing.T) {
	t.Parallel()
	_, provider := real(t, true)
	cfg := config(provider.Issuer)
	cfg.ClientSecret = fleet.NewSecret("wrong-secret-of-the-client")
	party := sso.New(cfg)
	address, attempt, err := party.Begin(t.Context())
	require.NoError(t, err)
	_, answer := answerOf(t, provider.SignIn(t, address, "ada"))
	_, err = party.Finish(t.Context(), attempt, answer)
	requireRefused(t, err, "sign_on_refused")
	require.ErrorContains(t, err, "oidc.client_id")
	require.NotContains(t, err.Error(), "wrong-secret-of-the-client")
}

func requireRefused(t *testing.T, err error, code string) {
	t.Helper()
	var known *fleet.Error
	require.ErrorAs(t, err, &known)
	require.Equal(t, fleet.KindForbidden, known.Kind)
	require.Equal(t, code, known.Code, "%v", err)
	require.NotContains(t, err.Error(), ssotest.ClientSecret)
}
