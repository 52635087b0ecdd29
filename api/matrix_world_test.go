package api_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// world is a small fleet on a database of its own. It has one thing of each kind in a group that the personas are in,
// and one in a group that they are not in, each by the path of its collection.
type world struct {
	*site
	inside, outside things
	sign            map[string]func(*http.Request) // puts the credential of a persona into a request
}

// things are ids by the path of their collection, without the ids in it.
type things map[string]string

func newWorld(t testing.TB, r row) *world {
	t.Helper()
	w := &world{site: newSite(t), sign: map[string]func(*http.Request){}}
	w.inside, w.outside = w.plant("inside"), w.plant("outside")
	// Whoever operates the outside sees a job that has a host inside, too.
	w.outside["jobs"] = w.job(w.admin, map[string]any{"host_ids": []string{w.inside["hosts"], w.outside["hosts"]}})
	roles := func(of things, role fleet.Role) map[string]fleet.Role {
		return map[string]fleet.Role{of["groups"]: role, of["groups/second"]: role}
	}
	users := map[string]fleet.TokenRequest{
		"admin": {Admin: true}, "disabled": {Admin: true}, "nowhere": {},
		"viewer":    {Roles: roles(w.inside, fleet.RoleViewer)},
		"operator":  {Roles: roles(w.inside, fleet.RoleOperator)},
		"elsewhere": {Roles: roles(w.outside, fleet.RoleOperator)},
	}
	var elsewhereID string
	for _, p := range personas {
		w.sign[p.name] = w.credential(p, users[p.user])
	}
	require.NoError(t, w.pool.QueryRow(t.Context(), `select id from users where name = 'elsewhere'`).Scan(&elsewhereID))
	w.outside["users"] = elsewhereID // whose tokens a list of tokens can be asked for
	w.exec(`update users set disabled_at = now() where name = 'disabled'`)
	if r.given != "" {
		w.exec(w.inside.fill(r.given))
	}
	return w
}

// credential makes what a persona is known by, and the user where it is the first of that name.
func (w *world) credential(p persona, r fleet.TokenRequest) func(*http.Request) {
	w.t.Helper()
	if p.user == "" {
		return func(*http.Request) {}
	}
	r.User, r.Name = p.user, p.name
	token, err := w.store.CreateToken(context.Background(), fleet.Actor{Name: "test"}, r)
	require.NoError(w.t, err)
	table, id := "api_tokens", token.ID
	sign := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token.Secret) }
	if p.with == aSession {
		session, err := w.store.SignIn(context.Background(), fleet.Caller{}, fleet.SignIn{UserID: token.UserID, Method: fleet.MethodOIDC})
		require.NoError(w.t, err)
		table, id = "sessions", session.ID
		sign = func(r *http.Request) { r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session.Token}) }
	}
	if p.but != "" {
		w.exec(`update `+table+` set `+p.but+` where id = $1`, id)
	}
	return sign
}

// plant makes one thing of each kind in new groups.
func (w *world) plant(name string) things {
	group, second := w.group(name), w.group(name+" second")
	host := w.host(name+".example.com", group)
	made := func(path string, body any) string { return w.must(201, w.admin, "POST", path, body)["id"].(string) }
	of := things{
		"groups": group, "groups/second": second, "groups/hosts": host, "hosts": host, "jobs/hosts": host,
		"hosts/health-checks":        w.check(host, name),
		"jobs":                       w.job(w.admin, map[string]any{"host_ids": []string{host}}),
		"hosts/maintenance-windows":  made(hosts+"/"+host+"/maintenance-windows", window(nil)),
		"groups/maintenance-windows": made("/api/v1/groups/"+group+"/maintenance-windows", window(nil)),
		"maintenance-windows":        made(siteWindows, window(nil)),
		"me/sessions":                uuid.NewString(), // given to somebody where it is needed
	}
	member := fleet.TokenRequest{User: "member " + name, Name: "member", Roles: map[string]fleet.Role{group: fleet.RoleViewer}}
	token, err := w.store.CreateToken(context.Background(), fleet.Actor{Name: "test"}, member)
	require.NoError(w.t, err)
	of["groups/users"], of["users"], of["tokens"] = token.UserID, token.UserID, token.ID
	of["enroll/status"] = w.enrol(map[string]any{"machine_id": strings.ReplaceAll(name, " ", "-"), "fqdn": "new-" + name + ".example.com"})
	of["enrolments"] = w.must(200, w.admin, "GET", "/api/v1/enrolments", nil)["items"].([]any)[0].(map[string]any)["id"].(string)
	return of
}

var placeholder = regexp.MustCompile(`\{([a-z/-]+)\}`)

// fill puts ids for the names in curly brackets.
func (of things) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string { return of.id(strings.Trim(name, "{}")) })
}

// id is the id for a name; what the world lacks is said rather than left to a 404.
func (of things) id(name string) string {
	id, ok := of[name]
	if !ok {
		panic(fmt.Sprintf("the fleet of the matrix has no %q: add one to plant in api/matrix_world_test.go", name))
	}
	return id
}

// state is what the database holds, table by table as a digest, what another group hears of, and what was asked of the
// workers. What may change with every request is left out: when somebody was last seen, how often somebody asked, and
// who went to the identity provider.
func (w *world) state() map[string]string {
	w.t.Helper()
	ctx := context.Background()
	rows, _ := w.pool.Query(ctx, `select oid::regclass::text from pg_class
		where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname not in ('throttles', 'sign_ons')
		order by 1`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	outside := fmt.Sprintf(`(select * from events where not site and group_ids && '{%s, %s}')`, w.outside["groups"], w.outside["groups/second"])
	var digests []string
	for _, of := range append(tables, outside) {
		digests = append(digests, fmt.Sprintf(`select $$%s$$, md5(coalesce(string_agg(r, ',' order by r), ''))
			from (select (to_jsonb(t) - '{last_used_at,last_seen_at}'::text[])::text as r from %s t) rows`, of, of))
	}
	rows, _ = w.pool.Query(ctx, strings.Join(digests, " union all "))
	state := map[string]string{"workers": w.runs.String()}
	var of, digest string
	_, err = pgx.ForEachRow(rows, []any{&of, &digest}, func() error {
		if of == outside {
			of = "told outside"
		}
		state[of] = digest
		return nil
	})
	require.NoError(w.t, err)
	return state
}
