package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/devstack"
)

// startServing serves handler and returns its URL and what ends it.
func startServing(t *testing.T, handler http.HandlerFunc) (string, context.CancelFunc, <-chan error) {
	t.Helper()
	port, err := devstack.FreePort()
	require.NoError(t, err)
	address := devstack.Address(port)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, address, handler) }()
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + address + "/up")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil
	}, 10*time.Second, 10*time.Millisecond)
	return "http://" + address, cancel, ended
}

func TestARequestUnderWayEndsBeforeTheServerDoes(t *testing.T) {
	t.Parallel()
	began, goOn := make(chan struct{}), make(chan struct{})
	url, stop, ended := startServing(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(began)
			<-goOn
		}
		_, _ = io.WriteString(w, "whole")
	})
	answer := make(chan string, 1)
	go func() {
		response, err := http.Get(url + "/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-began
	stop()
	require.Eventually(t, func() bool {
		response, err := http.Get(url + "/up")
		if err == nil {
			response.Body.Close()
		}
		return err != nil
	}, 10*time.Second, 10*time.Millisecond, "no new request is taken")
	close(goOn)
	require.Equal(t, "whole", <-answer)
	require.NoError(t, <-ended)
}

func TestAStreamThatNeverEndsDoesNotKeepTheServer(t *testing.T) {
	t.Parallel()
	began := make(chan struct{})
	url, stop, ended := startServing(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/stream" {
			return
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		close(began)
		<-r.Context().Done()
	})
	response, err := http.Get(url + "/stream")
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	<-began
	stop()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(drainFor + cutFor + 10*time.Second):
		require.Fail(t, "the server still serves")
	}
}

// startLimited serves handler with limits of a moment and returns a connection to it.
func startLimited(t *testing.T, handler http.HandlerFunc) net.Conn {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config = newServer(handler, limits{
		head: time.Minute, send: 200 * time.Millisecond, take: 400 * time.Millisecond, headers: serverLimits.headers,
	})
	server.Start()
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestWhoTakesTheAnswerByAndByDoesNotKeepTheConnection(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	conn := startLimited(t, func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 64<<20)) // more than the kernel takes off us
		ended <- err
	})
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case err := <-ended:
		require.Error(t, err)
	case <-time.After(20 * time.Second):
		require.Fail(t, "it is still written")
	}
}

func TestWhoSendsARequestByAndByDoesNotKeepTheConnection(t *testing.T) {
	t.Parallel()
	conn := startLimited(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err = io.ReadAll(conn)
	require.NoError(t, err, "the server ends the connection")
}

func TestAStreamOutlastsTheLimits(t *testing.T) {
	t.Parallel()
	conn := startLimited(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Time{}) // as the event stream does
		_, _ = io.WriteString(w, "first ")
		_ = control.Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
		_, _ = io.WriteString(w, fmt.Sprint("last ", r.Context().Err()))
	})
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "last <nil>")
}

func TestHeadersAreBoundedBeforeAnybodyLooksAtThem(t *testing.T) {
	t.Parallel()
	conn := startLimited(t, func(http.ResponseWriter, *http.Request) {})
	_, err := io.WriteString(conn, "GET /"+strings.Repeat("x", serverLimits.headers+4096)+" HTTP/1.1\r\n") // net/http allows 4 KiB more
	require.NoError(t, err)
	answer := make([]byte, 12)
	_, err = io.ReadFull(conn, answer)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 431", string(answer))
}

func TestTheProbesOfAWorkerHaveTheStrictHeaders(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/healthz", "/nothing"} {
		answer := httptest.NewRecorder()
		probes(nil, nil, nil).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		require.Contains(t, answer.Header().Get("Content-Security-Policy"), "default-src 'none'", path)
		require.Equal(t, "no-store", answer.Header().Get("Cache-Control"), path)
	}
}
