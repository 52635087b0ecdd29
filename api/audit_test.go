package api_test

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

const (
	audit      = "/api/v1/audit"
	groupsPath = "/api/v1/groups"
)

// actions are those of a page of entries, in its order.
func actions(t *testing.T, page map[string]any) []string {
	t.Helper()
	all := []string{}
	for _, e := range items(t, page) {
		all = append(all, e["action"].(string))
	}
	return all
}

// table reads an answer as CSV.
func table(t *testing.T, a answer) [][]string {
	t.Helper()
	require.Equal(t, 200, a.status, "%s", a.body)
	require.Equal(t, "text/csv; charset=utf-8", a.header.Get("Content-Type"))
	rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
	require.NoError(t, err)
	return rows
}

// writeEntries chains entries to those that are there, as the store would.
func (s *site) writeEntries(entries ...fleet.AuditEntry) {
	s.t.Helper()
	var last fleet.AuditEntry
	require.NoError(s.t, s.pool.QueryRow(context.Background(), `select seq, at, hash from audit_entries order by seq desc limit 1`).
		Scan(&last.Seq, &last.At, &last.Hash))
	rows := make([][]any, len(entries))
	for i, e := range entries {
		e.Seq, e.At, e.PrevHash = last.Seq+1, last.At, last.Hash
		e.Hash = storetest.AuditKey.Sign(e)
		rows[i] = []any{
			e.Seq, e.At, e.ActorName, e.Action, e.SubjectType, e.SubjectID, e.RequestID, e.RemoteAddr, string(e.Detail), e.PrevHash, e.Hash,
		}
		last = e
	}
	_, err := s.pool.CopyFrom(context.Background(), pgx.Identifier{"audit_entries"}, []string{
		"seq", "at", "actor_name", "action", "subject_type", "subject_id", "request_id", "remote_addr", "detail", "prev_hash", "hash",
	}, pgx.CopyFromRows(rows))
	require.NoError(s.t, err)
}

func TestTheAuditIsForAdministratorsAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.must(201, s.admin, "POST", groupsPath, map[string]any{"name": "web"})["id"].(string)
	operator := s.member(map[string]fleet.Role{group: fleet.RoleOperator})
	before := s.count(`select count(*) from audit_entries`)
	for _, path := range []string{audit, audit + "?format=csv", audit + "?actor=root"} {
		s.refuse(403, "admin_required", operator, "GET", path, nil)
		s.refuse(401, "unauthenticated", "", "GET", path, nil)
	}
	require.Equal(t, before, s.count(`select count(*) from audit_entries`))
	require.Equal(t, []string{"token.create", "group.create", "token.create"}, actions(t, s.must(200, s.admin, "GET", audit, nil)))
}

func TestReadingTheAuditIsAnEntryWithWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(200, s.admin, "GET", audit+"?action=token.create&from=2026-01-01T00:00:00Z&subject_type=token", nil, "X-Request-Id", "reading.1")
	table(t, s.call(s.admin, "GET", audit+"?format=csv&actor=root", nil, "X-Request-Id", "reading.2"))
	list := items(t, s.must(200, s.admin, "GET", audit+"?action=audit.read", nil))
	require.Len(t, list, 2)
	require.Equal(t, "reading.2", list[0]["request_id"])
	require.Equal(t, map[string]any{"format": "csv", "actor": "root", "before": 3.0}, list[0]["detail"])
	require.Equal(t, "reading.1", list[1]["request_id"])
	require.Equal(t, "root", list[1]["actor"].(map[string]any)["name"])
	require.Equal(t, map[string]any{
		"format": "json", "action": "token.create", "from": "2026-01-01T00:00:00Z", "subject_type": "token",
	}, list[1]["detail"])
}

func TestTheAuditIsFilteredByEachOfItsFields(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.token(fleet.TokenRequest{User: "Ada", Admin: true, Name: "test"})
	web := s.must(201, ada, "POST", groupsPath, map[string]any{"name": "web"}, "X-Request-Id", "making.1")["id"].(string)
	s.must(200, s.admin, "PUT", groupsPath+"/"+web, map[string]any{"name": "www"})
	made := items(t, s.must(200, s.admin, "GET", audit+"?action=group.create", nil))[0]
	id := made["actor"].(map[string]any)["id"].(string)
	require.Equal(t, []any{"Ada", "group", web, "making.1", "192.0.2.1"},
		[]any{made["actor"].(map[string]any)["name"], made["subject_type"], made["subject_id"], made["request_id"], made["remote_addr"]})
	require.Regexp(t, "^[0-9a-f]{64}$", made["hash"])
	at, err := time.Parse(time.RFC3339Nano, made["at"].(string))
	require.NoError(t, err)
	exactly, later := url.QueryEscape(at.Format(time.RFC3339Nano)), url.QueryEscape(at.Add(time.Microsecond).Format(time.RFC3339Nano))

	for query, want := range map[string][]string{
		"actor=ada": {"group.create"}, "actor=ADA": {"group.create"}, "actor=" + id: {"group.create"}, "actor=ad": {}, "actor=" + uuid.NewString(): {},
		"action=group.update": {"group.update"}, "action=group": {},
		"subject_type=group": {"group.update", "group.create"}, "subject_id=" + web: {"group.update", "group.create"},
		"subject_id=" + web + "&actor=ada": {"group.create"}, "subject_id=%27%20or%20true--": {},
		"request_id=making.1": {"group.create"}, "request_id=making": {},
		"subject_type=group&from=" + exactly: {"group.update", "group.create"}, "subject_type=group&from=" + later: {"group.update"},
		"subject_type=group&to=" + exactly: {}, "subject_type=group&to=" + later: {"group.create"},
	} {
		require.Equal(t, want, actions(t, s.must(200, s.admin, "GET", audit+"?"+query, nil)), query)
	}
	require.Equal(t, []string{"to"}, s.refuse(422, "invalid_field", s.admin, "GET", audit+"?from="+exactly+"&to="+exactly, nil))
	require.Equal(t, []string{"format"}, s.refuse(422, "invalid_field", s.admin, "GET", audit+"?format=xml", nil))
	require.Equal(t, []string{"cursor"}, s.refuse(422, "invalid_cursor", s.admin, "GET", audit+"?cursor=x", nil))
}

func TestPagesOfTheAuditComeNewestFirstAndHoldEachEntryOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.must(201, s.admin, "POST", groupsPath, map[string]any{"name": name})
	}
	newest := s.count(`select max(seq) from audit_entries`)
	seen, path := []int{}, audit+"?limit=2"
	for path != "" {
		page := s.must(200, s.admin, "GET", path, nil)
		for _, e := range items(t, page) {
			seen = append(seen, int(e["seq"].(float64)))
		}
		path = ""
		if next, more := page["next_cursor"].(string); more {
			path = audit + "?limit=2&cursor=" + next
		}
	}
	want := []int{}
	for seq := newest; seq > 0; seq-- {
		want = append(want, seq)
	}
	require.Equal(t, want, seen, "the entries of this reading come after its first page")
}

func TestTheTableOfTheAuditHoldsAllEntriesAsText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const detail = `{"n": 1,  "text": "a,\"b\""} `
	s.writeEntries(slices.Repeat([]fleet.AuditEntry{{ActorName: "ann", Action: "act", SubjectType: "thing", Detail: []byte(detail)}}, 2499)...)
	rows := table(t, s.call(s.admin, "GET", audit+"?subject_type=thing&limit=1", nil, "Accept", "text/csv"))
	require.Len(t, rows, 1+2499)
	require.Equal(t, []string{
		"seq", "at", "actor_id", "actor_name", "action", "subject_type", "subject_id", "request_id", "remote_addr", "detail", "hash",
	}, rows[0])
	require.Equal(t, "2500", rows[1][0])
	require.Equal(t, "2", rows[2499][0])
	//nolint:testifylint // its text, not what it means
	require.Equal(t, detail, rows[1][9])
	require.Len(t, table(t, s.call(s.admin, "GET", audit+"?format=csv&actor=nobody", nil)), 1)
	for accept, csv := range map[string]bool{"text/csv": true, "text/csv, application/json;q=0.5": false, "*/*": false, "": false} {
		a := s.call(s.admin, "GET", audit+"?actor=nobody", nil, "Accept", accept)
		require.Equal(t, csv, strings.HasPrefix(a.header.Get("Content-Type"), "text/csv"), accept)
	}
	require.Equal(t, "application/json", s.call(s.admin, "GET", audit+"?format=json", nil, "Accept", "text/csv").header.Get("Content-Type"))
}

func TestNoTextInTheTableOfTheAuditIsAFormula(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hostile := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "=cmd|' /C calc'!A0"}
	for _, name := range hostile {
		s.writeEntries(fleet.AuditEntry{ActorName: name, Action: "act", SubjectID: name, RequestID: name, RemoteAddr: name, Detail: []byte(`{}`)})
	}
	rows := table(t, s.call(s.admin, "GET", audit+"?format=csv&action=act", nil))
	require.Len(t, rows, 1+len(hostile))
	for _, row := range rows[1:] {
		for _, column := range []int{3, 6, 7, 8} {
			require.Equal(t, "'", row[column][:1], "%q", row[column])
		}
	}
	require.Equal(t, "'=cmd|' /C calc'!A0", rows[1][3])
	require.Equal(t, "act", rows[1][4])
}

// brokenExport loses the database in the middle of an export.
type brokenExport struct{ *store.Store }

func (brokenExport) ExportAudit(context.Context, fleet.Caller, fleet.AuditFilter, int) (func(context.Context) ([]fleet.AuditEntry, error), error) {
	pages := 0
	return func(context.Context) ([]fleet.AuditEntry, error) {
		if pages++; pages > 3 {
			return nil, errors.New("connection reset")
		}
		return make([]fleet.AuditEntry, 1000), nil
	}, nil
}

func TestATableThatCanNotBeFinishedDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(func(cfg *apiConfig) { cfg.Store = brokenExport{s.store} })
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+audit+"?format=csv", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.admin)
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Contains(t, s.log.String(), "export cut off")
}
