package sso_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/sso/ssotest"
)

var anAnswer = fleet.SignOnAnswer{Code: "code"}

func TestATokenIsTakenAsItShouldBe(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	party, attempt := f.begin(t)
	claims := f.claims(attempt)
	claims["aud"], claims["azp"] = []string{ssotest.ClientID, "another"}, ssotest.ClientID
	f.gives(sign(t, jose.RS256, signingKey, "k", claims))
	who, err := party.Finish(t.Context(), attempt, anAnswer)
	require.NoError(t, err)
	require.Equal(t, fleet.Identity{Issuer: f.URL, Subject: "subject-1", Name: "ada", Groups: []string{"ops"}}, who)
}

func TestAForgedTokenIsRefused(t *testing.T) {
	t.Parallel()
	publicKey, err := x509.MarshalPKIXPublicKey(signingKey.Public())
	require.NoError(t, err)
	asText := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicKey})
	for name, forge := range map[string]func(t *testing.T, claims map[string]any) string{
		"alg none": unsigned,
		"alg none, written otherwise": func(t *testing.T, c map[string]any) string {
			return strings.Replace(unsigned(t, c), "eyJhbGciOiJub25lIi", "eyJhbGciOiJOb25lIi", 1)
		},
		"HS256 with the client's secret": func(t *testing.T, c map[string]any) string {
			return sign(t, jose.HS256, []byte(ssotest.ClientSecret), "k", c)
		},
		"HS256 with the public key": func(t *testing.T, c map[string]any) string { return sign(t, jose.HS256, asText, "k", c) },
		"HS256 with a symmetric key of the key set": func(t *testing.T, c map[string]any) string {
			return sign(t, jose.HS256, symmetricKey, "symmetric", c)
		},
		"a key that is not in the key set": func(t *testing.T, c map[string]any) string {
			return sign(t, jose.RS256, foreignKey, "other", c)
		},
		"a foreign key by the name of ours": func(t *testing.T, c map[string]any) string { return sign(t, jose.RS256, foreignKey, "k", c) },
		"a foreign key without a name":      func(t *testing.T, c map[string]any) string { return sign(t, jose.RS256, foreignKey, "", c) },
		"no token":                          func(*testing.T, map[string]any) string { return "" },
		"a payload changed after signing": func(t *testing.T, c map[string]any) string {
			parts := strings.Split(sign(t, jose.RS256, signingKey, "k", c), ".")
			c["groups"] = []string{"ops", "admins"}
			return parts[0] + "." + strings.Split(unsigned(t, c), ".")[1] + "." + parts[2]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			party, attempt := f.begin(t)
			f.gives(forge(t, f.claims(attempt)))
			_, err := party.Finish(t.Context(), attempt, anAnswer)
			requireRefused(t, err, "sign_on_unverified")
		})
	}
}

func TestATokenForAnotherTimePartyOrIssuerIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"wrong audience":                   {"aud": "another"},
		"no audience":                      {"aud": nil},
		"several audiences, no party":      {"aud": []string{ssotest.ClientID, "another"}},
		"issued to another party":          {"azp": "another"},
		"expired":                          {"exp": time.Now().Add(-time.Second).Unix()},
		"no expiry":                        {"exp": nil},
		"not yet valid":                    {"nbf": time.Now().Add(time.Hour).Unix()},
		"wrong issuer":                     {"iss": "https://another.example"},
		"no issuer":                        {"iss": nil},
		"wrong nonce":                      {"nonce": "another"},
		"no nonce":                         {"nonce": nil},
		"hash of another access token":     {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
		"no subject":                       {"sub": nil},
		"subject one past its limit":       {"sub": strings.Repeat("s", 256)},
		"groups that are no names":         {"groups": map[string]any{"ops": true}},
		"groups with something else in it": {"groups": []any{"ops", 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			party, attempt := f.begin(t)
			claims := f.claims(attempt)
			for claim, value := range change {
				claims[claim] = value
				if value == nil {
					delete(claims, claim)
				}
			}
			f.gives(sign(t, jose.RS256, signingKey, "k", claims))
			_, err := party.Finish(t.Context(), attempt, anAnswer)
			requireRefused(t, err, "sign_on_unverified")
		})
	}
}

func TestANameIsNeeded(t *testing.T) {
	t.Parallel()
	for _, name := range []any{nil, "", " ada", "a\nb", 7, strings.Repeat("n", 101)} {
		f := newFake(t)
		party, attempt := f.begin(t)
		claims := f.claims(attempt)
		claims["preferred_username"] = name
		f.gives(sign(t, jose.RS256, signingKey, "k", claims))
		_, err := party.Finish(t.Context(), attempt, anAnswer)
		requireRefused(t, err, "sign_on_no_name")
		require.ErrorContains(t, err, "oidc.name_claim")
	}
	f := newFake(t)
	party, attempt := f.begin(t)
	claims := f.claims(attempt)
	claims["preferred_username"], claims["sub"] = strings.Repeat("n", 100), strings.Repeat("s", 255)
	f.gives(sign(t, jose.RS256, signingKey, "k", claims))
	_, err := party.Finish(t.Context(), attempt, anAnswer)
	require.NoError(t, err)
}

func TestGroupsAreAListOrOneNameOrNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said any
		want []string
	}{{[]string{"a", "b"}, []string{"a", "b"}}, {"a,b", []string{"a,b"}}, {nil, nil}, {[]string{}, []string{}}} {
		f := newFake(t)
		party, attempt := f.begin(t)
		claims := f.claims(attempt)
		claims["groups"] = c.said
		if c.said == nil {
			delete(claims, "groups")
		}
		f.gives(sign(t, jose.RS256, signingKey, "k", claims))
		who, err := party.Finish(t.Context(), attempt, anAnswer)
		require.NoError(t, err)
		require.Equal(t, c.want, who.Groups)
	}
}

func TestUserinfoOfAnotherSubjectIsRefusedAndAddsOnlyWhatTheTokenLacks(t *testing.T) {
	t.Parallel()
	for subject, refused := range map[string]bool{"subject-2": true, "": true, "subject-1": false} {
		f := newFake(t)
		f.document["userinfo_endpoint"] = f.URL + "/userinfo"
		f.userinfo = map[string]any{"sub": subject, "groups": []string{"web"}, "preferred_username": "eve"}
		party, attempt := f.begin(t)
		claims := f.claims(attempt)
		delete(claims, "groups")
		f.gives(sign(t, jose.RS256, signingKey, "k", claims))
		who, err := party.Finish(t.Context(), attempt, anAnswer)
		if refused {
			requireRefused(t, err, "sign_on_unverified")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, fleet.Identity{Issuer: f.URL, Subject: "subject-1", Name: "ada", Groups: []string{"web"}}, who)
	}
}

func TestAKeyThatIsNewAtTheProviderIsLearnt(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	party, attempt := f.begin(t)
	for kid, key := range map[string]any{"k": signingKey, "k2": foreignKey} {
		f.mu.Lock()
		f.keys = []jose.JSONWebKey{{Key: signingKey.Public(), KeyID: "k"}, {Key: foreignKey.Public(), KeyID: "k2"}}
		f.mu.Unlock()
		f.gives(sign(t, jose.RS256, key, kid, f.claims(attempt)))
		_, err := party.Finish(t.Context(), attempt, anAnswer)
		require.NoError(t, err)
	}
	require.Equal(t, 1, f.count("/keys"), "keys are kept")
}

func TestAnAnswerThatNamesAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		promised, refused bool
		issuer            string
	}{
		{promised: false, issuer: "", refused: false},
		{promised: false, issuer: "https://mix.up", refused: true},
		{promised: true, issuer: "", refused: true},
		{promised: true, issuer: "ours", refused: false},
	} {
		f := newFake(t)
		f.document["authorization_response_iss_parameter_supported"] = c.promised
		party, attempt := f.begin(t)
		f.gives(sign(t, jose.RS256, signingKey, "k", f.claims(attempt)))
		answer := fleet.SignOnAnswer{Code: "code", Issuer: strings.Replace(c.issuer, "ours", f.URL, 1)}
		_, err := party.Finish(t.Context(), attempt, answer)
		if !c.refused {
			require.NoError(t, err)
			continue
		}
		requireRefused(t, err, "sign_on_unverified")
		require.Zero(t, f.count("/token"), "the code goes nowhere")
	}
}

func TestWhatTheProviderRefusesIsSaidInOurWords(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	party, attempt := f.begin(t)
	for said, want := range map[string]string{
		"access_denied":                  "cancelled or denied",
		"login_required":                 "new sign-in",
		"<script>alert(1)</script>":      "no reason that is known",
		"access_denied\nforged log line": "no reason that is known",
	} {
		_, err := party.Finish(t.Context(), attempt, fleet.SignOnAnswer{Error: said})
		requireRefused(t, err, "sign_on_refused")
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), said)
	}
	for _, said := range []string{"temporarily_unavailable", "server_error"} {
		_, err := party.Finish(t.Context(), attempt, fleet.SignOnAnswer{Error: said})
		require.True(t, fleet.IsKind(err, fleet.KindUnavailable), said)
	}
	require.Zero(t, f.count("/token"))
}

func TestTheSecretIsSentOnceInTheWayTheProviderTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		supported []string
		header    bool
	}{{nil, true}, {[]string{"client_secret_post", "client_secret_basic"}, true}, {[]string{"client_secret_post"}, false}} {
		f := newFake(t)
		if c.supported != nil {
			f.document["token_endpoint_auth_methods_supported"] = c.supported
		}
		party, attempt := f.begin(t)
		f.mu.Lock()
		f.token = map[string]any{"error": "invalid_client"}
		f.mu.Unlock()
		_, err := party.Finish(t.Context(), attempt, anAnswer)
		requireRefused(t, err, "sign_on_refused")
		require.Len(t, f.took, 1)
		require.Equal(t, c.header, f.took[0].Get("Authorization") != "")
	}
}

func TestAProviderThatRepeatsOurRequestGetsNoSecretIntoAnError(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 500} {
		f := newFake(t)
		f.document["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		party, attempt := f.begin(t)
		f.answer(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"error": "` + r.Form.Encode() + `"}`))
		})
		_, err := party.Finish(t.Context(), attempt, anAnswer)
		require.Equal(t, status == 500, fleet.IsKind(err, fleet.KindUnavailable), "%v", err)
		require.NotContains(t, err.Error(), ssotest.ClientSecret)
		require.NotContains(t, err.Error(), attempt.Verifier)
	}
}
