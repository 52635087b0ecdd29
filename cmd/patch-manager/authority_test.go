package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// authoritySettings are those of an installation that has nothing yet.
func authoritySettings(t *testing.T) (s settings.Settings) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pki")
	s.Agent.CA, s.Agent.CAKey = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem")
	s.Agent.Cert, s.Agent.Key = filepath.Join(dir, "client.pem"), filepath.Join(dir, "client-key.pem")
	s.Agent.CertificateLifetime = 8760 * time.Hour
	return s
}

func TestAnAuthorityThatCanNotBeAuditedDoesNotComeToBe(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	db := store.New(pool, storetest.AuditKey)
	s := authoritySettings(t)
	owner := storetest.Owner(t, pool)
	noEntryOf := func(action string) {
		_, err := owner.Exec(t.Context(), `alter table audit_entries drop constraint if exists refused`)
		require.NoError(t, err)
		_, err = owner.Exec(t.Context(), `alter table audit_entries add constraint refused check (action <> '`+action+`') not valid`)
		require.NoError(t, err)
		_, err = openAuthority(t.Context(), s, db)
		require.ErrorContains(t, err, "before it comes into force")
	}
	noEntryOf("authority.create")
	require.NoFileExists(t, s.Agent.CA)
	noEntryOf("authority.issue_client")
	require.FileExists(t, s.Agent.CA)
	require.NoFileExists(t, s.Agent.Cert)
}

func TestTheFirstStartMakesTheAuthorityAndWhatAgentsAreDialledWithAndAuditsBoth(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	db := store.New(pool, storetest.AuditKey)
	s := authoritySettings(t)
	for range 2 {
		authority, err := openAuthority(t.Context(), s, db)
		require.NoError(t, err)
		require.NotNil(t, authority)
		for _, action := range []string{"authority.create", "authority.issue_client"} {
			var entries int
			require.NoError(t, pool.QueryRow(t.Context(), `select count(*) from audit_entries where action = $1`, action).Scan(&entries))
			require.Equal(t, 1, entries, action)
		}
	}
	for action, path := range map[string]string{"authority.create": s.Agent.CA, "authority.issue_client": s.Agent.Cert} {
		var serial string
		require.NoError(t, pool.QueryRow(t.Context(), `select subject_id from audit_entries where action = $1`, action).Scan(&serial))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		block, _ := pem.Decode(content)
		cert, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		require.Equal(t, fleet.CertificateSerial(cert.SerialNumber), serial, action)
	}
	_, err := agent.NewClient(agent.Config{CAFile: s.Agent.CA, CertFile: s.Agent.Cert, KeyFile: s.Agent.Key, Revocations: db})
	require.NoError(t, err)

	require.NoError(t, os.Remove(s.Agent.CAKey))
	authority, err := openAuthority(t.Context(), s, db)
	require.NoError(t, err)
	require.Nil(t, authority, "now it is the site's own")
}
