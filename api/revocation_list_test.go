package api_test

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/store/storetest"
)

const revocationList = "/api/v1/pki/crl.pem"

func TestTheRevocationListIsSignedOnceInAWhileHoweverOftenItIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.call("", "GET", revocationList, nil)
	require.Equal(t, "application/x-pem-file", first.header.Get("Content-Type"))
	require.Equal(t, string(first.body), string(s.call("", "GET", revocationList, nil).body))
}

// askForList asks for the list and returns the status of the answer.
func (s *site) askForList(ctx context.Context) int {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", revocationList, nil))
	return w.Code
}

func TestNobodyWaitsForTheRevocationListLongerThanTheirContextAndAllShareOneQuery(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := storetest.Owner(t, s.pool)
	stuck, err := owner.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = stuck.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = stuck.Exec(t.Context(), `lock table certificates`)
	require.NoError(t, err)
	queries := func() (n int) {
		require.NoError(t, owner.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&n))
		return n
	}

	patient := make(chan int, 1)
	go func() { patient <- s.askForList(context.WithoutCancel(t.Context())) }()
	require.Eventually(t, func() bool { return queries() == 1 }, 10*time.Second, time.Millisecond)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var others sync.WaitGroup
	for range 20 {
		others.Go(func() { s.askForList(ctx) })
	}
	left := make(chan struct{})
	go func() { defer close(left); others.Wait() }()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Fatal("those whose time is over wait for somebody else's query")
	}
	require.Empty(t, patient, "who still has time goes on waiting")
	require.LessOrEqual(t, queries(), 1)

	require.Equal(t, 503, <-patient, "a query that is stuck ends by itself")
	require.NoError(t, stuck.Rollback(t.Context()))
	require.Equal(t, 200, s.askForList(t.Context()))
}
