package sso_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/sso"
	"github.com/patch-manager/patch-manager/sso/ssotest"
)

// fake is a provider that says whatever a test wants, to forge what the real one never sends.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	document map[string]any
	keys     []jose.JSONWebKey
	token    map[string]any   // the token endpoint's answer
	userinfo map[string]any   // nil: as if there were no such endpoint
	took     []http.Header    // headers of requests to the token endpoint
	handle   http.HandlerFunc // in place of everything, where set
	asked    map[string]int
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{asked: map[string]int{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.document = map[string]any{
		"issuer": f.URL, "authorization_endpoint": f.URL + "/auth", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}
	f.keys = []jose.JSONWebKey{
		{Key: signingKey.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}, {Key: symmetricKey, KeyID: "symmetric"},
	}
	return f
}

// Making a key takes longer than the tests that sign with it.
var signingKey, foreignKey = newKey(), newKey()

// symmetricKey stands in the key set, where none belongs.
var symmetricKey = []byte("a symmetric key of 32 bytes and more")

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked[r.URL.Path]++
	handle := f.handle
	var answer any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = maps.Clone(f.document)
	case "/keys":
		answer = jose.JSONWebKeySet{Keys: f.keys}
	case "/token":
		f.took = append(f.took, r.Header)
		answer = f.token
	case "/userinfo":
		answer = f.userinfo
	}
	f.mu.Unlock()
	if handle != nil {
		handle(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// answer puts a handler in place of everything; nil takes it away.
func (f *fake) answer(handle http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handle = handle
}

func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

func (f *fake) total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := 0
	for _, n := range f.asked {
		all += n
	}
	return all
}

// claims are those of a good ID token for an attempt.
func (f *fake) claims(s fleet.SignOn) map[string]any {
	return map[string]any{
		"iss": f.URL, "sub": "subject-1", "aud": ssotest.ClientID, "nonce": s.Nonce, "exp": time.Now().Add(time.Minute).Unix(),
		"iat": time.Now().Unix(), "preferred_username": "ada", "groups": []string{"ops"},
	}
}

// gives makes the token endpoint answer with an ID token.
func (f *fake) gives(raw string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token = map[string]any{"access_token": "access-token-of-ada", "token_type": "Bearer", "expires_in": 60, "id_token": raw}
}

// sign makes a token with any algorithm and key.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	raw, err := signed.CompactSerialize()
	require.NoError(t, err)
	return raw
}

// unsigned makes a token with `alg: none`.
func unsigned(t *testing.T, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
}

// begin starts an attempt at the fake.
func (f *fake) begin(t *testing.T) (*sso.Party, fleet.SignOn) {
	t.Helper()
	party := sso.New(config(f.URL))
	_, attempt, err := party.Begin(t.Context())
	require.NoError(t, err)
	return party, attempt
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
