package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
)

func TestRequestWithoutAValidTokenIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	expired := time.Now().Add(-time.Second)
	old := s.token(fleet.TokenRequest{User: "root", Admin: true, Name: "old", ExpiresAt: &expired})
	revoked := s.token(fleet.TokenRequest{User: "root", Admin: true, Name: "revoked"})
	s.exec(`update api_tokens set revoked_at = now() where name = 'revoked'`)
	bodies := map[string]bool{}
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic " + s.admin, s.admin, "Bearer " + old, "Bearer " + revoked, "Bearer pm_x", "Bearer " + strings.Repeat("x", 5000)} {
		a := s.call("", "GET", hosts, nil, "Authorization", header)
		require.Equal(t, 401, a.status, header)
		require.Equal(t, "unauthenticated", a.json(t)["code"])
		require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
		bodies[string(a.body)] = true
	}
	require.Len(t, bodies, 1, "nothing tells why a token is not valid")
	future := time.Now().Add(time.Hour)
	s.must(200, s.token(fleet.TokenRequest{User: "root", Name: "new", ExpiresAt: &future}), "GET", hosts, nil)
	s.must(200, "", "GET", hosts, nil, "Authorization", "bearer "+s.admin)
}

func TestTokenIsStoredAsItsHashAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.True(t, strings.HasPrefix(s.admin, "pm_"))
	require.Len(t, s.admin, 3+43, "256 bits in base64url")
	require.Equal(t, 1, s.count(`select count(*) from api_tokens where token_hash = sha256($1::bytea)`, []byte(s.admin)))
	require.Zero(t, s.count(`select count(*) from api_tokens t where t::text like '%' || $1 || '%'`, s.admin[3:]))
	require.Zero(t, s.count(`select count(*) from audit_entries a where a::text like '%' || $1 || '%'`, s.admin[3:]))
}

func TestLastUseOfATokenIsWrittenAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	used := func() time.Time {
		var at time.Time
		require.NoError(t, s.pool.QueryRow(context.Background(), `select last_used_at from api_tokens`).Scan(&at))
		return at
	}
	s.must(200, s.admin, "GET", hosts, nil)
	first := used()
	s.must(200, s.admin, "GET", hosts, nil)
	require.Equal(t, first, used())
	s.exec(`update api_tokens set last_used_at = now() - interval '61 s'`)
	s.must(200, s.admin, "GET", hosts, nil)
	require.True(t, used().After(first) || used().Equal(first))
	require.WithinDuration(t, time.Now(), used(), 10*time.Second)
}

func TestRolesAreThoseHeldAtThisMoment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	path := hosts + "/" + s.host("a.example.com", group)
	token := s.member(map[string]fleet.Role{group: fleet.RoleViewer})
	s.must(200, token, "GET", path, nil)
	var user string
	require.NoError(t, s.pool.QueryRow(context.Background(), `select user_id::text from group_users`).Scan(&user))
	s.must(204, s.admin, "PUT", "/api/v1/groups/"+group+"/users/"+user, map[string]any{"role": "operator"})
	s.must(200, token, "PUT", path, map[string]any{"fqdn": "b.example.com"})
	s.must(204, s.admin, "DELETE", "/api/v1/groups/"+group+"/users/"+user, nil)
	s.refuse(404, "not_found", token, "GET", path, nil)
	s.refuse(404, "not_found", s.admin, "DELETE", "/api/v1/groups/"+group+"/users/"+user, nil)
}

func TestGroupsAndUsersOfGroupsAreTheAdministrators(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own, foreign := s.group("own"), s.group("foreign")
	operator := s.member(map[string]fleet.Role{own: fleet.RoleOperator})
	groups := "/api/v1/groups"
	s.refuse(403, "admin_required", operator, "POST", groups, map[string]any{"name": "x"})
	s.refuse(403, "admin_required", operator, "PUT", groups+"/"+own, map[string]any{"name": "x"})
	s.refuse(403, "admin_required", operator, "DELETE", groups+"/"+own, nil)
	s.refuse(403, "admin_required", operator, "PUT", groups+"/"+own+"/users/"+uuid.NewString(), map[string]any{"role": "viewer"})
	s.refuse(403, "admin_required", operator, "DELETE", groups+"/"+own+"/users/"+uuid.NewString(), nil)
	s.refuse(404, "not_found", operator, "PUT", groups+"/"+foreign, map[string]any{"name": "x"})
	s.refuse(404, "not_found", s.admin, "PUT", groups+"/"+own+"/users/"+uuid.NewString(), map[string]any{"role": "viewer"})
	require.Equal(t, []string{"role"}, s.refuse(422, "invalid_field", s.admin, "PUT", groups+"/"+own+"/users/"+uuid.NewString(), map[string]any{"role": "admin"}))
	require.Equal(t, []string{"own"}, pluck(t, s.must(200, operator, "GET", groups, nil), "name"))
	require.Equal(t, []string{"foreign", "own"}, pluck(t, s.must(200, s.admin, "GET", groups, nil), "name"))
}

func TestGroupIsNamedOnceCountsItsMembersAndWakesItsHostsWhenDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("Web")
	require.Equal(t, []string{"name"}, s.refuse(409, "name_taken", s.admin, "POST", "/api/v1/groups", map[string]any{"name": "wEB"}))
	require.Equal(t, []string{"name"}, s.refuse(422, "invalid_field", s.admin, "POST", "/api/v1/groups", map[string]any{"name": strings.Repeat("n", 101)}))
	require.Equal(t, []string{"name"}, s.refuse(422, "invalid_field", s.admin, "POST", "/api/v1/groups", map[string]any{"name": "  "}))
	require.Equal(t, []string{"description"}, s.refuse(422, "invalid_field", s.admin, "POST", "/api/v1/groups", map[string]any{"name": "x", "description": strings.Repeat("n", 2001)}))
	s.must(201, s.admin, "POST", "/api/v1/groups", map[string]any{"name": strings.Repeat("n", 100), "description": strings.Repeat("n", 2000)})
	host := s.host("a.example.com", group)
	s.member(map[string]fleet.Role{group: fleet.RoleViewer})
	got := s.must(200, s.admin, "PUT", "/api/v1/groups/"+group, map[string]any{"name": "web", "description": "two\nlines"})
	require.Equal(t, []any{"web", "two\nlines", 1.0, 1.0}, []any{got["name"], got["description"], got["host_count"], got["user_count"]})
	s.must(204, s.admin, "DELETE", "/api/v1/groups/"+group, nil)
	require.Equal(t, 1, s.count(`select count(*) from wakeups where host_id = $1`, host))
	s.must(200, s.admin, "GET", hosts+"/"+host, nil)
}

// TestListsShowExactlyTheHostsOfTheCallersGroups draws memberships and compares what the list, the filters and the single
// reads show with what the rule says.
func TestListsShowExactlyTheHostsOfTheCallersGroups(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	groups := []string{s.group("a"), s.group("b"), s.group("c")}
	names := map[string]string{}
	for _, n := range []string{"h1", "h2", "h3", "h4", "h5"} {
		names[s.host(n)] = n
	}
	rapid.Check(t, func(r *rapid.T) {
		s.exec(`delete from group_hosts`)
		in := map[string][]string{}
		for id := range names {
			for _, g := range groups {
				if rapid.Bool().Draw(r, "member") {
					s.exec(`insert into group_hosts values ($1, $2)`, g, id)
					in[id] = append(in[id], g)
				}
			}
		}
		roles := map[string]fleet.Role{}
		for _, g := range groups {
			if role := rapid.SampledFrom([]fleet.Role{"", fleet.RoleOperator, fleet.RoleViewer}).Draw(r, "role"); role != "" {
				roles[g] = role
			}
		}
		token := s.member(roles)
		want := []string{}
		for id, name := range names {
			visible := false
			for _, g := range in[id] {
				_, held := roles[g]
				visible = visible || held
			}
			a := s.call(token, "GET", hosts+"/"+id, nil)
			if !visible {
				require.Equal(t, 404, a.status)
				continue
			}
			require.Equal(t, 200, a.status)
			want = append(want, name)
		}
		require.ElementsMatch(t, want, pluck(t, s.must(200, token, "GET", hosts, nil), "fqdn"))
		for _, g := range groups {
			for _, seen := range items(t, s.must(200, token, "GET", hosts+"?group_id="+g, nil)) {
				require.Contains(t, roles, g)
				require.Contains(t, in[seen["id"].(string)], g)
			}
		}
	})
}

func TestEveryOperationButTheProbesTakesAToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json", "/docs"} {
		require.Equal(t, 200, s.call("", "GET", path, nil).status, path)
	}
	for _, path := range []string{"/api/v1/hosts", "/api/v1/groups", "/api/v1/hosts/x", "/api/v1/groups/x"} {
		require.Equal(t, 401, s.call("", "GET", path, nil).status, path)
	}
}

func TestDatabaseThatIsAwayAnswers503WithRetryAfterAndTheProbeNamesIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	cfg.Store = awayStore(t)
	cfg.Ready = map[string]func(context.Context) error{"postgres": awayStore(t).Ping, "temporal": func(context.Context) error { return nil }}
	s.handler = api.New(cfg)
	for _, path := range []string{hosts, "/api/v1/groups"} {
		a := s.call(s.admin, "GET", path, nil)
		require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
		require.Equal(t, "database_unavailable", a.json(t)["code"])
		require.Equal(t, "5", a.header.Get("Retry-After"))
	}
	a := s.call("", "GET", "/readyz", nil)
	require.Equal(t, 503, a.status)
	require.Equal(t, map[string]any{"postgres": "unavailable", "temporal": "ok"}, a.json(t)["checks"])
	require.Equal(t, 200, s.call("", "GET", "/healthz", nil).status, "the process itself serves")
}

func TestDependencyThatRequestsDoWithoutIsNamedAndTheProcessStaysReady(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	cfg.Optional = map[string]func(context.Context) error{"temporal": func(context.Context) error { return errors.New("refused") }}
	s.handler = api.New(cfg)
	got := s.must(200, "", "GET", "/readyz", nil)
	require.Equal(t, "degraded", got["status"])
	require.Equal(t, map[string]any{"postgres": "ok", "temporal": "unavailable"}, got["checks"])
}

func TestDatabaseThatTakesConnectionsAndNeverAnswersIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	cfg.Store = silentStore(t)
	s.handler = api.New(cfg)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := cfg.Store.Authenticate(ctx, s.admin)
	require.True(t, fleet.IsKind(err, fleet.KindUnavailable), "%v", err)
}
