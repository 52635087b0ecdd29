//go:build integration

package integration_test

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
)

var stranger = map[string]string{"Authorization": ""}

// enrolMachines has machines ask for certificates: one gets its own after a database that fails and once, one is denied, one
// is approved and revoked before it comes for what is its, and one makes its token up.
func (g *guarded) enrolMachines() {
	g.t.Helper()
	token, id := g.asksToEnrol("enrols.test")
	g.polls(token, 202)
	host := g.must(200, "POST", "/enrolments/"+id+"/approve", map[string]any{})["id"].(string)
	g.failsToDeliver(token)
	g.takesBundle(token)
	g.polls(token, 404)

	denied, id := g.asksToEnrol("denied.test")
	g.must(204, "POST", "/enrolments/"+id+"/deny", nil)
	g.polls(denied, 403)

	again, id := g.asksToEnrol("enrols.test")
	g.must(200, "POST", "/enrolments/"+id+"/approve", map[string]any{"host_id": host})
	g.must(200, "POST", "/hosts/"+host+"/certificate/revoke", map[string]any{"reason": "canary"})
	g.polls(again, 403)
	g.polls(g.plant(newCanary("a polling token that nobody has", "%s")).text, 404)
	g.must(200, "GET", "/hosts/"+host+"/certificates", nil)
	require.NotEmpty(g.t, g.must(200, "GET", "/enrolments", nil)["items"])
	g.must(204, "DELETE", "/hosts/"+host, nil)
}

// asksToEnrol returns the polling token of a new request and the id that administrators know it by.
func (g *guarded) asksToEnrol(fqdn string) (token, id string) {
	g.t.Helper()
	body, err := json.Marshal(map[string]any{"machine_id": fqdn, "fqdn": fqdn, "ip_address": "127.0.0.1", "os_details": map[string]any{}})
	require.NoError(g.t, err)
	response, answer := g.request("POST", "/api/v1/enroll", string(body), stranger)
	require.Equal(g.t, http.StatusAccepted, response.StatusCode, "%s", answer)
	var asked struct {
		Token string `json:"polling_token"`
	}
	require.NoError(g.t, json.Unmarshal(answer, &asked))
	g.plant(given("the polling token of "+fqdn, asked.Token))
	waiting := g.must(200, "GET", "/enrolments?status=pending", nil)["items"].([]any)
	require.Len(g.t, waiting, 1)
	return asked.Token, waiting[0].(map[string]any)["id"].(string)
}

// polls holds that an answer without a bundle has a status, and tries the token where it does not belong.
func (g *guarded) polls(token string, status int) {
	g.t.Helper()
	for method, want := range map[string]int{"GET": status, "POST": http.StatusMethodNotAllowed} {
		response, answer := g.request(method, "/api/v1/enroll/status/"+token, "", stranger)
		require.Equal(g.t, want, response.StatusCode, "%s", answer)
		g.keep("the answers to "+method+" /enroll/status", answer)
	}
}

// failsToDeliver has the database refuse a certificate when it is made already.
func (g *guarded) failsToDeliver(token string) {
	g.t.Helper()
	_, err := g.owner.Exec(g.t.Context(), `alter table certificates add constraint no check (fqdn <> 'enrols.test') not valid`)
	require.NoError(g.t, err)
	response, answer := g.request("GET", "/api/v1/enroll/status/"+token, "", stranger)
	require.Equal(g.t, http.StatusInternalServerError, response.StatusCode, "%s", answer)
	g.keep("the answers to GET /enroll/status", answer)
	_, err = g.owner.Exec(g.t.Context(), `alter table certificates drop constraint no`)
	require.NoError(g.t, err)
}

// takesBundle is the one answer that holds a private key.
func (g *guarded) takesBundle(token string) {
	g.t.Helper()
	response, answer := g.request("GET", "/api/v1/enroll/status/"+token, "", stranger)
	require.Equal(g.t, http.StatusOK, response.StatusCode)
	var bundle struct {
		Key string `json:"server_key"`
	}
	require.NoError(g.t, json.Unmarshal(answer, &bundle))
	require.True(g.t, strings.HasPrefix(bundle.Key, "-----BEGIN PRIVATE KEY-----"))
	g.plant(pemCanaries(g.t, "the key of a machine that enrolled", []byte(bundle.Key))...)
}
