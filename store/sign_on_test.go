package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// signOnDB is a database where people sign on with the mappings of the test.
type signOnDB struct {
	*runDB
	mappings []fleet.RoleMapping
}

// newSignOnDB has the groups web and db, which the provider's groups web-ops, web-see and db-ops map to, and admins.
func newSignOnDB(t *testing.T) *signOnDB {
	t.Helper()
	db := &signOnDB{runDB: newRunDB(t)}
	for _, text := range []string{"admins=admin", "web-ops=operator:Web", "web-see=viewer:web", "db-ops=operator:db", "none=operator:nothing"} {
		m, err := fleet.ParseRoleMapping(text)
		require.NoError(t, err)
		db.mappings = append(db.mappings, m)
	}
	db.exec(`insert into groups (id, name) values (gen_random_uuid(), 'web'), (gen_random_uuid(), 'db')`)
	return db
}

func (db *signOnDB) on(subject, name string, groups ...string) (fleet.NewSession, []string, error) {
	return db.store.SignOn(db.Context(), fleet.Caller{RequestID: "r", RemoteAddr: "192.0.2.1"}, fleet.Arrival{
		Identity: fleet.Identity{Issuer: "https://id", Subject: subject, Name: name, Groups: groups}, Mappings: db.mappings,
	})
}

func (db *signOnDB) must(subject, name string, groups ...string) fleet.Principal {
	db.Helper()
	made, _, err := db.on(subject, name, groups...)
	require.NoError(db, err)
	who, err := db.store.PrincipalBySession(db.Context(), made.Token)
	require.NoError(db, err)
	return who
}

// refused signs on and returns the code of the refusal.
func (db *signOnDB) refused(subject, name string, groups ...string) string {
	db.Helper()
	made, _, err := db.on(subject, name, groups...)
	var why *fleet.Error
	require.ErrorAs(db, err, &why)
	require.Empty(db, made.Token)
	require.Equal(db, 1, value[int](db.runDB, `select count(*) from (select detail from audit_entries where action = 'login.failed'
		order by seq desc limit 1) last where detail->>'reason' = $1 and detail->>'subject' = $2 and detail->>'issuer' = 'https://id'`, why.Code, subject))
	return why.Code
}

// roles are a user's by the names of groups, those by sign-on marked.
func (db *signOnDB) roles(userID string) map[string]string {
	db.Helper()
	rows, err := db.pool.Query(db.Context(), `select g.name, gu.role || case when gu.by_sign_on then '*' else '' end
		from group_users gu join groups g on g.id = gu.group_id where gu.user_id = $1`, userID)
	require.NoError(db, err)
	roles := map[string]string{}
	for rows.Next() {
		var group, role string
		require.NoError(db, rows.Scan(&group, &role))
		roles[group] = role
	}
	require.NoError(db, rows.Err())
	return roles
}

func (db *signOnDB) actions() []string {
	db.Helper()
	return value[[]string](db.runDB, `select coalesce(array_agg(action order by seq), '{}') from audit_entries`)
}

func TestTheFirstSignOnMakesAUserWithTheMappedRolesInOneTransactionWithItsEntries(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	who := db.must("s1", "ada", "web-see", "web-ops", "unmapped")
	require.Equal(t, "ada", who.Name)
	require.False(t, who.Admin)
	require.Equal(t, map[string]string{"web": "operator*"}, db.roles(who.UserID), "the stronger of two roles")
	require.Equal(t, []string{"user.create", "group.user.put", "login"}, db.actions())
	require.Equal(t, 3, value[int](db.runDB, `select count(*) from audit_entries where actor_id = $1 and actor_name = 'ada'
		and request_id = 'r' and remote_addr = '192.0.2.1'`, who.UserID))
	again := db.must("s1", "ada", "web-ops")
	require.Equal(t, who.UserID, again.UserID)
	require.Equal(t, []string{"user.create", "group.user.put", "login", "login"}, db.actions(), "nothing changed")
}

func TestRolesFollowTheGroupsAtEachSignOnAndThoseGivenByHandStay(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	id := db.must("s1", "ada", "web-see").UserID
	require.Equal(t, map[string]string{"web": "viewer*"}, db.roles(id))
	db.must("s1", "ada", "web-ops", "db-ops")
	require.Equal(t, map[string]string{"web": "operator*", "db": "operator*"}, db.roles(id))
	db.must("s1", "ada", "db-ops")
	require.Equal(t, map[string]string{"db": "operator*"}, db.roles(id))

	admin := fleet.Caller{Principal: fleet.Principal{Admin: true}}
	group := func(name string) string {
		return value[string](db.runDB, `select id from groups where name = $1`, name)
	}
	require.NoError(t, db.store.PutGroupUser(t.Context(), admin, group("db"), id, fleet.RoleViewer))
	require.NoError(t, db.store.PutGroupUser(t.Context(), admin, group("web"), id, fleet.RoleOperator))
	db.must("s1", "ada", "db-ops")
	require.Equal(t, map[string]string{"web": "operator", "db": "viewer"}, db.roles(id), "by hand")
	require.NoError(t, db.store.DeleteGroupUser(t.Context(), admin, group("db"), id))
	db.must("s1", "ada", "db-ops")
	require.Equal(t, map[string]string{"web": "operator", "db": "operator*"}, db.roles(id))
}

func TestTheAdministratorsFlagFollowsTheGroupsUnlessGivenByHand(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	require.False(t, db.must("s1", "ada", "web-ops").Admin)
	require.True(t, db.must("s1", "ada", "admins").Admin)
	require.False(t, db.must("s1", "ada", "web-ops").Admin, "though nobody else is an administrator")
	db.exec(`update users set is_admin = true`)
	require.True(t, db.must("s1", "ada", "admins").Admin)
	require.True(t, db.must("s1", "ada", "web-ops").Admin, "by hand")
}

// Who makes a token for an administrator by hand means one that does not end with a group at the provider.
func TestATokenForAnAdministratorThatIsMadeByHandMakesTheUserOneByHand(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	for user, hand := range map[string]bool{"ada": true, "bob": false} {
		require.True(t, db.must(user, user, "admins").Admin)
		token, err := db.store.CreateToken(t.Context(), ann, fleet.TokenRequest{User: user, Name: "command line", Admin: hand})
		require.NoError(t, err)
		kept, err := db.store.User(t.Context(), token.UserID)
		require.NoError(t, err)
		require.Equal(t, !hand, kept.SignOn.Admin)
		require.Equal(t, hand, db.must(user, user, "web-ops").Admin, user)
		who, err := db.store.Authenticate(t.Context(), token.Secret)
		require.NoError(t, err)
		require.Equal(t, hand, who.Admin, user)
	}
}

func TestTheGuardOfTheLastAdministratorIsForThoseByHand(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	db.must("s1", "ada", "admins")
	db.exec(`insert into users (id, name, is_admin) values (gen_random_uuid(), 'root', true)`)
	db.exec(`update users set is_admin = false where name = 'root'`)
	db.must("s1", "ada", "web-ops")
	require.Zero(t, value[int](db.runDB, `select count(*) from users where is_admin`))
	db.exec(`update users set is_admin = true where name = 'root'`)
	_, err := db.pool.Exec(t.Context(), `update users set is_admin = false where name = 'root'`)
	require.ErrorContains(t, err, "last administrator")
}

func TestWhoHasNoMappedGroupAnyMoreLosesRolesAndSessionsAndIsRefused(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	require.Equal(t, "sign_on_no_role", db.refused("s1", "ada", "unmapped"))
	require.Equal(t, "sign_on_no_role", db.refused("s1", "ada"))
	require.Zero(t, value[int](db.runDB, `select count(*) from users`))
	session, _, err := db.on("s1", "ada", "admins", "web-ops")
	require.NoError(t, err)
	require.Equal(t, "sign_on_no_role", db.refused("s1", "ada", "unmapped"))
	_, err = db.store.PrincipalBySession(t.Context(), session.Token)
	require.True(t, fleet.IsKind(err, fleet.KindNotFound))
	require.Zero(t, value[int](db.runDB, `select count(*) from users where is_admin`))
	require.Empty(t, db.roles(value[string](db.runDB, `select id from users`)))
	require.NotEmpty(t, db.must("s1", "ada", "web-see").UserID)
}

func TestAMappingToAGroupThatDoesNotExistGivesNothing(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	_, unknown, err := db.on("s1", "ada", "none")
	require.True(t, fleet.IsKind(err, fleet.KindForbidden), "%v", err)
	require.Equal(t, []string{"nothing"}, unknown)
	made, unknown, err := db.on("s1", "ada", "none", "web-see")
	require.NoError(t, err)
	require.Equal(t, []string{"nothing"}, unknown)
	require.NotEmpty(t, made.Token)
}

func TestADisabledUserStaysOut(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	id := db.must("s1", "ada", "web-see").UserID
	db.exec(`update users set disabled_at = now()`)
	require.Equal(t, "user_disabled", db.refused("s1", "ada", "admins"))
	require.Equal(t, map[string]string{"web": "viewer*"}, db.roles(id), "nothing is given to who stays out")
}

func TestNamesAndMailAreNoProofOfWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	db.exec(`insert into users (id, name, is_admin) values (gen_random_uuid(), 'Ada', true)`)
	require.Equal(t, "name_taken", db.refused("s1", "ada", "web-see"))
	require.Zero(t, value[int](db.runDB, `select count(*) from user_identities`))
	db.exec(`update users set name = 'root'`)
	ada := db.must("s1", "ada", "web-see")
	require.False(t, ada.Admin)
	require.Equal(t, "name_taken", db.refused("s2", "ADA", "admins"), "another subject with the name is another person")
}

func TestARenamedPersonIsTheSameUserAndNeverTakesAName(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	ada := db.must("s1", "ada", "web-see")
	db.must("s2", "eve", "web-see")
	renamed := db.must("s1", "Ada Lovelace", "web-see")
	require.Equal(t, ada.UserID, renamed.UserID)
	require.Equal(t, "Ada Lovelace", renamed.Name)
	require.Contains(t, db.actions(), "user.update")
	require.Equal(t, "Ada Lovelace", db.must("s1", "EVE", "web-see").Name, "the name is another's")
	require.Equal(t, "ada lovelace", db.must("s1", "ada lovelace", "web-see").Name, "the same name in another case is one's own")
}

func TestManyFirstSignOnsAtOnceMakeOneUser(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	var all sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		all.Go(func() { _, _, errs[i] = db.on("s1", "ada", []string{"web-see", "db-ops", "web-ops"}[i%3]) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 1, value[int](db.runDB, `select count(*) from users`))
	require.Equal(t, 16, value[int](db.runDB, `select count(*) from sessions`))
}

func TestAnAttemptIsUsedOnceByTheBrowserThatBeganIt(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	attempt := fleet.SignOn{State: "state", Browser: "browser", Nonce: "nonce", Verifier: "verifier", ReturnTo: "/hosts"}
	require.NoError(t, db.store.KeepSignOn(t.Context(), attempt, ""))
	for _, wrong := range [][2]string{{"state", "another"}, {"state", ""}, {"another", "browser"}, {"", ""}, {"browser", "state"}} {
		_, err := db.store.TakeSignOn(t.Context(), wrong[0], wrong[1])
		require.True(t, fleet.IsKind(err, fleet.KindForbidden), "%v: %v", wrong, err)
	}
	var all sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		all.Go(func() {
			got, err := db.store.TakeSignOn(t.Context(), "state", "browser")
			if errs[i] = err; err == nil && got != attempt {
				errs[i] = fmt.Errorf("got %+v", got)
			}
		})
	}
	all.Wait()
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
			continue
		}
		require.True(t, fleet.IsKind(err, fleet.KindForbidden), "%v", err)
	}
	require.Equal(t, 1, taken)
}

func TestAnAttemptIsOverAfterTenMinutesAndForgotten(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	for state, left := range map[string]string{"old": "-1 ms", "young": "1 minute"} {
		require.NoError(t, db.store.KeepSignOn(t.Context(), fleet.SignOn{State: state, Browser: "b", ReturnTo: "/"}, ""))
		lasts := value[float64](db.runDB, `select extract(epoch from max(expires_at) - now())::float8 from sign_ons where state_hash = sha256($1::bytea)`, state)
		require.InDelta(t, 600, lasts, 5)
		db.exec(`update sign_ons set expires_at = now() + $2::interval where state_hash = sha256($1::bytea)`, state, left)
	}
	n, err := db.store.PruneExpired(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, db.store.KeepSignOn(t.Context(), fleet.SignOn{State: "old", Browser: "b", ReturnTo: "/"}, ""))
	db.exec(`update sign_ons set expires_at = now() where state_hash = sha256('old')`)
	_, err = db.store.TakeSignOn(t.Context(), "old", "b")
	require.True(t, fleet.IsKind(err, fleet.KindForbidden), "%v", err)
	_, err = db.store.TakeSignOn(t.Context(), "young", "b")
	require.NoError(t, err)
}

func TestTheSessionThatTheBrowserLeftWithEndsWhenTheNewOneBegins(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	old, _, err := db.on("s1", "ada", "web-see")
	require.NoError(t, err)
	require.NoError(t, db.store.KeepSignOn(t.Context(), fleet.SignOn{State: "s", Browser: "b", ReturnTo: "/"}, old.Token))
	attempt, err := db.store.TakeSignOn(t.Context(), "s", "b")
	require.NoError(t, err)
	require.Equal(t, old.ID, attempt.SessionID)
	_, err = db.store.PrincipalBySession(t.Context(), old.Token)
	require.NoError(t, err, "nobody signed in yet")
	_, _, err = db.store.SignOn(t.Context(), fleet.Caller{}, fleet.Arrival{
		Identity: fleet.Identity{Issuer: "https://id", Subject: "s2", Name: "eve", Groups: []string{"web-see"}}, Mappings: db.mappings,
		SessionID: attempt.SessionID,
	})
	require.NoError(t, err)
	_, err = db.store.PrincipalBySession(t.Context(), old.Token)
	require.True(t, fleet.IsKind(err, fleet.KindNotFound), "%v", err)
}

func TestAnAdministratorBySignOnIsMadeNoneOrDisabledByHandUnlessTheLast(t *testing.T) {
	t.Parallel()
	db := newSignOnDB(t)
	db.exec(`delete from users`)
	last := db.must("1", "ada", "admins").UserID
	for _, in := range []fleet.UserInput{{Name: "ada"}, {Name: "ada", Admin: true, Disabled: true}} {
		err := db.store.UpdateUser(t.Context(), byAdmin, last, in)
		require.True(t, fleet.IsCode(err, "last_administrator"), "%v", err)
	}
	db.must("2", "eve", "admins")
	require.NoError(t, db.store.UpdateUser(t.Context(), byAdmin, last, fleet.UserInput{Name: "ada"}))
	require.False(t, value[bool](db.runDB, `select is_admin or admin_by_sign_on from users where id = $1`, last))
	require.NoError(t, db.store.UpdateUser(t.Context(), byAdmin, last, fleet.UserInput{Name: "ada", Disabled: true}), "who is none is not kept")
}
