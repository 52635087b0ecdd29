package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// comparison is a random fleet as an administrator and as a caller with roles in some groups see it.
type comparison struct {
	*randomFleet
	s     *site
	token string
}

// TestWhatACallerSeesIsWhatAnAdministratorSeesLessWhatIsOutOfScope draws fleets and roles, asks every list with every
// filter as both, and takes out of the administrator's answer what the rule says that the caller does not see.
func TestWhatACallerSeesIsWhatAnAdministratorSeesLessWhatIsOutOfScope(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	now := time.Now().UTC().Truncate(time.Second)
	cfg := s.config()
	db := &struct{ *store.Store }{s.store}
	cfg.Store, cfg.Now = db, func() time.Time { return now }
	s.handler = api.New(cfg)
	groups := []string{s.group("a"), s.group("b"), s.group("c")}
	s.member(map[string]fleet.Role{groups[0]: fleet.RoleViewer})
	caller, err := s.store.CreateToken(t.Context(), fleet.Actor{Name: "test"}, fleet.TokenRequest{User: "caller", Name: "test"})
	require.NoError(t, err)
	rapid.Check(t, func(r *rapid.T) {
		c := &comparison{drawFleet(r, s, caller.UserID, groups, now), s, caller.Secret}
		db.Store = store.New(s.pool, storetest.AuditKey) // which has not seen the fleet before this one
		c.compareHosts()
		c.compareGroups()
		c.compareCalendars()
		for _, h := range c.hosts {
			c.compareHost(h)
		}
		c.compareJobs()
		for _, j := range c.jobs {
			c.compareJob(j)
		}
		c.compareJobHosts()
		c.compareSummary()
		c.comparePreviews()
	})
}

// object is a thing in an answer.
type object = map[string]any

func (c *comparison) compareHosts() {
	filters := []string{"", "q=h1", "q=10.0", "zone=edge", "label=tier", "label=tier%3Da", "label=tier&zone=edge"}
	for _, health := range []string{"healthy", "unhealthy", "unknown", "none"} {
		filters = append(filters, "health="+health)
	}
	for _, sort := range []string{"-fqdn", "health", "-health", "pending_patches", "-pending_patches", "last_seen_at", "-last_seen_at"} {
		filters = append(filters, "sort="+sort, "sort="+sort+"&label=tier")
	}
	for _, narrow := range []string{"agent=reachable", "agent=unreachable", "agent=unknown", "reboot_required", "has_pending_patches", "stale", "certificate_expiring"} {
		if strings.Contains(narrow, "=") {
			filters = append(filters, narrow)
			continue
		}
		filters = append(filters, narrow+"=true", narrow+"=false")
	}
	for _, filter := range filters {
		c.compareList("hosts", filter, func(h object) bool { return c.sees(c.host(h["id"])) }, c.asSeenHost)
	}
	for _, g := range c.groups {
		c.compareList("hosts", "group_id="+g, func(h object) bool { return c.seesGroup(g) && c.sees(c.host(h["id"])) }, c.asSeenHost)
	}
}

func (c *comparison) host(id any) *randomHost {
	return c.hosts[slices.IndexFunc(c.hosts, func(h *randomHost) bool { return h.id == id })]
}

// asSeenHost takes the groups that the caller is not in out of a host.
func (c *comparison) asSeenHost(h object) { c.keepSeenGroups(h) }

func (c *comparison) keepSeenGroups(of object) {
	of["group_ids"] = slices.DeleteFunc(of["group_ids"].([]any), func(g any) bool { return !c.seesGroup(g.(string)) })
}

func (c *comparison) compareGroups() {
	for _, filter := range []string{"", "q=a"} {
		c.compareList("groups", filter, func(g object) bool { return c.seesGroup(g["id"].(string)) }, asItIs)
	}
	for _, g := range c.groups {
		c.compareThing("groups/"+g, c.seesGroup(g), asItIs)
		c.compareThing("groups/"+g+"/maintenance-windows", c.seesGroup(g), asItIs)
	}
	c.compareThing("maintenance-windows", true, asItIs)
}

func (c *comparison) compareCalendars() {
	filters := []string{"", "group_id=" + c.groups[0], "group_id=" + c.groups[1]}
	for _, h := range c.hosts {
		filters = append(filters, "host_id="+h.id)
	}
	for i, filter := range filters {
		asked := i == 0 || i < 3 && c.seesGroup(c.groups[i-1]) || i >= 3 && c.sees(c.hosts[i-3])
		c.compareList("calendar", aMonth+"&"+filter, func(item object) bool { return asked && c.seesWindow(item["window"].(object)) }, c.mayEdit)
	}
}

// mayEdit says of a window in the calendar what is true for the caller.
func (c *comparison) mayEdit(item object) {
	w := item["window"].(object)
	switch w["scope"] {
	case "host":
		item["may_edit"] = c.operates(c.host(w["host_id"]))
	case "group":
		item["may_edit"] = c.roles[w["group_id"].(string)] == fleet.RoleOperator
	default:
		item["may_edit"] = false
	}
}

func (c *comparison) seesWindow(w object) bool {
	switch w["scope"] {
	case "host":
		return c.sees(c.host(w["host_id"]))
	case "group":
		return c.seesGroup(w["group_id"].(string))
	}
	return true
}

func asItIs(object) {}

func (c *comparison) compareHost(h *randomHost) {
	seen, path := c.sees(h) && !h.deleted, "hosts/"+h.id
	c.compareThing(path, seen, c.asSeenHost)
	for _, list := range []string{"patches", "health-checks", "maintenance-windows", "occurrences"} {
		c.compareThing(path+"/"+list, seen, asItIs)
	}
	for _, check := range h.checks {
		c.compareThing(path+"/health-checks/"+check, seen, asItIs)
		c.compareThing(path+"/health-checks/"+check+"/results", seen, asItIs)
	}
	for _, window := range h.windows {
		c.compareThing(path+"/maintenance-windows/"+window, seen, asItIs)
		c.compareThing(path+"/maintenance-windows/"+window+"/occurrences", seen, asItIs)
	}
}

func (c *comparison) compareJobs() {
	all := func(object) bool { return true }
	c.compareJobList("", all, func(*randomHost) bool { return true })
	for _, status := range []fleet.Status{
		fleet.StatusQueued, fleet.StatusWaitingHealthCheck, fleet.StatusRunning, fleet.StatusSucceeded, fleet.StatusPartiallySucceeded, fleet.StatusFailed,
	} {
		c.compareJobList("status="+string(status), func(seen object) bool { return seen["status"] == string(status) }, func(*randomHost) bool { return true })
	}
	for _, h := range c.hosts {
		c.compareJobList("host_id="+h.id, all, func(other *randomHost) bool { return other == h })
	}
	for _, g := range c.groups {
		c.compareJobList("group_id="+g, all, func(h *randomHost) bool { return c.seesGroup(g) && slices.Contains(h.groups, g) })
	}
}

// compareJobList holds that a filtered list has the jobs with a visible host that the filter means and that are kept as
// the caller sees them. It starts from all jobs, because a filter by status means another one to either of the two.
func (c *comparison) compareJobList(filter string, keep func(seen object) bool, meant func(*randomHost) bool) {
	want := []object{}
	for _, job := range c.list(c.s.admin, "jobs", "") {
		j := c.jobs[slices.IndexFunc(c.jobs, func(j randomJob) bool { return j.id == job["id"] })]
		if !slices.ContainsFunc(j.hosts, func(h *randomHost) bool { return c.sees(h) && meant(h) }) {
			continue
		}
		if c.asSeenJob(job); keep(job) {
			want = append(want, job)
		}
	}
	require.Equal(c.r, want, c.list(c.token, "jobs", filter), "jobs?%s", filter)
}

// asSeenJob makes of a job what is left of it where only its visible hosts count.
func (c *comparison) asSeenJob(job object) {
	status, reason := map[fleet.Status]int{}, map[string]int{}
	for _, h := range c.list(c.s.admin, "jobs/"+job["id"].(string)+"/hosts", "") {
		if !c.sees(c.host(h["host_id"])) {
			continue
		}
		status[fleet.Status(h["status"].(string))]++
		if h["reason"] != nil {
			reason[h["reason"].(string)]++
		}
	}
	c.keepSeenGroups(job)
	hosts := 0
	for _, n := range status {
		hosts += n
	}
	job["status"] = string(fleet.JobStatus(status))
	job["counts"] = decoded(c.r, encoded(c.r, object{"hosts": hosts, "by_status": status, "by_reason": reason}))
}

func (c *comparison) compareJob(j randomJob) {
	path := "jobs/" + j.id
	c.compareThing(path, c.seesJob(j), c.asSeenJob)
	for _, filter := range []string{"", "q=h1", "status=failed"} {
		if !c.seesJob(j) {
			require.Equal(c.r, 404, c.s.call(c.token, "GET", "/api/v1/"+path+"/hosts?"+filter, nil).status)
			continue
		}
		c.compareList(path+"/hosts", filter, func(h object) bool { return c.sees(c.host(h["host_id"])) }, asItIs)
	}
	for _, h := range j.hosts {
		c.compareThing(path+"/hosts/"+h.id, c.sees(h), asItIs)
		c.compareThing(path+"/hosts/"+h.id+"/log", c.sees(h), asItIs)
	}
}

func (c *comparison) compareJobHosts() {
	filters := []string{"", "unfinished=true", "status=running", "status=failed&status=queued", "status=failed&unfinished=true"}
	for _, h := range c.hosts {
		filters = append(filters, "host_id="+h.id)
	}
	for _, filter := range filters {
		c.compareList("job-hosts", filter, func(h object) bool { return c.sees(c.host(h["host_id"])) }, asItIs)
	}
}

// compareSummary holds that each number is that of the list with its filter, for either caller.
func (c *comparison) compareSummary() {
	for _, token := range []string{c.s.admin, c.token} {
		total := func(path, filter string) float64 { return float64(len(c.list(token, path, filter))) }
		patches := 0.0
		for _, h := range c.list(token, "hosts", "has_pending_patches=true") {
			patches += h["pending_patches"].(float64)
		}
		want := object{
			"hosts": object{
				"total": total("hosts", ""), "healthy": total("hosts", "health=healthy"), "unhealthy": total("hosts", "health=unhealthy"),
				"unknown": total("hosts", "health=unknown"), "none": total("hosts", "health=none"),
			},
			"agents": object{
				"reachable": total("hosts", "agent=reachable"), "unreachable": total("hosts", "agent=unreachable"), "unknown": total("hosts", "agent=unknown"),
			},
			"pending":               object{"hosts": total("hosts", "has_pending_patches=true"), "patches": patches},
			"reboot_required":       total("hosts", "reboot_required=true"),
			"stale_hosts":           total("hosts", "stale=true"),
			"certificates_expiring": total("hosts", "certificate_expiring=true"),
			"job_hosts":             c.perStatus(token, "job-hosts", "queued", "waiting_window", "waiting_health_check", "waiting_slot", "running"),
			"jobs":                  c.perStatus(token, "jobs", "queued", "waiting_window", "waiting_health_check", "running"),
		}
		got := c.s.call(token, "GET", "/api/v1/fleet/summary", nil)
		require.Equal(c.r, want, decoded(c.r, got.body))
	}
}

// perStatus is how many things a list has of each status, without those of which it has none.
func (c *comparison) perStatus(token, path string, statuses ...string) object {
	counts := object{}
	for _, status := range statuses {
		if n := len(c.list(token, path, "status="+status)); n > 0 {
			counts[status] = float64(n)
		}
	}
	return counts
}

// comparePreviews asks what a job of all hosts that the caller operates would mean, by host and by group.
func (c *comparison) comparePreviews() {
	asked := []object{}
	var hosts []string
	for _, h := range c.hosts {
		if c.operates(h) && !h.deleted {
			hosts = append(hosts, h.id)
		}
	}
	if len(hosts) > 0 {
		asked = append(asked, object{"host_ids": hosts}, object{"host_ids": hosts, "immediate": true})
	}
	for _, g := range slices.Sorted(maps.Keys(c.roles)) {
		if c.roles[g] == fleet.RoleOperator {
			asked = append(asked, object{"group_ids": []string{g}})
		}
	}
	c.compareMatchingPreviews()
	for _, body := range asked {
		want, got := c.s.call(c.s.admin, "POST", jobs+"/preview", body), c.s.call(c.token, "POST", jobs+"/preview", body)
		require.Equal(c.r, want.status, got.status, "%s", got.body)
		require.Equal(c.r, string(want.body), string(got.body), "%v", body)
	}
}

// compareMatchingPreviews holds that a filter means to a job what it means to a list, less what the caller does not operate.
func (c *comparison) compareMatchingPreviews() {
	matches := map[string]object{
		"": {}, "q=h1": {"q": "h1"}, "label=tier": {"label": []string{"tier"}}, "health=unhealthy": {"health": "unhealthy"},
		"agent=reachable&reboot_required=true": {"agent": "reachable", "reboot_required": true}, "stale=false&zone=edge": {"stale": false, "zone": "edge"},
	}
	for _, g := range c.groups {
		matches["group_id="+g] = object{"group_id": g}
	}
	for filter, matching := range matches {
		var hosts []string
		for _, h := range c.list(c.token, "hosts", filter) {
			if c.operates(c.host(h["id"])) {
				hosts = append(hosts, h["id"].(string))
			}
		}
		got := c.s.call(c.token, "POST", jobs+"/preview", object{"matching": matching})
		if len(hosts) == 0 {
			require.Equal(c.r, 422, got.status, "%s: %s", filter, got.body)
			continue
		}
		want := c.s.call(c.s.admin, "POST", jobs+"/preview", object{"host_ids": hosts})
		require.Equal(c.r, string(want.body), string(got.body), filter)
	}
}

// compareList holds that the caller's list is the administrator's without the things that are not seen.
func (c *comparison) compareList(path, filter string, seen func(object) bool, asSeen func(object)) {
	want := []object{}
	for _, thing := range c.list(c.s.admin, path, filter) {
		if seen(thing) {
			asSeen(thing)
			want = append(want, thing)
		}
	}
	require.Equal(c.r, want, c.list(c.token, path, filter), "%s?%s", path, filter)
}

// compareThing holds that the caller gets what the administrator gets, or that there is no such thing.
func (c *comparison) compareThing(path string, seen bool, asSeen func(object)) {
	want, got := c.s.call(c.s.admin, "GET", "/api/v1/"+path, nil), c.s.call(c.token, "GET", "/api/v1/"+path, nil)
	if !seen {
		require.Equal(c.r, 404, got.status, "%s: %s", path, got.body)
		return
	}
	require.Equal(c.r, 200, got.status, "%s: %s", path, got.body)
	thing := decoded(c.r, want.body)
	asSeen(thing)
	require.Equal(c.r, thing, decoded(c.r, got.body), path)
}

// list reads a whole list in pages of two, and holds that what says how many there are says it truly.
func (c *comparison) list(token, path, filter string) []object {
	all := []object{}
	for cursor := ""; ; {
		a := c.s.call(token, "GET", fmt.Sprintf("/api/v1/%s?limit=2&%s&cursor=%s", path, filter, url.QueryEscape(cursor)), nil)
		require.Equal(c.r, 200, a.status, "%s: %s", path, a.body)
		page := decoded(c.r, a.body)
		for _, item := range page["items"].([]any) {
			all = append(all, item.(object))
		}
		if page["next_cursor"] == nil {
			if total, ok := page["total"]; ok {
				require.InDelta(c.r, len(all), total, 0, "%s?%s", path, filter)
			}
			return all
		}
		cursor = page["next_cursor"].(string)
	}
}

func encoded(r *rapid.T, v any) []byte {
	text, err := json.Marshal(v)
	require.NoError(r, err)
	return text
}

func decoded(r *rapid.T, text []byte) object {
	var o object
	require.NoError(r, json.Unmarshal(text, &o), "%s", text)
	return o
}
