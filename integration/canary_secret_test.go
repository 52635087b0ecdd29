//go:build integration

package integration_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// canary is a secret that was planted. Its core is the part of it that no notation of text changes; of a key, all of it.
type canary struct {
	name, text string
	core       []byte
}

// newCanary plants a core between other text, which stands as %s in the pattern.
func newCanary(name, pattern string) canary {
	random := make([]byte, 12)
	_, _ = rand.Read(random)
	core := hex.EncodeToString(random)
	return canary{name: name, text: strings.ReplaceAll(pattern, "%s", core), core: []byte(core)}
}

// given is a secret that somebody else made.
func given(name, text string) canary { return canary{name: name, text: text, core: []byte(text)} }

// fileCanaries are the bytes of a key file.
func fileCanary(t *testing.T, name, path string) canary {
	t.Helper()
	key, err := os.ReadFile(path)
	require.NoError(t, err)
	return canary{name: name, core: key}
}

// pemFile are the canaries of a key in a PEM file.
func pemFile(t *testing.T, name, path string) []canary {
	t.Helper()
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	return pemCanaries(t, name, file)
}

// pemCanaries are the private number of a key, and the line of its PEM form that most of it stands in: the other part is
// on the line before.
func pemCanaries(t *testing.T, name string, text []byte) []canary {
	t.Helper()
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	private, err := key.(*ecdsa.PrivateKey).Bytes()
	require.NoError(t, err)
	line := strings.Split(string(text), "\n")[2]
	require.Len(t, line, 64)
	return []canary{{name: name, core: private}, given(name+" in PEM", line)}
}

// notations are the ways in which a secret may have been written down. The core stands for JSON, URL and quoted forms
// too, which leave it as it is.
func (c canary) notations() map[string][]byte {
	found := map[string][]byte{
		"raw":     c.core,
		"hex":     []byte(hex.EncodeToString(c.core)),
		"HEX":     []byte(strings.ToUpper(hex.EncodeToString(c.core))),
		"decimal": []byte(strings.Trim(fmt.Sprintf("%d", c.core), "[]")),
	}
	for shift := range 3 {
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			found[fmt.Sprintf("%s at %d", name, shift)] = []byte(inBase64(encoding, c.core, shift))
		}
	}
	return found
}

// inBase64 is what base64 makes of text wherever it stands behind a number of bytes that is shift modulo three: the
// characters that depend on its neighbours are left out.
func inBase64(encoding *base64.Encoding, text []byte, shift int) string {
	encoded := encoding.EncodeToString(append(make([]byte, shift), text...))
	whole := (shift + len(text)) / 3 * 4
	return encoded[[]int{0, 2, 3}[shift]:whole]
}

// sinks are the places that secrets must not get to, by name.
type sinks map[string][]byte

// find names each secret that is in a sink, with the notation.
func (s sinks) find(canaries ...canary) (found []string) {
	for sink, content := range s {
		for _, c := range canaries {
			for notation, text := range c.notations() {
				if bytes.Contains(content, text) {
					found = append(found, fmt.Sprintf("%s, %s, in %s", c.name, notation, sink))
				}
			}
		}
	}
	return found
}

func TestASecretIsFoundInEveryNotationWhereverItStands(t *testing.T) {
	t.Parallel()
	c := newCanary("it", `a:"%s"`)
	for notation, text := range map[string]string{
		"raw": fmt.Sprintf("%+v", struct{ Password string }{c.text}), "hex": fmt.Sprintf("%x", c.text), "HEX": fmt.Sprintf("%X", c.text),
		"decimal": fmt.Sprintf("%d", []byte(c.text)), "base64": base64.StdEncoding.EncodeToString([]byte("user:" + c.text)),
		"base64 again": base64.StdEncoding.EncodeToString([]byte("users:" + c.text)), "base64url": base64.URLEncoding.EncodeToString([]byte("userss:" + c.text)),
		"JSON": fmt.Sprintf("%q", c.text),
	} {
		require.NotEmpty(t, sinks{"log": []byte("before " + text + " after")}.find(c), notation)
	}
	require.Empty(t, sinks{"log": []byte("a:")}.find(c))

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for notation, written := range map[string]string{
		"PEM": string(text), "JSON": fmt.Sprintf("%q", text), "DER": string(der), "hex": fmt.Sprintf("%x", der), "base64": base64.StdEncoding.EncodeToString(der),
	} {
		require.NotEmpty(t, sinks{"log": []byte(written)}.find(pemCanaries(t, "a key", text)...), notation)
	}
}
