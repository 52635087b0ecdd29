package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5/middleware"
)

// built is what `make build` leaves in dist: index.html, and under assets/ what it loads, by names that change with their
// content. A program built without it serves no UI.
//
//go:embed all:dist
var built embed.FS

// ErrNotBuilt is returned where the program was built without the UI.
var ErrNotBuilt = errors.New("this program was built without its web UI: build it with make")

// noncePlace stands in index.html where each answer puts its own nonce.
const noncePlace = "__CSP_NONCE__"

// policy lets the page run the scripts of this server alone, none that stands in the page, and take styles that stand in it
// only by the nonce of this answer.
func policy(nonce string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// Handler serves the UI that was built into this program: its files by their names, and its page at every other path, where
// the page itself finds what to show. It fails with ErrNotBuilt.
func Handler() (http.Handler, error) {
	files, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, err
	}
	return handler(files)
}

func handler(files fs.FS) (http.Handler, error) {
	index, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	}
	if err != nil {
		return nil, err
	}
	serveFile := http.FileServerFS(files)
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		asset := strings.HasPrefix(name, "assets/")
		info, err := fs.Stat(files, name)
		switch {
		case err == nil && !info.IsDir() && name != "index.html":
			if asset {
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			serveFile.ServeHTTP(w, r)
		case asset:
			http.NotFound(w, r) // of another build: the page would be no answer to a script
		default:
			serveIndex(w, index)
		}
	})
	return middleware.Compress(5)(pages), nil
}

func serveIndex(w http.ResponseWriter, index []byte) {
	nonce := newNonce()
	w.Header().Set("Content-Security-Policy", policy(nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(bytes.ReplaceAll(index, []byte(noncePlace), []byte(nonce)))
}

// newNonce is 128 random bits, in letters that an attribute and a policy can hold.
func newNonce() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	return base64.RawURLEncoding.EncodeToString(random)
}
