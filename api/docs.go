package api

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
)

// docsFiles is the docs page: a page, its script and its style, all from this process.
//
//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the page load nothing from any other host and run nothing that stands in the page.
const docsPolicy = strictPolicy + "; script-src 'self'; style-src 'self'; connect-src 'self'"

// serveDocs serves the document and the page that shows it.
func serveDocs(mux chi.Router, doc *huma.OpenAPI) {
	encoded := encodeDocument(doc)
	mux.Get("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(encoded)
	})
	mux.Get("/docs", serveDocsFile("index.html", "text/html; charset=utf-8"))
	mux.Get("/docs/docs.js", serveDocsFile("docs.js", "text/javascript; charset=utf-8"))
	mux.Get("/docs/docs.css", serveDocsFile("docs.css", "text/css; charset=utf-8"))
}

func serveDocsFile(name, contentType string) http.HandlerFunc {
	content, err := docsFiles.ReadFile("docs/" + name)
	if err != nil {
		panic(fmt.Sprintf("read embedded docs: %v", err)) // the file was there when this was built
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", docsPolicy)
		_, _ = w.Write(content)
	}
}

// encodeDocument is the document as indented JSON, the same bytes every time.
func encodeDocument(doc *huma.OpenAPI) []byte {
	encoded, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("encode openapi document: %v", err)) // every part of it is ours
	}
	return append(encoded, '\n')
}
