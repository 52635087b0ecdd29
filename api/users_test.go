package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

const usersPath = "/api/v1/users"

func TestUsersAreKeptByAdministrators(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	made := s.must(201, s.admin, "POST", usersPath, map[string]any{"name": "Ada", "display_name": "Ada L.", "password": rightPassword})
	require.Equal(t, []any{"Ada", "Ada L.", false, false, true, nil}, []any{
		made["name"], made["display_name"], made["admin"], made["disabled"], made["has_password"], made["last_login_at"],
	})
	s.requireAudit(t, "user.create")
	path := usersPath + "/" + made["id"].(string)
	s.signedIn("ada")
	require.NotNil(t, s.must(200, s.admin, "GET", path, nil)["last_login_at"])
	require.Equal(t, []string{"name"}, s.refuse(409, "name_taken", s.admin, "POST", usersPath, map[string]any{"name": "aDA"}))
	require.Equal(t, false, s.must(201, s.admin, "POST", usersPath, map[string]any{"name": "bob"})["has_password"])
	require.Equal(t, []string{"Ada", "bob", "root"}, pluck(t, s.must(200, s.admin, "GET", usersPath, nil), "name"))
	require.Equal(t, []string{"Ada"}, pluck(t, s.must(200, s.admin, "GET", usersPath+"?q=a%20L", nil), "name"))
	page := s.must(200, s.admin, "GET", usersPath+"?limit=2", nil)
	require.Equal(t, []string{"root"}, pluck(t, s.must(200, s.admin, "GET", usersPath+"?limit=2&cursor="+page["next_cursor"].(string), nil), "name"))

	got := s.must(200, s.admin, "PUT", path, map[string]any{"name": "ada", "admin": true, "disabled": false})
	require.Equal(t, []any{"ada", "", true}, []any{got["name"], got["display_name"], got["admin"]})
	s.must(204, s.admin, "DELETE", path, nil)
	s.requireAudit(t, "user.delete")
	s.refuse(404, "not_found", s.admin, "DELETE", path, nil)
	require.Zero(t, s.count(`select count(*) from sessions`))
	require.Zero(t, s.count(`select count(*) from audit_entries a where a::text like '%' || $1 || '%'`, rightPassword))
}

func TestWhatIsSentOfAUserIsHeldToItsRules(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for field, body := range map[string]map[string]any{
		"name": {"name": strings.Repeat("x", 101)}, "display_name": {"name": "x", "display_name": strings.Repeat("x", 201)},
		"password": {"name": "x", "password": strings.Repeat("x", 11)},
	} {
		require.Equal(t, []string{field}, s.refuse(422, "invalid_field", s.admin, "POST", usersPath, body))
	}
	require.Equal(t, []string{"password"}, s.refuse(422, "invalid_field", s.admin, "POST", usersPath, map[string]any{"name": "A name of twelve", "password": "a NAME of twelve"}))
	s.must(201, s.admin, "POST", usersPath, map[string]any{
		"name": strings.Repeat("x", 100), "display_name": strings.Repeat("x", 200), "password": strings.Repeat("x", 256),
	})
	s.refuse(422, "required_field", s.admin, "PUT", usersPath+"/"+s.user("ada", false), map[string]any{"name": "ada"})
}

func TestTheLastEnabledAdministratorStaysOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	root := usersPath + "/" + s.must(200, s.admin, "GET", me, nil)["id"].(string)
	other := usersPath + "/" + s.user("other", true)
	s.must(200, s.admin, "PUT", other, map[string]any{"name": "other", "admin": true, "disabled": true})
	s.refuse(409, "last_administrator", s.admin, "DELETE", root, nil)
	s.refuse(409, "last_administrator", s.admin, "PUT", root, map[string]any{"name": "root", "admin": false, "disabled": false})
	s.refuse(409, "last_administrator", s.admin, "PUT", root, map[string]any{"name": "root", "admin": true, "disabled": true})
	s.must(200, s.admin, "PUT", root, map[string]any{"name": "super", "admin": true, "disabled": false})
	s.must(200, s.admin, "PUT", other, map[string]any{"name": "other", "admin": true, "disabled": false})
	s.must(204, s.admin, "DELETE", root, nil)
}

func TestChangingOnesPasswordEndsAllOtherSessionsAndRenewsThisOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b, other := s.signedIn("ada"), s.signedIn("ada")
	old := b.copied()
	change := func(current, fresh string) map[string]any {
		return map[string]any{"current_password": current, "new_password": fresh}
	}
	const fresh = "another horse battery"
	require.Contains(t, fmt.Sprint(b.must(422, "PUT", me+"/password", change("wrong", fresh))["errors"]), "current_password")
	require.Contains(t, fmt.Sprint(b.must(422, "PUT", me+"/password", change(rightPassword, "short"))["errors"]), "new_password")
	other.must(200, "GET", me, nil)
	b.must(204, "PUT", me+"/password", change(rightPassword, fresh))
	_, _, _, detail := s.requireAudit(t, "user.password.change")
	require.NotContains(t, detail, fresh)
	other.must(401, "GET", me, nil)
	b.must(200, "GET", me, nil)
	require.NotEqual(t, old.cookies[sessionCookie], b.cookies[sessionCookie])
	s.exec(`update sessions set previous_until = now() - interval '1 ms'`)
	old.must(401, "GET", me, nil)
	require.Equal(t, 401, s.browser("192.0.2.1").login("ada", rightPassword).status)
	require.Equal(t, 200, s.browser("192.0.2.1").login("ada", fresh).status)

	for range 2 {
		b.must(422, "PUT", me+"/password", change("wrong", fresh))
	}
	b.must(429, "PUT", me+"/password", change(fresh, rightPassword))
	token := s.token(fleet.TokenRequest{User: "ada", Name: "test"})
	s.refuse(403, "session_required", token, "PUT", me+"/password", change(fresh, rightPassword))
}

func TestWhoSignsInWithoutAPasswordHasNoneToChange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ada", false)
	b := s.signedIn("ada")
	s.exec(`update users set password_hash = null where name = 'ada'`)
	require.Equal(t, "no_password", b.must(409, "PUT", me+"/password", map[string]any{"current_password": "", "new_password": rightPassword})["code"])
}

func TestAnAdministratorGivesOthersAPasswordAndEndsTheirSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, eve := s.user("ada", false), s.user("eve", true)
	b, admin := s.signedIn("ada"), s.signedIn("eve")
	body := map[string]any{"password": "another horse battery"}
	admin.must(204, "PUT", usersPath+"/"+ada+"/password", body)
	s.requireAudit(t, "user.password.set")
	b.must(401, "GET", me, nil)
	b = s.browser("192.0.2.1")
	require.Equal(t, 200, b.login("ada", "another horse battery").status)
	require.Equal(t, "admin_required", b.must(403, "PUT", usersPath+"/"+eve+"/password", body)["code"])
	require.Equal(t, "own_password", admin.must(403, "PUT", usersPath+"/"+eve+"/password", body)["code"], "who got hold of a session gets not hold of the account")
	admin.must(422, "PUT", usersPath+"/"+ada+"/password", map[string]any{"password": "short"})
	admin.must(404, "PUT", usersPath+"/0197a0f0-0000-7000-8000-000000000000/password", body)
	s.refuse(403, "session_required", s.admin, "PUT", usersPath+"/"+ada+"/password", body)

	b.must(200, "GET", me, nil)
	s.must(204, s.admin, "DELETE", usersPath+"/"+ada+"/sessions", nil)
	s.requireAudit(t, "user.sessions.end")
	b.must(401, "GET", me, nil)
	admin.must(200, "GET", me, nil)
}

func TestDisablingAUserEndsTheSessionsForGood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := usersPath + "/" + s.user("ada", false)
	b, token := s.signedIn("ada"), s.token(fleet.TokenRequest{User: "ada", Name: "test"})
	put := func(disabled bool) {
		s.must(200, s.admin, "PUT", path, map[string]any{"name": "ada", "admin": false, "disabled": disabled})
	}
	put(true)
	b.must(401, "GET", me, nil)
	s.must(401, token, "GET", me, nil)
	put(false)
	b.must(401, "GET", me, nil)
	s.must(200, token, "GET", me, nil)
}

func TestMembersOfAGroupAreListedInOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	for name, role := range map[string]string{"bob": "viewer", "Ada": "operator"} {
		s.must(204, s.admin, "PUT", "/api/v1/groups/"+group+"/users/"+s.user(name, false), map[string]any{"role": role})
	}
	path := "/api/v1/groups/" + group + "/users"
	list := s.must(200, s.admin, "GET", path+"?limit=1", nil)
	require.Equal(t, []string{"operator"}, pluck(t, list, "role"))
	require.Equal(t, []string{"bob"}, pluck(t, s.must(200, s.admin, "GET", path+"?limit=1&cursor="+list["next_cursor"].(string), nil), "name"))
	require.Equal(t, 403, s.signedIn("bob").call("GET", path, nil).status)
}
