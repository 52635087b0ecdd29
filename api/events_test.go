package api_test

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
)

const eventsPath = "/api/v1/events"

func TestAMalformedLastEventIDIsRefusedByItsName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, id := range []string{"x", "1", "1:", ":1", "1:-1", "01:2", "1:2:3", "18446744073709551616:1", "1:9223372036854775808", "1:2\xff"} {
		fields := s.refuse(422, "invalid_field", s.admin, "GET", eventsPath, nil, "Last-Event-ID", id)
		require.Equal(t, []string{"Last-Event-ID"}, fields, id)
	}
	s.refuse(401, "unauthenticated", "pm_nobody", "GET", eventsPath, nil, "Last-Event-ID", "x")
	s.refuse(422, "unknown_field", s.admin, "GET", eventsPath+"?since=1", nil)
}

func TestAnEventTellsWhatChangedWithItsIDsAtTheTop(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f, first := s.listen(s.serveStream(s.config(), fast).URL, s.admin, "")
	require.Regexp(t, `^\d+:0$`, first.id)
	before := time.Now()
	group := s.group("web")
	m := f.next()
	require.Empty(t, m.event, "a change is an ordinary message")
	require.Regexp(t, `^\d+:[1-9]\d*$`, m.id)
	fields := m.json(t)
	at, err := time.Parse(time.RFC3339Nano, fields["at"].(string))
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(fields["at"].(string), "Z"))
	require.WithinDuration(t, before, at, streamWithin)
	delete(fields, "at")
	require.Equal(t, map[string]any{"kind": "group.changed", "subject_id": group, "group_id": group}, fields)
}

func TestAPayloadNeverHidesWhatEveryEventHasAndMayBeAnything(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f, _ := s.listen(s.serveStream(s.config(), fast).URL, s.admin, "")
	payloads := []string{`{"kind": "x", "at": 1, "state": {"a": [null]}}`, `null`, `[1]`, `"a\nb"`, `7`, `{"text": "a\n\nid: 1\ndata: <&>"}`}
	for i, payload := range payloads {
		s.exec(insertEvent, fmt.Sprint(i), []string{}, false, payload)
	}
	for i := range payloads {
		fields := f.next().json(t)
		require.Equal(t, fmt.Sprint(i), fields["subject_id"])
		require.Equal(t, "test", fields["kind"])
		require.IsType(t, "", fields["at"])
	}
}

func TestAStreamStartsNowAndResumesBehindExactlyTheLastID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url := s.serveStream(s.config(), fast).URL
	earlier, _ := s.listen(url, s.admin, "")
	s.event("before")
	require.Equal(t, []string{"before"}, earlier.subjects(1))
	f, first := s.listen(url, s.admin, "")
	for i := range 5 {
		s.event(fmt.Sprint(i))
	}
	ids := []string{first.id}
	for i := range 5 {
		m := f.next()
		require.Equal(t, fmt.Sprint(i), m.json(t)["subject_id"])
		ids = append(ids, m.id)
	}
	for i, id := range ids {
		again, greeting := s.listen(url, s.admin, id)
		require.Empty(t, greeting.event)
		marker := fmt.Sprint("marker ", i)
		s.event(marker)
		for j := i; j < 5; j++ {
			m := again.next()
			require.Equal(t, ids[j+1], m.id)
		}
		for again.next().json(t)["subject_id"] != marker {
			require.Positive(t, i, "nothing but earlier markers comes between")
		}
		again.close()
	}
}

func TestFromTheIDOfMeTheStreamTellsOfWhatChangedSince(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.must(200, s.admin, "GET", me, nil)["event_id"].(string)
	s.event("since")
	f, first := s.listen(s.serveStream(s.config(), fast).URL, s.admin, id)
	require.Empty(t, first.event, "no reset")
	for f.subjects(1)[0] != "since" { // after what was not over yet when the id was given
	}
}

func TestASlowTransactionIsNotLostToStreamsThatAreOpenOrResume(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url := s.serveStream(s.config(), fast).URL
	f, first := s.listen(url, s.admin, "")
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), insertEvent, "slow", []string{}, false, "{}")
	require.NoError(t, err)
	s.event("fast")
	// Two signs of life later the event of the later transaction has had its time to come, and did not.
	for range 2 {
		m, err := f.read()
		require.NoError(t, err)
		require.Empty(t, m.data)
	}
	between, _ := s.listen(url, s.admin, f.lastID)
	require.NoError(t, tx.Commit(t.Context()))
	s.event("after")
	all := []string{"slow", "fast", "after"}
	require.Equal(t, all, f.subjects(3))
	require.Equal(t, all, between.subjects(3))
	again, _ := s.listen(url, s.admin, first.id)
	require.Equal(t, all, again.subjects(3))
}

func TestAnIDOlderThanWhatIsHeldIsAnsweredByAResetFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url := s.serveStream(s.config(), fast).URL
	old := time.Now().Add(-48 * time.Hour)
	s.exec(`select make_partitions($1, $1)`, old)
	f, first := s.listen(url, s.admin, "")
	s.exec(`insert into events (kind, subject_id, at) values ('test', 'old', $1)`, old)
	s.event("kept")
	oldID, keptID := f.next().id, f.next().id
	s.exec(`select drop_partition('events', now() - interval '1 day')`)

	for _, id := range []string{"0:0", "1:1", first.id, oldID, "18446744073709551615:1"} {
		again, reset := s.listen(url, s.admin, id)
		require.Equal(t, "reset", reset.event, id)
		require.Contains(t, reset.json(t), "at")
		s.event("new " + id)
		require.Equal(t, []string{"new " + id}, again.subjects(1), "it goes on from now")
		again.close()
		resumed, greeting := s.listen(url, s.admin, reset.id)
		require.Empty(t, greeting.event, "the id of the reset is one to resume from")
		require.Equal(t, []string{"new " + id}, resumed.subjects(1))
		resumed.close()
	}
	again, greeting := s.listen(url, s.admin, keptID)
	require.Empty(t, greeting.event)
	require.Equal(t, []string{"new 0:0"}, again.subjects(1))
}

func TestAStreamShowsOnlyWhatItsCallerSees(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mine, other := s.group("mine"), s.group("other")
	s.settle()
	url := s.serveStream(s.config(), fast).URL
	_, start := s.listen(url, s.admin, "")
	streams := map[string]*follower{}
	for name, token := range map[string]string{
		"admin": s.admin, "operator": s.member(map[string]fleet.Role{"mine": fleet.RoleOperator}),
		"viewer": s.member(map[string]fleet.Role{"mine": fleet.RoleViewer}), "nobody": s.member(nil),
	} {
		streams[name], _ = s.listen(url, token, "")
		streams[name+" resumed"], _ = s.listen(url, token, start.id)
	}
	s.exec(insertEvent, "other", []string{other}, false, "{}")
	s.exec(insertEvent, "both", []string{other, mine}, false, "{}")
	s.exec(insertEvent, "admins", []string{}, false, "{}")
	s.exec(insertEvent, "mine", []string{mine}, false, "{}")
	s.exec(insertEvent, "site", []string{}, true, "{}")
	for name, f := range streams {
		var want []string
		switch name, _, _ := strings.Cut(name, " "); name {
		case "admin":
			want = []string{"other", "both", "admins", "mine", "site"}
		case "nobody":
			want = []string{"site"}
		default:
			want = []string{"both", "mine", "site"}
		}
		require.Equal(t, want, f.subjects(len(want)), name)
	}
}

func TestARevokedOrExpiredTokenEndsItsStream(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url := s.serveStream(s.config(), fast).URL
	for _, column := range []string{"revoked_at", "expires_at"} {
		user := "user-" + column
		token := s.token(fleet.TokenRequest{User: user, Admin: true, Name: "test"})
		f, _ := s.listen(url, token, "")
		s.exec(`update api_tokens set ` + column + ` = now() where user_id = (select id from users where name = '` + user + `')`)
		require.Empty(t, f.rest())
	}
}

func TestALostMembershipNarrowsTheStreamAndANewOneWidensIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first, second := s.group("first"), s.group("second")
	s.settle()
	token := s.token(fleet.TokenRequest{User: "ann", Roles: map[string]fleet.Role{"first": fleet.RoleViewer}, Name: "test"})
	f, _ := s.listen(s.serveStream(s.config(), fast).URL, token, "")
	s.exec(insertEvent, "seen", []string{first}, false, "{}")
	require.Equal(t, []string{"seen"}, f.subjects(1))

	s.exec(`update group_users set group_id = $1`, second)
	// The look at the rights comes as often as the sign of life.
	for range 10 {
		m, err := f.read()
		require.NoError(t, err)
		require.Empty(t, m.data)
	}
	s.exec(insertEvent, "hidden", []string{first}, false, "{}")
	s.exec(insertEvent, "new", []string{second}, false, "{}")
	require.Equal(t, []string{"new"}, f.subjects(1))
}

func TestASignOfLifeCarriesTheIDToResumeFrom(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url := s.serveStream(s.config(), fast).URL
	token := s.member(nil)
	f, first := s.listen(url, token, "")
	s.event("not for this one")
	for f.lastID == first.id {
		m, err := f.read()
		require.NoError(t, err)
		require.Empty(t, m.data)
		require.NotEmpty(t, m.comment)
	}
	f.close()
	s.exec(insertEvent, "missed", []string{}, true, "{}")
	again, _ := s.listen(url, token, f.lastID)
	require.Equal(t, []string{"missed"}, again.subjects(1))
}

func TestASlowClientIsDroppedAndResumesWithoutAGap(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const total = 4000
	pace := fast
	pace.Heartbeat, pace.Write, pace.Page, pace.Keep = time.Hour, 100*time.Millisecond, 50, 100
	url := s.serveStream(s.config(), pace).URL
	slow, first := s.listenThrough(dialNarrow, url, s.admin, "")
	quick, _ := s.listen(url, s.admin, "")
	s.exec(`insert into events (kind, subject_id, payload)
		select 'test', n, jsonb_build_object('text', repeat('x', 2000)) from generate_series(1, $1) n`, total)
	require.Equal(t, numbers(1, total), s.subjectsResuming(url, quick, total), "others are not held up")

	// The system keeps a part for the client that has not read until now; then the stream ends, amid a message or not.
	got := slow.rest()
	require.Less(t, len(got), total)
	resumed, greeting := s.listen(url, s.admin, cmp.Or(slow.lastID, first.id))
	require.Empty(t, greeting.event)
	require.Equal(t, numbers(1, total), append(got, s.subjectsResuming(url, resumed, total-len(got))...))
	require.Contains(t, s.log.String(), "event stream ended")
}

func numbers(from, to int) []string {
	var list []string
	for n := from; n <= to; n++ {
		list = append(list, strconv.Itoa(n))
	}
	return list
}

// subjectsResuming returns what the next n messages are about, and connects again where the stream ends before.
func (s *site) subjectsResuming(url string, f *follower, n int) []string {
	s.t.Helper()
	var list []string
	for deadline := time.Now().Add(streamWithin); len(list) < n; {
		require.True(s.t, time.Now().Before(deadline), "%d messages are too few", len(list))
		m, err := f.read()
		if err != nil {
			f, _ = s.listen(url, s.admin, f.lastID)
			continue
		}
		require.Empty(s.t, m.event, "no reset")
		if m.data != "" {
			list = append(list, m.json(s.t)["subject_id"].(string))
		}
	}
	return list
}

func TestFiveHundredStreamsGetAnEventAndCostLittle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const clients = 500
	pace := api.StreamPace{Poll: 10 * time.Millisecond}
	url := s.serveStream(s.config(), pace).URL
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := make([]*follower, clients)
	for i := range all {
		all[i], _ = s.listen(url, s.admin, "")
	}
	s.exec(`insert into events (kind, subject_id) select 'test', n from generate_series(1, 100) n`)
	var wg sync.WaitGroup
	got := make([][]string, clients)
	for i, f := range all {
		wg.Go(func() {
			for len(got[i]) < 100 {
				m, err := f.read()
				if err != nil {
					return
				}
				if m.data != "" {
					got[i] = append(got[i], m.id)
				}
			}
		})
	}
	wg.Wait()
	for i := range got {
		require.Len(t, got[i], 100)
		require.Equal(t, got[0], got[i])
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc+after.StackInuse) - int64(before.HeapAlloc+before.StackInuse)
	t.Logf("%d KiB for each stream, both ends", used/clients>>10)
	require.Less(t, used/clients, int64(256<<10))
}

func TestStreamsEndWhenTheProcessIsToldToStop(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg, stop := s.config(), make(chan struct{})
	cfg.Stopping = stop
	f, _ := s.listen(s.serveStream(cfg, api.StreamPace{}).URL, s.admin, "")
	s.event("last")
	require.Equal(t, []string{"last"}, f.subjects(1))
	close(stop)
	require.Empty(t, f.rest())
}

// flakyStore fails to read events as long as the database is said to be away.
type flakyStore struct {
	*store.Store
	away    *atomic.Bool
	refused chan struct{}
}

func (f flakyStore) EventsNow(ctx context.Context) (fleet.EventPosition, error) {
	if f.away.Load() {
		return fleet.EventPosition{}, f.refuse()
	}
	return f.Store.EventsNow(ctx)
}

func (f flakyStore) EventsAfter(ctx context.Context, scope fleet.Scope, after fleet.EventPosition, limit int) (fleet.EventPage, error) {
	if f.away.Load() {
		return fleet.EventPage{}, f.refuse()
	}
	return f.Store.EventsAfter(ctx, scope, after, limit)
}

func (f flakyStore) refuse() error {
	select {
	case f.refused <- struct{}{}:
	default:
	}
	return fleet.Unavailable("database_unavailable", "the database does not answer")
}

func TestAStreamOutlivesADatabaseThatIsAwayAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	flaky := flakyStore{s.store, &atomic.Bool{}, make(chan struct{})}
	cfg := s.config()
	cfg.Store = flaky
	pace := fast
	pace.Recheck = time.Hour
	server := s.serveStream(cfg, pace)
	f, first := s.listen(server.URL, s.admin, "")
	s.event("one")
	require.Equal(t, []string{"one"}, f.subjects(1))

	flaky.away.Store(true)
	<-flaky.refused
	<-flaky.refused
	s.event("two")
	s.handler = server.Config.Handler
	for _, id := range []string{"", first.id} {
		require.Empty(t, s.refuse(503, "database_unavailable", s.admin, "GET", eventsPath, nil, "Last-Event-ID", id))
	}
	flaky.away.Store(false)
	s.event("three")
	require.Equal(t, []string{"two", "three"}, f.subjects(2))
	require.Equal(t, 1, strings.Count(s.log.String(), "events can not be read"), "one line for the whole time")
}

func TestAStreamWhoseRightsNobodyCanLookUpEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	away := &awayTokens{Store: s.store}
	cfg.Store = away
	f, _ := s.listen(s.serveStream(cfg, fast).URL, s.admin, "")
	away.now.Store(true)
	require.Empty(t, f.rest())
}

// awayTokens is a store that can not look up tokens from a moment on.
type awayTokens struct {
	*store.Store
	now atomic.Bool
}

func (a *awayTokens) Authenticate(ctx context.Context, token string) (fleet.Principal, error) {
	if a.now.Load() {
		return fleet.Principal{}, fleet.Unavailable("database_unavailable", "the database does not answer")
	}
	return a.Store.Authenticate(ctx, token)
}

// lostStore finds once that the stream was cut, as after a restore.
type lostStore struct {
	*store.Store
	lost atomic.Bool
}

func (l *lostStore) EventsAfter(ctx context.Context, scope fleet.Scope, after fleet.EventPosition, limit int) (fleet.EventPage, error) {
	if l.lost.CompareAndSwap(true, false) {
		now, err := l.EventsNow(ctx)
		return fleet.EventPage{Next: now, Lost: true}, err
	}
	return l.Store.EventsAfter(ctx, scope, after, limit)
}

func TestStreamsEndWhenTheReaderLostEventsSoThatTheyAreToldOfIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	losing := &lostStore{Store: s.store}
	cfg.Store = losing
	url := s.serveStream(cfg, fast).URL
	f, _ := s.listen(url, s.admin, "")
	s.event("one")
	require.Equal(t, []string{"one"}, f.subjects(1))
	losing.lost.Store(true)
	require.Empty(t, f.rest())
	again, _ := s.listen(url, s.admin, f.lastID)
	s.event("two")
	require.Equal(t, []string{"two"}, again.subjects(1))
}

// hangingStore tells when it is asked for events, and answers no sooner than it is told to end.
type hangingStore struct {
	*store.Store
	asked chan context.Context
}

func (h hangingStore) EventsAfter(ctx context.Context, _ fleet.Scope, after fleet.EventPosition, _ int) (fleet.EventPage, error) {
	select {
	case h.asked <- ctx:
	case <-ctx.Done():
	}
	<-ctx.Done()
	return fleet.EventPage{Next: after}, ctx.Err()
}

func TestTheDatabaseIsAskedOnlyWhileSomebodyListens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hanging := hangingStore{s.store, make(chan context.Context)}
	cfg := s.config()
	cfg.Store = hanging
	url := s.serveStream(cfg, fast).URL
	for range 2 {
		f, _ := s.listen(url, s.admin, "")
		asking := <-hanging.asked
		f.close()
		<-asking.Done()
		require.ErrorIs(t, asking.Err(), context.Canceled)
	}
}
