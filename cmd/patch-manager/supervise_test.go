package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/stretchr/testify/require"
)

// attended runs an attendant in virtual time for as long as during lasts, and returns what it told, with when.
func attended(t *testing.T, every time.Duration, alive func() error, during func()) (told []string, at []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		a := attendant{every: every, alive: func(context.Context) error { return alive() }, tell: func(state string) {
			told, at = append(told, state), append(at, time.Since(from))
		}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.run(ctx) }()
		during()
		cancel()
		require.NoError(t, <-ended)
	})
	return told, at
}

func TestTheServiceManagerIsToldWhenAProcessServesLivesAndStops(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	told, at := attended(t, 10*time.Second, func() error {
		if !up.Load() {
			return errors.New("not yet")
		}
		return nil
	}, func() {
		time.Sleep(990 * time.Millisecond) // between two looks
		up.Store(true)
		time.Sleep(25 * time.Second)
	})
	require.Equal(t, []string{daemon.SdNotifyReady, daemon.SdNotifyWatchdog, daemon.SdNotifyWatchdog, daemon.SdNotifyStopping}, told)
	require.Equal(t, time.Second, at[0])
	require.Equal(t, []time.Duration{11 * time.Second, 21 * time.Second}, at[1:3])
}

func TestAProcessThatHangsTellsNothing(t *testing.T) {
	t.Parallel()
	looks := 0
	told, _ := attended(t, 10*time.Second, func() error {
		if looks++; looks > 2 {
			return errors.New("hangs")
		}
		return nil
	}, func() { time.Sleep(time.Hour) })
	require.Equal(t, []string{daemon.SdNotifyReady, daemon.SdNotifyWatchdog, daemon.SdNotifyStopping}, told)
}

func TestAProcessThatNeverServedIsNotSaidTo(t *testing.T) {
	t.Parallel()
	told, _ := attended(t, 10*time.Second, func() error { return errors.New("no") }, func() { time.Sleep(time.Hour) })
	require.Equal(t, []string{daemon.SdNotifyStopping}, told)
}

func TestWhereNobodyWaitsForSignsOfLifeThereAreNone(t *testing.T) {
	t.Parallel()
	told, _ := attended(t, 0, func() error { return nil }, func() { time.Sleep(time.Hour) })
	require.Equal(t, []string{daemon.SdNotifyReady, daemon.SdNotifyStopping}, told)
}

func TestAServerIsAliveWhileItAnswersOnItsOwnAddress(t *testing.T) {
	t.Parallel()
	status := atomic.Int64{}
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.WriteHeader(int(status.Load()))
		} else {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for _, listen := range []string{"127.0.0.1:" + port, "0.0.0.0:" + port, ":" + port} {
		require.NoError(t, answers(listen)(t.Context()), listen)
	}
	status.Store(http.StatusInternalServerError)
	require.ErrorContains(t, answers("127.0.0.1:"+port)(t.Context()), "500")
	server.Close()
	require.Error(t, answers("127.0.0.1:"+port)(t.Context()))
}
