package main

import (
	"context"
	"io"
	"net/http"
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
