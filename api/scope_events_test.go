package api_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

// drawnEvent is an event whose visibility the test knows.
type drawnEvent struct {
	subject string
	groups  []string
	site    bool
}

// TestTheStreamOfACallerIsThatOfAnAdministratorLessWhatIsOutOfScope draws events before and after the streams open: those
// before are read for each stream from the database, those after are shared out by the process. What the database gives
// away is looked at alone, too, because a stream judges it once more.
func TestTheStreamOfACallerIsThatOfAnAdministratorLessWhatIsOutOfScope(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	groups := []string{s.group("a"), s.group("b"), s.group("c")}
	caller, err := s.store.CreateToken(t.Context(), fleet.Actor{Name: "test"}, fleet.TokenRequest{User: "caller", Name: "test"})
	require.NoError(t, err)
	stream := s.serveStream(s.config(), fast).URL
	rapid.Check(t, func(r *rapid.T) {
		roles := drawRoles(r, groups)
		s.exec(`delete from group_users`)
		for g, role := range roles {
			s.exec(`insert into group_users (group_id, user_id, role) values ($1, $2, $3)`, g, caller.UserID, string(role))
		}
		s.settle()
		start, err := s.store.EventsNow(context.Background())
		require.NoError(r, err)
		earlier := drawEvents(r, s, groups)
		s.settle()
		page, err := s.store.EventsAfter(context.Background(), fleet.Principal{Groups: roles}.Sees(), start, 100)
		require.NoError(r, err)
		require.Equal(r, subjects(visible(earlier, roles)), subjectsOf(page))
		all, _ := s.listen(stream, s.admin, start.String())
		defer all.close()
		seen, _ := s.listen(stream, caller.Secret, start.String())
		defer seen.close()
		for _, events := range [][]drawnEvent{earlier, drawEvents(r, s, groups)} {
			end := events[len(events)-1].subject
			require.Equal(r, subjects(events), all.until(end))
			require.Equal(r, subjects(visible(events, roles)), seen.until(end))
		}
	})
}

// drawRoles draws what a caller is in each group.
func drawRoles(r *rapid.T, groups []string) map[string]fleet.Role {
	roles := map[string]fleet.Role{}
	for _, g := range groups {
		if role := rapid.SampledFrom([]fleet.Role{"", fleet.RoleViewer, fleet.RoleOperator}).Draw(r, "role"); role != "" {
			roles[g] = role
		}
	}
	return roles
}

// drawEvents writes events of which everybody sees the last.
func drawEvents(r *rapid.T, s *site, groups []string) []drawnEvent {
	events := make([]drawnEvent, rapid.IntRange(0, 4).Draw(r, "events"), 5)
	for i := range events {
		events[i] = drawnEvent{uuid.NewString(), drawSome(r, groups), rapid.IntRange(0, 4).Draw(r, "site") == 0}
	}
	events = append(events, drawnEvent{uuid.NewString(), []string{}, true})
	for _, e := range events {
		s.exec(insertEvent, e.subject, e.groups, e.site, "{}")
	}
	return events
}

// visible is the rule: an event is seen by the groups that it names, or by all.
func visible(events []drawnEvent, roles map[string]fleet.Role) []drawnEvent {
	return slices.DeleteFunc(slices.Clone(events), func(e drawnEvent) bool {
		return !e.site && !slices.ContainsFunc(e.groups, func(g string) bool { return roles[g] != "" })
	})
}

func subjectsOf(page fleet.EventPage) []string {
	all := make([]string, len(page.Events))
	for i, e := range page.Events {
		all[i] = e.SubjectID
	}
	return all
}

func subjects(events []drawnEvent) []string {
	all := make([]string, len(events))
	for i, e := range events {
		all[i] = e.subject
	}
	return all
}

// until returns what the messages are about up to the one about end.
func (f *follower) until(end string) []string {
	f.t.Helper()
	var all []string
	for {
		all = append(all, f.subjects(1)...)
		if all[len(all)-1] == end {
			return all
		}
	}
}
