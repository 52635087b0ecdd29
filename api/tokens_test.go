package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

const tokensPath = "/api/v1/tokens"

func TestATokenIsShownOnceAndListedWithoutItsSecret(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.user("ada", false)
	b := s.signedIn("ada")
	made := b.must(201, "POST", tokensPath, map[string]any{"name": "ci", "scopes": []string{"read"}, "expires_in": "1h"})
	secret := made["secret"].(string)
	require.True(t, strings.HasPrefix(secret, "pm_"))
	require.Len(t, secret, 3+43, "256 bits in base64url")
	require.Equal(t, []any{user, "ada", []any{"read"}, nil}, []any{made["user_id"], made["owner"], made["scopes"], made["last_used_at"]})
	expires, err := time.Parse(time.RFC3339, made["expires_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), expires, time.Minute)
	_, _, _, detail := s.requireAudit(t, "token.create")
	require.NotContains(t, detail, secret[3:])
	s.must(200, secret, "GET", me, nil)

	list := b.call("GET", tokensPath, nil)
	require.NotContains(t, string(list.body), secret[3:])
	require.Equal(t, []string{"ci"}, pluck(t, list.json(t), "name"))
	path := tokensPath + "/" + made["id"].(string)
	require.NotNil(t, b.must(200, "GET", path, nil)["last_used_at"])
	b.must(204, "DELETE", path, nil)
	s.requireAudit(t, "token.revoke")
	s.must(401, secret, "GET", me, nil)
	b.must(404, "GET", path, nil)
	b.must(404, "DELETE", path, nil)
	require.Empty(t, items(t, b.must(200, "GET", tokensPath, nil)))
}

func TestTokensAreTheirOwnersAndAdministratorsSeeAll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.user("ada", false)
	s.user("eve", false)
	a, e := s.signedIn("ada"), s.signedIn("eve")
	path := tokensPath + "/" + a.must(201, "POST", tokensPath, map[string]any{"name": "of ada"})["id"].(string)
	e.must(201, "POST", tokensPath, map[string]any{"name": "of eve"})
	require.Equal(t, []string{"of eve"}, pluck(t, e.must(200, "GET", tokensPath, nil), "name"))
	require.Empty(t, items(t, e.must(200, "GET", tokensPath+"?user_id="+ada, nil)))
	e.must(404, "GET", path, nil)
	e.must(404, "DELETE", path, nil)
	require.Equal(t, []string{"of eve", "of ada", "test"}, pluck(t, s.must(200, s.admin, "GET", tokensPath, nil), "name"), "the latest first")
	require.Equal(t, []string{"of ada"}, pluck(t, s.must(200, s.admin, "GET", tokensPath+"?user_id="+ada, nil), "name"))
	page := s.must(200, s.admin, "GET", tokensPath+"?limit=2", nil)
	require.Equal(t, []string{"test"}, pluck(t, s.must(200, s.admin, "GET", tokensPath+"?limit=2&cursor="+page["next_cursor"].(string), nil), "name"))
	require.Empty(t, items(t, s.must(200, s.admin, "GET", tokensPath+"?user_id=x", nil)))
	s.must(204, s.admin, "DELETE", path, nil)
	require.Empty(t, items(t, a.must(200, "GET", tokensPath, nil)))
}

func TestATokenLastsAMinuteToTheLongestOfTheSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, lasts := range []string{"1m", "8760h"} {
		s.must(201, s.admin, "POST", tokensPath, map[string]any{"name": "x", "expires_in": lasts})
	}
	for _, lasts := range []string{"59s", "8760h1s", "0", "-1h", "", "x", "1d"} {
		require.Equal(t, []string{"expires_in"}, s.refuse(422, "invalid_field", s.admin, "POST", tokensPath, map[string]any{"name": "x", "expires_in": lasts}), lasts)
	}
	require.Equal(t, []string{"name"}, s.refuse(422, "invalid_field", s.admin, "POST", tokensPath, map[string]any{"name": strings.Repeat("x", 101)}))
	for _, scopes := range [][]string{{"write"}, {}, {"read", "write", "read"}} {
		require.Equal(t, []string{"scopes"}, s.refuse(422, "invalid_field", s.admin, "POST", tokensPath, map[string]any{"name": "x", "scopes": scopes}))
	}
	made := s.must(201, s.admin, "POST", tokensPath, map[string]any{"name": "x"})
	require.Equal(t, []any{"read", "write"}, made["scopes"])
	require.Equal(t, 1, s.count(`select count(*) from api_tokens where expires_at between now() + interval '2159 h' and now() + interval '2160 h'`), "90 days unless it says")
}

func TestATokenMakesNoneThatOutlivesIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	soon := time.Now().Add(time.Hour)
	token := s.token(fleet.TokenRequest{User: "root", Admin: true, Name: "soon", ExpiresAt: &soon})
	require.Equal(t, []string{"expires_in"}, s.refuse(422, "invalid_field", token, "POST", tokensPath, map[string]any{"name": "x", "expires_in": "2h"}))
	s.must(201, token, "POST", tokensPath, map[string]any{"name": "unsaid"})
	require.Equal(t, 1, s.count(`select count(*) from api_tokens where name = 'unsaid' and expires_at <= $1`, soon))
	s.must(201, token, "POST", tokensPath, map[string]any{"name": "x", "expires_in": "59m"})
}

func TestATokenIsRevokedWithTheOneThatMadeIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.signedIn("ada")
	other := b.must(201, "POST", tokensPath, map[string]any{"name": "other"})["secret"].(string)
	first := b.must(201, "POST", tokensPath, map[string]any{"name": "first"})
	second := s.must(201, first["secret"].(string), "POST", tokensPath, map[string]any{"name": "second"})["secret"].(string)
	third := s.must(201, second, "POST", tokensPath, map[string]any{"name": "third"})["secret"].(string)
	s.must(200, third, "GET", me, nil)
	b.must(204, "DELETE", tokensPath+"/"+first["id"].(string), nil)
	_, _, _, detail := s.requireAudit(t, "token.revoke")
	require.Contains(t, detail, `"made_by_it":2`)
	for _, gone := range []string{first["secret"].(string), second, third} {
		s.must(401, gone, "GET", me, nil)
	}
	s.must(200, other, "GET", me, nil)
}

// In random worlds whatever a token may, its owner may too, and what it sees of a list its owner sees.
func TestATokenNeverMayMoreThanItsOwnerAtThatMoment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	groups := []string{s.group("a"), s.group("b")}
	paths := []string{}
	for i := range 4 {
		paths = append(paths, hosts+"/"+s.host(fmt.Sprint("h", i), groups[i%2]))
	}
	user := s.user("ada", false)
	tokens := map[bool]string{}
	for _, readOnly := range []bool{false, true} {
		tokens[readOnly] = s.token(fleet.TokenRequest{User: "ada", Name: "test", ReadOnly: readOnly})
	}
	b := s.signedIn("ada")
	rapid.Check(t, func(r *rapid.T) {
		s.exec(`delete from group_users`)
		s.exec(`update users set is_admin = $1 where id = $2`, rapid.Bool().Draw(r, "admin"), user)
		for _, g := range groups {
			if role := rapid.SampledFrom([]string{"", "viewer", "operator"}).Draw(r, "role"); role != "" {
				s.exec(`insert into group_users values ($1, $2, $3)`, g, user, role)
			}
		}
		token := tokens[rapid.Bool().Draw(r, "read only")]
		owned := pluck(t, b.must(200, "GET", hosts, nil), "id")
		for _, id := range pluck(t, s.must(200, token, "GET", hosts, nil), "id") {
			require.Contains(t, owned, id)
		}
		for _, call := range []struct {
			method, path string
			body         any
		}{
			{"GET", usersPath, nil},
			{"GET", rapid.SampledFrom(paths).Draw(r, "host"), nil},
			{"POST", rapid.SampledFrom(paths).Draw(r, "checked") + "/health-checks", serviceCheck(uuid.NewString()[:8])},
			{"PUT", "/api/v1/groups/" + groups[0], map[string]any{"name": "a"}},
			{"POST", usersPath, map[string]any{"name": uuid.NewString()}},
		} {
			if s.call(token, call.method, call.path, call.body).status >= 300 {
				continue
			}
			s.exec(`delete from host_health_checks`)
			if body, ok := call.body.(map[string]any); ok && call.path == usersPath {
				body["name"] = uuid.NewString()
			}
			require.Less(t, b.call(call.method, call.path, call.body).status, 300, "%s %s", call.method, call.path)
		}
	})
}

func TestAScopeIsReadOrReadAndWriteAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, scopes := range []string{"{}", "{write}", "{read,admin}", "{write,read}"} {
		_, err := s.pool.Exec(context.Background(), `update api_tokens set scopes = $1::text[]`, scopes)
		require.ErrorContains(t, err, "api_tokens_scopes_check", scopes)
	}
}
