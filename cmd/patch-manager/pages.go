package main

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/patch-manager/patch-manager/web"
)

// pages is the web UI, or nil where this program was built without it, which `go build` alone does.
func pages() (http.Handler, error) {
	h, err := web.Handler()
	if errors.Is(err, web.ErrNotBuilt) {
		slog.Warn(err.Error())
		return nil, nil
	}
	return h, err
}
