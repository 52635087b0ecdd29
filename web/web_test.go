package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	h, err := handler(fstest.MapFS{
		"index.html":       {Data: []byte(`<meta nonce="` + noncePlace + `"><style nonce="` + noncePlace + `">`)},
		"favicon.svg":      {Data: []byte("<svg/>")},
		"assets/app-1a.js": {Data: []byte(strings.Repeat("run();", 1000))},
	})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

func TestEveryPathOfThePagesIsThePageWithANonceOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, path := range []string{"/", "/index.html", "/hosts", "/hosts/1.2", "/assets", "/../etc/passwd", "/a/b/c"} {
		answer := get(t, path)
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		body := text(t, answer.Body)
		nonce := regexp.MustCompile(`style nonce="([\w-]{22})"`).FindStringSubmatch(body)
		require.NotNil(t, nonce, body)
		require.NotContains(t, body, noncePlace)
		csp := answer.Header.Get("Content-Security-Policy")
		require.Contains(t, csp, "style-src 'self' 'nonce-"+nonce[1]+"'")
		require.Contains(t, csp, "script-src 'self';")
		require.NotContains(t, csp, "unsafe")
		require.False(t, seen[nonce[1]], "a nonce twice")
		seen[nonce[1]] = true
	}
}

func TestAssetsAreKeptForEverAndCompressedAndMissingOnesAreNotThePage(t *testing.T) {
	t.Parallel()
	answer := get(t, "/assets/app-1a.js", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", answer.Header.Get("Content-Encoding"))
	require.Contains(t, answer.Header.Get("Cache-Control"), "immutable")
	unpacked, err := gzip.NewReader(answer.Body)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("run();", 1000), text(t, unpacked))
	require.Equal(t, http.StatusNotFound, get(t, "/assets/app-2b.js").StatusCode)

	icon := get(t, "/favicon.svg")
	require.Equal(t, "<svg/>", text(t, icon.Body))
	require.Empty(t, icon.Header.Get("Cache-Control"), "it may change with the next build")
}

func TestAProgramWithoutItsUISaysSo(t *testing.T) {
	t.Parallel()
	_, err := handler(fstest.MapFS{".gitkeep": {}})
	require.ErrorIs(t, err, ErrNotBuilt)
}
