package api_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// awayStore is a store on a port that nobody listens on.
func awayStore(t *testing.T) *store.Store {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=2")
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return store.New(pool, storetest.AuditKey)
}

// silentStore is a store on a port that takes connections and says nothing.
func silentStore(t *testing.T) *store.Store {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	pool, err := pgxpool.New(context.Background(), "postgres://nobody@"+listener.Addr().String()+"/none?sslmode=disable")
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return store.New(pool, storetest.AuditKey)
}

func TestBodyOfOneMebibyteIsReadAndOneByteMoreIsNot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	body := func(size int) string {
		open, end := `{"fqdn": "a.example.com", "display_name": "`, `"}`
		return open + strings.Repeat("x", size-len(open)-len(end)) + end
	}
	a := s.call(s.admin, "POST", hosts, body(1<<20))
	require.Equal(t, 422, a.status, "it was read: the name is too long")
	s.refuse(413, "body_too_large", s.admin, "POST", hosts, body(1<<20+1))
}

func TestMalformedBodyIsAProblem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, body := range []string{"{", "nonsense", `{"fqdn":"a.example.com"} {}`} {
		s.refuse(400, "malformed_request", s.admin, "POST", hosts, body)
	}
	for _, body := range []string{"[]", `"x"`, "7", "null"} {
		a := s.call(s.admin, "POST", hosts, body)
		require.Contains(t, []int{400, 422}, a.status, body)
		require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	}
	s.refuse(400, "malformed_request", s.admin, "POST", hosts, nil)
	s.refuse(415, "unsupported_media_type", s.admin, "POST", hosts, "fqdn=a", "Content-Type", "application/x-www-form-urlencoded")
	require.Zero(t, s.count(`select count(*) from hosts`))
}

func TestUnknownPathAndMethodAreProblems(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.refuse(404, "route_not_found", s.admin, "GET", "/api/v1/nothing", nil)
	s.refuse(405, "method_not_allowed", s.admin, "PATCH", hosts, nil)
}

func TestTextThatTheDatabaseCanNotHoldIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, query := range []string{"q=%00", "q=%ff", "label=a%3D%00", "zone=%00"} {
		s.refuse(422, "invalid_field", s.admin, "GET", hosts+"?"+query, nil)
	}
}

func TestRequestIDIsTakenOverWhereItIsOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.Equal(t, "abc-1", s.call(s.admin, "GET", hosts, nil, "X-Request-Id", "abc-1").header.Get("X-Request-Id"))
	for _, bad := range []string{"", "a b", strings.Repeat("x", 65), "a\"b"} {
		got := s.call(s.admin, "GET", hosts, nil, "X-Request-Id", bad).header.Get("X-Request-Id")
		require.NotEqual(t, bad, got)
		require.Len(t, got, 36)
	}
	require.Contains(t, s.log.String(), "request_id=abc-1")
	require.NotContains(t, s.log.String(), s.admin, "the token stays out of the log")
}

// brokenStore fails in ways that must not reach the caller.
type brokenStore struct {
	*store.Store
	fail func() error
}

func (b brokenStore) Groups(context.Context, fleet.Scope, fleet.GroupFilter) ([]fleet.Group, error) {
	return nil, b.fail()
}

func TestDefectsAndPanicsAnswer500WithoutTheirText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("password=hunter2") },
		"panic": func() error { _ = []int{}[len("hunter2")]; return nil },
	} {
		cfg := s.config()
		cfg.Store = brokenStore{s.store, fail}
		s.handler = api.New(cfg)
		a := s.call(s.admin, "GET", "/api/v1/groups", nil)
		require.Equal(t, 500, a.status, name)
		require.Equal(t, "internal", a.json(t)["code"], name)
		require.NotContains(t, string(a.body), "hunter2", name)
		require.Contains(t, s.log.String(), map[string]string{"error": "hunter2", "panic": "index out of range [7]"}[name])
	}
}
