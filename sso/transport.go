package sso

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/patch-manager/patch-manager/fleet"
)

// Bounds of one request to the provider.
const (
	requestTimeout = 10 * time.Second
	dialTimeout    = 5 * time.Second
	maxBody        = 1 << 20  // bytes after decompression
	maxHeader      = 32 << 10 // bytes
)

// newHTTPClient talks to the provider alone: directly, whatever proxy the environment names, since the secret and the
// codes go this way, and following no redirect, which would take them elsewhere.
func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: bounded{&http.Transport{
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTimeout,
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		}},
	}
}

// bounded ends answers that are longer than maxBody with an error.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = http.MaxBytesReader(nil, response.Body, maxBody)
	return response, nil
}

// maxCause bounds what is logged of an error: those of the libraries quote whole answers.
const maxCause = 300

// brief is err cut to what a log line bears.
func brief(err error) error {
	text := err.Error()
	if len(text) <= maxCause {
		return err
	}
	for cut := maxCause; ; cut-- {
		if utf8.RuneStart(text[cut]) {
			return errors.New(text[:cut] + "...")
		}
	}
}

// refusals are the ways in which a provider refuses (RFC 6749, OpenID Connect Core); anything else it could say is not
// repeated to people, for it may come from whoever made up the answer.
var refusals = map[string]string{
	"access_denied":              "the sign-in was cancelled or denied",
	"invalid_grant":              "the sign-in took too long or was used already",
	"login_required":             "it asks for a new sign-in",
	"interaction_required":       "it asks for a new sign-in",
	"consent_required":           "it asks for consent",
	"account_selection_required": "it asks for an account",
	"invalid_client":             "it does not know oidc.client_id with this secret",
	"unauthorized_client":        "it does not let oidc.client_id do this",
	"invalid_scope":              "it does not know one of oidc.scopes",
	"invalid_request":            "it does not understand the request",
	"unsupported_response_type":  "it does not know the code flow",
}

// refused is the provider's own refusal.
func refused(code string) error {
	if code == "temporarily_unavailable" || code == "server_error" {
		return errAway
	}
	why, known := refusals[code]
	if !known {
		why = "it gives no reason that is known here"
	}
	return fleet.Forbidden("sign_on_refused", "the identity provider refused: %s", why)
}
