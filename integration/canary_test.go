//go:build integration

package integration_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/patch-manager/patch-manager/access"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/sso/ssotest"
	"github.com/patch-manager/patch-manager/workflows"
)

// passwordPatterns are shapes of passwords that some encoder, shell, URL or log could trip over.
var passwordPatterns = []string{
	`%s`, `"%s"\'<>&`, `%s%41%00%`, `a:b@%s/c?d#e`, `pä ß %s 密码 🔑`, `  %s  `, `\n%s\t`, "`$(%s)`${HOME}", `{{%s}}{0}%v%!s`, `=%s+==/+`,
}

// TestNoSecretLeavesItsPlace plants secrets, has everything happen to them that the product knows, and looks for them in
// all that it wrote anywhere.
func TestNoSecretLeavesItsPlace(t *testing.T) {
	t.Parallel()
	web := startWeb(t)
	port, err := devstack.FreePort()
	require.NoError(t, err)
	provider := ssotest.Start(t, ssotest.Client{RedirectURL: "http://" + devstack.Address(port) + callback})
	settings := map[string]string{
		"api.listen": devstack.Address(port), "log.level": "debug", "log.format": "json", "checks.allow": "127.0.0.0/8", "health.poll_interval": "2s", "health.check_timeout": "1s",
		"gate.retry_interval": "1s", "agent.inventory_interval": "2s", "windows.cutoff": "1s", "patch.poll_interval": "200ms",
	}
	signOnSettings(settings, provider)
	g := startGuarded(t, []agenttest.HostSpec{plainHost("one.test"), plainHost("two.test"), plainHost("away.test")}, settings)
	leaked := newCanary("the planted leak", "%s")
	g.plantFiles()
	g.signIn()
	g.signOn(provider)
	g.enrolMachines()
	hosts := g.plantPasswords(web)
	g.askBadly(hosts[0])
	g.testChecks(hosts)
	g.patch(hosts)
	g.killWorker()
	g.breakDatabase(hosts[0])
	g.rotateKeys(hosts[0])
	g.misconfigure()
	g.replace(web, hosts[0])
	g.leak(leaked)
	g.lookAround()
	g.command("audit", "verify")
	g.command("keys", "reset", "--discard-passwords")
	require.Contains(t, g.command("keys", "status"), "discarded")
	require.NoError(t, g.Stop())
	g.keepLogs()
	g.keepDatabase()
	require.Greater(t, g.keepHistories(), 10)

	t.Logf("%d secrets, %d sinks", len(g.planted), len(g.out))
	require.GreaterOrEqual(t, len(g.planted), 20)
	require.Empty(t, g.out.find(g.planted...))
	requireFoundEverywhere(t, g.out, leaked)
}

func plainHost(fqdn string) agenttest.HostSpec {
	return agenttest.HostSpec{
		FQDN: fqdn, Services: []agenttest.ServiceSpec{{Name: "nginx.service"}}, ApplyDuration: 300 * time.Millisecond,
		Patches: []agenttest.PatchSpec{{Name: "openssl", From: "3.0.15-1", To: "3.0.17-1"}},
	}
}

// plant returns the first of what it plants.
func (g *guarded) plant(c ...canary) canary {
	g.planted = append(g.planted, c...)
	return c[0]
}

// plantFiles takes the secrets that the installation made for itself.
func (g *guarded) plantFiles() {
	g.t.Helper()
	g.plant(given("the token of the admin", g.adminToken()))
	g.plant(given("the password of the database", g.owner.Config().ConnConfig.Password))
	g.plant(fileCanary(g.t, "the first key of passwords", g.keyFile()))
	g.plant(fileCanary(g.t, "the key of audit entries", filepath.Join(g.dir, "keys", "audit.key")))
	g.plant(pemFile(g.t, "the key that agents are dialled with", g.pki("client-key.pem"))...)
	g.plant(pemFile(g.t, "the key of the built-in authority", g.pki("ca-key.pem"))...)
	made := strings.Fields(g.run(g.settings(), "token", "create", "--user", "bob", "--role", "admin")) // with what it logs
	i := slices.IndexFunc(made, func(word string) bool { return strings.HasPrefix(word, fleet.TokenPrefix) })
	require.GreaterOrEqual(g.t, i, 0, made)
	token := made[i]
	g.plant(given("the token of an operator", token))
	status, _ := g.call("GET", "/hosts", nil, map[string]string{"Authorization": "Bearer " + token})
	require.Equal(g.t, 200, status)
	wrong := g.plant(newCanary("a token that nobody has", fleet.TokenPrefix+"%s"))
	status, _ = g.call("GET", "/hosts", nil, map[string]string{"Authorization": "Bearer " + wrong.text})
	require.Equal(g.t, 401, status)
}

// signIn has somebody sign in, with wrong passwords too.
func (g *guarded) signIn() {
	g.t.Helper()
	password := g.plant(newCanary("a login password", `pass "%s" word`))
	hasher, err := access.NewPasswords(1)
	require.NoError(g.t, err)
	hash, err := hasher.Hash(g.t.Context(), password.text)
	require.NoError(g.t, err)
	_, err = g.owner.Exec(g.t.Context(), `insert into users (id, name, is_admin, password_hash) values (gen_random_uuid(), 'ada', true, $1)`, hash)
	require.NoError(g.t, err)
	wrong := g.plant(newCanary("a wrong login password", `%s`))
	nobody := map[string]string{"Authorization": ""}
	for _, user := range []string{"ada", "nobody"} {
		status, _ := g.call("POST", "/login", map[string]any{"user": user, "password": wrong.text}, nobody)
		require.Equal(g.t, 401, status)
	}
	g.call("POST", "/login", map[string]any{"user": "ada", "passwort": wrong.text}, nobody)
	body, err := json.Marshal(map[string]any{"user": "ada", "password": password.text})
	require.NoError(g.t, err)
	response, answer := g.request("POST", "/api/v1/login", string(body), nobody)
	require.Equal(g.t, 200, response.StatusCode, "%s", answer)
	g.keep("the answers to POST /login", answer)
	var cookies []string
	for _, c := range response.Cookies() {
		g.plant(given("the cookie "+c.Name, c.Value))
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	require.Len(g.t, cookies, 2)
	session := map[string]string{"Authorization": "", "Cookie": strings.Join(cookies, "; ")}
	for _, path := range []string{"/me", "/me/sessions"} {
		status, _ := g.call("GET", path, nil, session)
		require.Equal(g.t, 200, status)
	}
	status, _ := g.call("POST", "/logout", nil, session)
	require.Equal(g.t, 204, status)
	status, _ = g.call("GET", "/me", nil, session)
	require.Equal(g.t, 401, status)
}

// plantPasswords gives two hosts five checks each, whose passwords are of every pattern and whose pages of every kind.
func (g *guarded) plantPasswords(web *webServer) (hosts []string) {
	g.t.Helper()
	closed, err := devstack.FreePort()
	require.NoError(g.t, err)
	urls := []string{web.url + "/ok", "https" + strings.TrimPrefix(web.url, "http") + "/tls", "http://" + devstack.Address(closed) + "/closed", "http://nowhere.invalid/name"}
	for _, path := range slices.Sorted(maps.Keys(hostilePages)) {
		if path != "/ok" {
			urls = append(urls, web.url+path)
		}
	}
	for _, fqdn := range []string{"one.test", "two.test", "away.test"} {
		hosts = append(hosts, g.add(g.t, fqdn, false))
	}
	require.True(g.t, g.Fleet.Host("away.test").SetServiceHealthy("nginx.service", false))
	g.Fleet.Host("away.test").SetReachable(false)
	for i, url := range urls {
		pattern := passwordPatterns[i%len(passwordPatterns)]
		password := g.plant(newCanary("the password "+pattern+" of "+url, pattern))
		g.must(201, "POST", "/hosts/"+hosts[i/5]+"/health-checks", page(url, "user", password.text))
		if strings.HasPrefix(url, web.url) {
			require.Eventually(g.t, func() bool { return web.knows(password.text) }, patience, look, "the check of %s is polled", url)
		}
	}
	return hosts
}

// askBadly sends passwords in requests that are refused.
func (g *guarded) askBadly(host string) {
	g.t.Helper()
	checks := "/hosts/" + host + "/health-checks"
	bad := g.plant(newCanary("a password in a request that is refused", `%s`))
	for name, body := range map[string]any{
		"no JSON":            `{"name": "x", "basic_auth_pass": "` + bad.text + `"`,
		"not even that":      bad.text,
		"a password alone":   `"` + bad.text + `"`,
		"a list":             map[string]any{"basic_auth_pass": []string{bad.text}},
		"an object":          map[string]any{"basic_auth_pass": map[string]any{bad.text: bad.text}},
		"too long":           page("http://h.test/x", "u", strings.Repeat(bad.text, 30)),
		"control characters": page("http://h.test/x", "u", bad.text+"\x01"),
		"NUL":                page("http://h.test/x", "u", bad.text+"\x00"),
		"no user":            page("http://h.test/x", "", bad.text),
		"a user with colon":  page("http://h.test/x", "u:"+"x", bad.text),
		"in the URL":         page("http://u:"+bad.text+"@h.test/x", "u", bad.text),
		"a broken URL":       page("http://u:"+bad.text+"@h.test:x/%zz", "u", bad.text),
		"a misspelled field": map[string]any{"basic_auth_password": bad.text},
		"a service":          map[string]any{"name": "s", "check_type": "service", "service_name": "s.service", "basic_auth_pass": bad.text},
		"a number too many":  map[string]any{"enabled": bad.text, "name": 7, "basic_auth_pass": bad.text},
		"oversized":          page("http://h.test/x", "u", strings.Repeat(bad.text, 1<<16)),
	} {
		status, answer := g.call("POST", checks, body, nil)
		require.True(g.t, status >= 400 && status < 500, "%s: %d %v", name, status, answer)
	}
	status, _ := g.call("POST", checks, page("http://h.test/sixth", "u", bad.text), nil)
	require.Equal(g.t, 409, status)
	g.call("POST", checks, `{"basic_auth_pass": "`+bad.text+`"}`, map[string]string{"Content-Type": "text/plain"})
	g.call("POST", checks, "\xff"+bad.text, nil)
}

// testChecks runs every check by hand until that is too often.
func (g *guarded) testChecks(hosts []string) {
	g.t.Helper()
	refused := false
	for _, host := range hosts {
		for _, check := range g.checks(host) {
			status, answer := g.call("POST", "/hosts/"+host+"/health-checks/"+check+"/test", nil, nil)
			require.Contains(g.t, []int{200, 429}, status, answer)
			refused = refused || status == 429
			g.must(200, "GET", "/hosts/"+host+"/health-checks/"+check+"/results", nil)
		}
	}
	require.True(g.t, refused)
}

func (g *guarded) checks(host string) (ids []string) {
	g.t.Helper()
	for _, c := range g.must(200, "GET", "/hosts/"+host+"/health-checks", nil)["items"].([]any) {
		ids = append(ids, c.(map[string]any)["id"].(string))
	}
	return ids
}

// patch has the gate run the checks of every host, and ends the jobs that can not go on.
func (g *guarded) patch(hosts []string) {
	g.t.Helper()
	for _, host := range hosts {
		g.open(g.t, host, time.Hour)
	}
	g.must(200, "POST", "/jobs/preview", map[string]any{"host_ids": hosts})
	job := g.must(202, "POST", "/jobs", map[string]any{"host_ids": hosts, "notes": "canary"})["id"].(string)
	g.shut(g.t, job, hosts[0])
	for _, path := range []string{"", "/hosts", "/hosts/" + hosts[0], "/hosts/" + hosts[2]} {
		g.must(200, "GET", "/jobs/"+job+path, nil)
	}
	g.call("POST", "/jobs/"+job+"/hosts/"+hosts[0]+"/recheck", nil, nil)
	g.call("POST", "/jobs/"+job+"/cancel", nil, nil)
	g.ends(g.t, job, hosts[0], patience)
}

func (g *guarded) killWorker() {
	g.t.Helper()
	require.NoError(g.t, g.KillWorker())
	g.keepLogs() // a start begins a new one
	require.NoError(g.t, g.StartWorker(g.t.Context()))
}

// breakDatabase has every query over checks fail for a while, and every connection end.
func (g *guarded) breakDatabase(host string) {
	g.t.Helper()
	password := g.plant(newCanary("a password that could not be stored", `%s`))
	body := page("http://h.test/x", "u", password.text)
	check := g.checks(host)[0]
	for _, statements := range [][2]string{
		{`alter table host_health_checks rename to gone`, `alter table gone rename to host_health_checks`},
		{`alter table encryption_keys rename to gone`, `alter table gone rename to encryption_keys`},
		{`alter table host_health_checks add constraint no check (basic_auth_user <> 'u') not valid`, `alter table host_health_checks drop constraint no`},
	} {
		_, err := g.owner.Exec(g.t.Context(), statements[0])
		require.NoError(g.t, err)
		status, answer := g.call("PUT", "/hosts/"+host+"/health-checks/"+check, body, nil)
		require.GreaterOrEqual(g.t, status, 500, answer)
		g.call("POST", "/hosts/"+host+"/health-checks/"+check+"/test", nil, nil)
		_, err = g.owner.Exec(g.t.Context(), statements[1])
		require.NoError(g.t, err)
	}
	_, err := g.owner.Exec(g.t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`)
	require.NoError(g.t, err)
	g.call("PUT", "/hosts/"+host+"/health-checks/"+check, body, nil)
	require.Eventually(g.t, func() bool { status, _ := g.call("GET", "/hosts", nil, nil); return status == 200 }, patience, look)
}

// rotateKeys rotates, starts with wrong keys, and breaks a ciphertext.
func (g *guarded) rotateKeys(host string) {
	g.t.Helper()
	require.Contains(g.t, g.command("keys", "rotate"), "key 2 encrypts now")
	g.plant(fileCanary(g.t, "the second key of passwords", g.keyFile()+".2"))
	require.Contains(g.t, g.command("keys", "verify"), "passwords open")
	wrong := filepath.Join(g.t.TempDir(), "wrong.key")
	g.plant(newCanary("a wrong key", strings.Repeat("%s", 1)))
	require.NoError(g.t, os.WriteFile(wrong, []byte(g.planted[len(g.planted)-1].text+"12345678"), 0o600))
	require.NoError(g.t, os.WriteFile(wrong+".2", []byte(g.planted[len(g.planted)-1].text+"12345678"), 0o600))
	for _, command := range []string{"api", "worker"} {
		require.Contains(g.t, g.commandWith([]string{"PATCH_MANAGER_KEYS__HEALTH_CHECK=" + wrong}, command), "not the key")
	}
	g.commandWith([]string{"PATCH_MANAGER_KEYS__HEALTH_CHECK=" + wrong}, "keys", "status")
	g.commandWith([]string{"PATCH_MANAGER_KEYS__HEALTH_CHECK=" + wrong}, "keys", "verify")
	_, err := g.owner.Exec(g.t.Context(), `update host_health_checks set basic_auth_pass_nonce = '\x000000000000000000000000' where host_id = $1 and slot = 1`, host)
	require.NoError(g.t, err)
	require.Contains(g.t, g.command("keys", "verify"), "do not open")
	require.Contains(g.t, g.command("keys", "rotate"), "do not open")
	require.Eventually(g.t, func() bool {
		_, list := g.call("GET", "/hosts/"+host+"/health-checks", nil, nil)
		return strings.Contains(fmt.Sprint(list), "the stored password can not be read")
	}, patience, look)
}

// misconfigure starts with settings that are wrong, whose values are secrets.
func (g *guarded) misconfigure() {
	g.t.Helper()
	bad := g.plant(newCanary("a password in a setting", `%s`))
	address := g.owner.Config().ConnConfig
	file := filepath.Join(g.t.TempDir(), "settings.yaml")
	for _, url := range []string{
		"postgres://u:" + bad.text + "@127.0.0.1:1/db?connect_timeout=1", "postgres://u:" + bad.text + "@h:port/db", "postgres://u:" + bad.text + "@[::1/db",
		"postgres://u:" + bad.text + "%zz@h/db", "host=h password='" + bad.text, "host=h password=" + bad.text + " sslmode=no", "nonsense " + bad.text,
		fmt.Sprintf("postgres://%s:%s@%s:%d/%s", address.User, bad.text, address.Host, address.Port, address.Database),
		"postgres://u:" + bad.text + "@nowhere.invalid/db?connect_timeout=1",
	} {
		for _, command := range [][]string{{"api"}, {"migrate"}, {"keys", "status"}} {
			g.commandWith([]string{"PATCH_MANAGER_DATABASE__URL=" + url, "PATCH_MANAGER_DATABASE__MIGRATE_URL=" + url}, command...)
		}
	}
	for _, text := range []string{
		"database:\n  url: 'postgres://u:%s@h/db\nlog:\n", "database: postgres://u:%s@h/db\n", "database:\n  url:\n    - postgres://u:%s@h/db\n",
		"database:\n  url: {password: %s}\n", "database:\n\turl: postgres://u:%s@h/db\n", "postgres://u:%s@h/db\n",
	} {
		require.NoError(g.t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "%s", bad.text)), 0o600))
		out := g.run([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, "api", "--config", file)
		require.NotEmpty(g.t, out)
		g.keep("the output of api", []byte(out))
	}
}

// replace changes a check until its password is another, none, and gone.
func (g *guarded) replace(web *webServer, host string) {
	g.t.Helper()
	path := "/hosts/" + host + "/health-checks/" + g.checks(host)[0]
	second := g.plant(newCanary("a password that replaces another", `%s`))
	replaced := page(web.url+"/body", "user", second.text)
	replaced["name"] = "replaced"
	g.must(200, "PUT", path, replaced)
	require.Eventually(g.t, func() bool { return web.knows(second.text) }, patience, look)
	kept := page(web.url+"/ok", "user", "")
	delete(kept, "basic_auth_pass")
	require.Equal(g.t, true, g.must(200, "PUT", path, kept)["has_basic_auth_password"])
	g.must(204, "DELETE", path, nil)
}

// lookAround reads what tells of everything; each must have something to tell, or nothing was searched.
func (g *guarded) lookAround() {
	g.t.Helper()
	for path, holds := range map[string]string{
		"/healthz": "ok", "/readyz": "ok", "/metrics": "patch_manager_enrolments_pending", "/openapi.json": `"openapi"`, "/docs": "<html",
		"/api/v1/hosts": `"id":`, "/api/v1/groups": `"id":`, "/api/v1/jobs": `"id":`, "/api/v1/users": `"grace"`, "/api/v1/tokens": `"id":`,
		"/api/v1/enrolments": `"id":`, "/api/v1/audit": `"id":`, "/api/v1/audit?format=csv": "enrolment.deliver", "/api/v1/events": `"kind":`,
		"/api/v1/pki/crl.pem": "BEGIN X509 CRL",
	} {
		g.get(g.API.URL()+path, holds)
	}
	for path, holds := range map[string]string{"/healthz": "", "/readyz": "", "/metrics": "patch_manager_build_info"} {
		g.get(g.worker+path, holds)
	}
}

// leak puts a secret where it must not be, by ways that are open to everybody: so that not finding the others means
// something.
func (g *guarded) leak(c canary) {
	g.t.Helper()
	var all strings.Builder
	for _, text := range c.notations() {
		all.Write(text)
		all.WriteByte(' ')
	}
	all.WriteString(base64.StdEncoding.EncodeToString([]byte("user:" + c.text)))
	group := g.must(201, "POST", "/groups", map[string]any{"name": "leak " + c.text, "description": all.String()})
	g.must(200, "GET", "/groups/"+group["id"].(string), nil)
	g.call("GET", "/"+c.text, nil, nil)
	g.command("api", "--"+c.text+"=1")
	_, err := g.temporal.ExecuteWorkflow(g.t.Context(), client.StartWorkflowOptions{
		ID: "leak/" + c.text, TaskQueue: workflows.QueueMain, Memo: map[string]any{"memo": c.text},
	}, "NoSuchWorkflow", c.text)
	require.NoError(g.t, err)
	worker := filepath.Join(g.dir, "log", "worker.log")
	require.Eventually(g.t, func() bool {
		text, err := os.ReadFile(worker)
		return err == nil && strings.Contains(string(text), c.text)
	}, patience, look)
	require.NoError(g.t, g.temporal.TerminateWorkflow(g.t.Context(), "leak/"+c.text, "", "enough"))
}

// requireFoundEverywhere holds that the planted leak is found in each kind of sink, in each notation where it has one.
func requireFoundEverywhere(t *testing.T, out sinks, c canary) {
	t.Helper()
	found := out.find(c)
	for _, sink := range []string{
		"the answers to POST /groups", "the table groups", "the table audit_entries", "the log api.log", "the log worker.log",
		"histories", "memos and search attributes", "the output of api",
	} {
		require.Contains(t, found, c.name+", raw, in "+sink)
	}
	for notation := range c.notations() {
		require.Contains(t, found, c.name+", "+notation+", in the table groups")
	}
}
