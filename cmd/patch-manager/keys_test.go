package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// keySite is an installation with passwords.
type keySite struct {
	*testing.T
	pool  *pgxpool.Pool
	store *store.Store
	path  string
	check fleet.Check // the last one
}

func newKeySite(t *testing.T, passwords int) *keySite {
	t.Helper()
	s := &keySite{T: t, pool: storetest.New(t), path: filepath.Join(t.TempDir(), "health-check.key")}
	s.store = store.New(s.pool, storetest.AuditKey)
	keys := s.open()
	by := fleet.Caller{Principal: fleet.Principal{Name: "ada", UserID: uuid.NewString(), Admin: true}}
	host, err := s.store.CreateHost(t.Context(), by, fleet.HostInput{FQDN: "h.example", Address: "192.0.2.1", AgentPort: 12443, Zone: fleet.DefaultZone})
	require.NoError(t, err)
	for range passwords {
		s.check = fleet.Check{
			ID: uuid.Must(uuid.NewV7()).String(), HostID: host, Type: fleet.CheckHTTP,
			URL: "https://h.example/", ExpectedBody: "ok", BasicAuthUser: "me", FailureThreshold: 1, SuccessThreshold: 1,
		}
		s.check.Name = s.check.ID
		sealed, err := keys.Seal(t.Context(), fleet.NewSecret("hunter2"), s.check)
		require.NoError(t, err)
		s.check.Password = &sealed
		require.NoError(t, s.store.CreateCheck(t.Context(), by, s.check))
	}
	return s
}

func (s *keySite) open() *secret.Keyring {
	s.Helper()
	keys, err := secret.Open(s.Context(), s.path, s.store)
	require.NoError(s, err)
	return keys
}

func (s *keySite) keys(args ...string) (string, error) {
	s.Helper()
	args = append([]string{"keys"}, args...)
	return run(s.T, append(args, "--database.url="+s.pool.Config().ConnString(), "--keys.health_check="+s.path)...)
}

func (s *keySite) status() []secret.KeyStatus {
	s.Helper()
	printed, err := s.keys("status", "-o", "json")
	require.NoError(s, err)
	var answer struct{ Keys []secret.KeyStatus }
	require.NoError(s, json.Unmarshal([]byte(printed), &answer))
	return answer.Keys
}

func TestKeysStatusSaysOfEachKeyWhereItIsWhatForAndHowManyPasswordsItEncrypts(t *testing.T) {
	t.Parallel()
	s := newKeySite(t, 3)
	require.Equal(t, []secret.KeyStatus{{ID: 1, State: secret.KeyEncrypts, Path: s.path, File: "ok", OpensCanary: true, Rows: 3}}, s.status())
	_, err := s.keys("rotate")
	require.NoError(t, err)
	require.Equal(t, []secret.KeyStatus{
		{ID: 1, State: secret.KeyRotated, Path: s.path, File: "ok", OpensCanary: true},
		{ID: 2, State: secret.KeyEncrypts, Path: s.path + ".2", File: "ok", OpensCanary: true, Rows: 3},
	}, s.status())

	require.NoError(t, os.Remove(s.path))
	require.NoError(t, os.WriteFile(s.path+".2", make([]byte, 32), 0o600))
	broken := s.status()
	require.Equal(t, "missing", broken[0].File)
	require.Equal(t, "ok", broken[1].File)
	require.False(t, broken[1].OpensCanary)
	require.NoError(t, os.Chmod(s.path+".2", 0o644))
	require.Contains(t, s.status()[1].File, "must be 0600")

	table, err := s.keys("status")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^2 +encrypts +3 +does not open +`+s.path+`\.2 `, table)
	_, err = s.keys("status", "-o", "xml")
	require.ErrorContains(t, err, "--output: must be table or json")
}

func TestKeysStatusMakesNoKey(t *testing.T) {
	t.Parallel()
	s := &keySite{T: t, pool: storetest.New(t), path: filepath.Join(t.TempDir(), "health-check.key")}
	printed, err := s.keys("status")
	require.NoError(t, err)
	require.Contains(t, printed, "no key yet")
	printed, err = s.keys("verify")
	require.NoError(t, err)
	require.Contains(t, printed, "all 0 passwords open")
	require.NoFileExists(t, s.path)
}

func TestKeysRotateSaysWhatItDid(t *testing.T) {
	t.Parallel()
	s := newKeySite(t, 2)
	printed, err := s.keys("rotate", "--prepare")
	require.NoError(t, err)
	require.Contains(t, printed, s.path+".2")
	printed, err = s.keys("rotate")
	require.NoError(t, err)
	require.Equal(t, "key 2 encrypts now; passwords encrypted anew: 2; retired keys: [1]\n", printed)
}

func TestKeysVerifyNamesEachPasswordThatDoesNotOpenAndFails(t *testing.T) {
	t.Parallel()
	s := newKeySite(t, 3)
	printed, err := s.keys("verify")
	require.NoError(t, err)
	require.Equal(t, "all 3 passwords open\n", printed)

	_, err = s.pool.Exec(t.Context(), `update host_health_checks set basic_auth_pass_nonce = '\x000000000000000000000000' where id = $1`, s.check.ID)
	require.NoError(t, err)
	printed, err = s.keys("verify")
	require.ErrorContains(t, err, "1 of 3 passwords do not open")
	require.Regexp(t, `^host_health_checks.basic_auth_pass_encrypted id=`+s.check.ID+` host_id=`+s.check.HostID+`: [^\n]*\n$`, printed)
	require.NotContains(t, printed, "hunter2")

	require.NoError(t, os.Remove(s.path))
	_, err = s.keys("verify")
	require.ErrorContains(t, err, "3 of 3 passwords do not open")
}

func TestKeysResetNeedsItsFlagSaysWhatItDiscardsAndTheNextStartMakesAnotherKey(t *testing.T) {
	t.Parallel()
	s := newKeySite(t, 2)
	running := s.open()
	require.NoError(t, os.WriteFile(s.path, make([]byte, 32), 0o600))
	_, err := secret.Open(t.Context(), s.path, s.store)
	require.Error(t, err, "the key is lost")

	_, err = s.keys("reset")
	require.ErrorContains(t, err, "--discard-passwords: must be given")
	require.EqualValues(t, 2, s.status()[0].Rows)

	printed, err := s.keys("reset", "--discard-passwords")
	require.NoError(t, err)
	require.Contains(t, printed, "discarded 2 passwords")
	_, err = running.Seal(t.Context(), fleet.NewSecret("hunter2"), s.check)
	require.ErrorContains(t, err, "were reset")

	s.open()
	states := s.status()
	require.Equal(t, secret.KeyDiscarded, states[0].State)
	require.Equal(t, secret.KeyStatus{ID: 2, State: secret.KeyEncrypts, Path: s.path + ".2", File: "ok", OpensCanary: true}, states[1])
	var entries int
	require.NoError(t, s.pool.QueryRow(t.Context(), `select count(*) from audit_entries where action = 'key.discard'
		and actor_name like 'command line%' and detail::jsonb = '{"passwords": 2}'`).Scan(&entries))
	require.Equal(t, 1, entries)
}

func TestAPIAndWorkerDoNotStartWithoutTheirKey(t *testing.T) {
	t.Parallel()
	s := newKeySite(t, 1)
	for _, command := range []string{"api", "worker"} {
		start := func() error {
			_, err := run(t, command, "--database.url="+s.pool.Config().ConnString(), "--keys.health_check="+s.path)
			return err
		}
		require.NoError(t, os.Rename(s.path, s.path+".away"))
		require.ErrorContains(t, start(), "put the file back from a backup")
		require.NoFileExists(t, s.path)
		require.NoError(t, os.WriteFile(s.path, make([]byte, 32), 0o600))
		require.ErrorContains(t, start(), "not the key")
		require.NoError(t, os.Rename(s.path+".away", s.path))
	}
}
