package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long requests get to end once we are told to stop; streams that would never end are cut after the first part.
const (
	drainFor = 5 * time.Second
	cutFor   = 2 * time.Second
)

// limits is what one client may take of the server: a stranger must not hold a connection by sending or taking a byte now
// and then, nor fill memory and log with headers.
type limits struct {
	head, send, take time.Duration // for its headers, its whole request, and until it has the whole answer
	headers          int           // bytes
}

// serverLimits lets an operation have its 30 s, and who waits for its answer some more. What lasts, such as the event stream,
// bounds each of its writes itself.
var serverLimits = limits{head: 10 * time.Second, send: 30 * time.Second, take: 90 * time.Second, headers: 64 << 10}

// serve answers requests on address until ctx ends, and lets those under way end.
func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	// Requests outlive ctx: being told to stop is no reason to cut them.
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := newServer(handler, serverLimits)
	server.BaseContext = func(net.Listener) context.Context { return requests }
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	slog.Info("listening", "address", listener.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	slog.Info("stopping")
	return drain(requests, server, cut)
}

func newServer(handler http.Handler, l limits) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: l.head,
		ReadTimeout:       l.send,
		WriteTimeout:      l.take,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    l.headers,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
}

func drain(ctx context.Context, server *http.Server, cut func()) error {
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	if err := server.Shutdown(stopping); err == nil {
		return nil
	}
	cut()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutFor)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("end requests: %w", err), server.Close())
	}
	return nil
}
