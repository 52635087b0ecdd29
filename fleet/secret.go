package fleet

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every way of printing a Secret yields.
const redacted = "[redacted]"

// Secret holds a text that must not be printed by accident. fmt, JSON, text encoders and slog write "[redacted]"; only
// Reveal yields the text. It lies behind a pointer because fmt reads unexported fields past all methods.
type Secret struct{ text *string }

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal is the text. Hand it on to what needs it, never to a log, an error, an answer or a workflow's history.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String is for fmt.
func (s Secret) String() string { return redacted }

// GoString is for %#v.
func (s Secret) GoString() string { return redacted }

// Format is for the verbs that pass String by, such as %d.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText is for encoders of text, XML and YAML, and for keys of maps in JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is for JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue is for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Canary is a known text encrypted with a key and stored beside what the key protects: a key that does not open it is
// not the key that the stored passwords were encrypted with.
type Canary struct {
	KeyID      int16
	Ciphertext []byte
	Nonce      []byte
}
