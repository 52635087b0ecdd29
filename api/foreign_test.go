package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// TestForeignIDsAnswerLikeThoseThatDoNotExist asks every operation of the document with an id in its path for things that
// lie outside of the caller's scope, things of another kind or of another owner, things that do not exist, and what is no
// id, at each place in the path and as somebody who operates everything before that place.
func TestForeignIDsAnswerLikeThoseThatDoNotExist(t *testing.T) {
	t.Parallel()
	asked := 0
	for id, op := range operations(t) {
		if len(op.collections()) == 0 || matrix[id].who == public { // a secret in the path is a right of its own
			continue
		}
		asked++
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w, r := newWorld(t, row{}), matrix[id]
			before := w.state()
			own := op.idsOf(w.outside)
			for place := range own {
				for _, rest := range [][]string{op.idsOf(w.inside), randomIDs(len(own)), own} {
					w.requireAlike(op, r, place, rest)
					if place == len(own)-1 {
						break // nothing comes after it
					}
				}
			}
			require.Equal(t, before, w.state())
		})
	}
	require.Greater(t, asked, 40)
}

// foreign are names that mean nothing in a collection to who operates the outside.
func (w *world) foreign(collection string) []string {
	own := w.outside.id(collection)
	names := []string{"malformed", uuid.Nil.String(), strings.ReplaceAll(own, "-", ""), "urn:uuid:" + own}
	for other := range w.outside {
		switch {
		case other == "groups/second" && collection == "groups", w.outside[other] == own: // his own
		default:
			names = append(names, w.outside[other])
		}
		if other != collection || collection != "maintenance-windows" { // those of the site are everybody's
			names = append(names, w.inside[other])
		}
	}
	return names
}

func randomIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid.NewString()
	}
	return ids
}

// requireAlike holds that whatever is foreign at a place of a path, with the rest behind it, is refused with the same answer
// to the byte, but for what tells requests apart.
func (w *world) requireAlike(op operation, r row, place int, rest []string) {
	w.t.Helper()
	own := op.idsOf(w.outside)
	answerTo := func(as, id string) string {
		path := op.pathWith(slices.Concat(own[:place], []string{id}, rest[place+1:]))
		a := w.sendTo(as, op, path, w.outside, r)
		require.Contains(w.t, []int{403, 404}, a.status, "%s: %s", path, a.body)
		return comparable(a)
	}
	want := answerTo(elsewhere, uuid.NewString())
	for _, name := range w.foreign(op.collections()[place]) {
		require.Equal(w.t, want, answerTo(elsewhere, name), "%s in place %d of %s", name, place, op.path)
	}
	require.Equal(w.t, answerTo(administrator, uuid.NewString()), answerTo(administrator, "malformed"), op.path)
}

// comparable is an answer without what differs from request to request.
func comparable(a answer) string {
	header := a.header.Clone()
	header.Del("X-Request-Id")
	header.Del("Date")
	return fmt.Sprint(a.status, header, string(a.body))
}

// TestForeignIDsInABodyAnswerLikeThoseThatDoNotExist takes the fields from the document.
func TestForeignIDsInABodyAnswerLikeThoseThatDoNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t, row{})
	before, asked := w.state(), 0
	for id, op := range operations(t) {
		if matrix[id].who == adminOnly || matrix[id].who == public { // to these nothing is foreign, or everything
			continue
		}
		for field, collection := range op.idsSent() {
			asked++
			own, hidden, none := w.outside.id(collection), w.inside.id(collection), uuid.NewString()
			for _, before := range [][]string{{}, {own}} {
				answerTo := func(name string) string {
					r := matrix[id]
					r.sends = with(t, w.outside.fill(r.sends), field, append(slices.Clone(before), name))
					a := w.send(elsewhere, op, w.outside, r)
					require.Equal(t, 422, a.status, "%s %s: %s", id, field, a.body)
					a.body = []byte(strings.ReplaceAll(string(a.body), name, "ID"))
					a.header.Del("Content-Length")
					return comparable(a)
				}
				want, got := answerTo(none), answerTo(hidden)
				require.Contains(t, want, fmt.Sprintf("%s[%d]", field, len(before)), id)
				require.Equal(t, want, got, "%s %s", id, field)
				answerTo("malformed")
			}
		}
	}
	require.Equal(t, before, w.state())
	require.GreaterOrEqual(t, asked, 6)
}

// with is a body with another value of a field.
func with(t *testing.T, body, field string, value any) string {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &fields))
	fields[field] = value
	encoded, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(encoded)
}

// TestForeignIDsInAQueryAnswerLikeThoseThatDoNotExist takes the parameters from the document.
func TestForeignIDsInAQueryAnswerLikeThoseThatDoNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t, row{})
	asked := 0
	for id, op := range operations(t) {
		for parameter, collection := range op.idsAsked() {
			asked++
			answerTo := func(name string) string {
				r := matrix[id]
				r.asks = strings.TrimPrefix(r.asks+"&"+parameter+"="+name, "&")
				return comparable(w.send(elsewhere, op, w.outside, r))
			}
			want := answerTo(uuid.NewString())
			for _, name := range w.foreign(collection) {
				require.Equal(t, want, answerTo(name), "%s %s=%s", id, parameter, name)
			}
			if strings.HasPrefix(want, "200 ") {
				require.NotEqual(t, want, answerTo(w.outside.id(collection)), "%s takes no notice of %s", id, parameter)
			}
		}
	}
	require.GreaterOrEqual(t, asked, 3)
}

// TestANameThatIsTakenOutOfSightTellsNothingElse: names of hosts are unique in the whole fleet, so that a name that is
// taken has to be refused (docs/security.md); the answer is that for a name within sight.
func TestANameThatIsTakenOutOfSightTellsNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, row{})
	for method, path := range map[string]string{"POST": hosts, "PUT": hosts + "/" + w.host("other.example.com", w.outside["groups"])} {
		answerTo := func(fqdn string) string {
			body := row{sends: `{"fqdn": "` + fqdn + `", "group_ids": ["{groups}"]}`}
			return comparable(w.sendTo(elsewhere, operation{method: method}, path, w.outside, body))
		}
		seen := answerTo("outside.example.com")
		require.Contains(t, seen, "fqdn_taken")
		require.Equal(t, seen, answerTo("inside.example.com"))
		require.Equal(t, seen, answerTo("INSIDE.example.com"))
	}
}
