package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestTheFirstStartMakesTheAuthorityAndWhatAgentsAreDialledWithAndAuditsBoth(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	db := store.New(pool, storetest.AuditKey)
	dir := filepath.Join(t.TempDir(), "pki")
	var s settings.Settings
	s.Agent.CA, s.Agent.CAKey = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem")
	s.Agent.Cert, s.Agent.Key = filepath.Join(dir, "client.pem"), filepath.Join(dir, "client-key.pem")
	s.Agent.CertificateLifetime = 8760 * time.Hour
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
	_, err := agent.NewClient(agent.Config{CAFile: s.Agent.CA, CertFile: s.Agent.Cert, KeyFile: s.Agent.Key, Revocations: db})
	require.NoError(t, err)

	require.NoError(t, os.Remove(s.Agent.CAKey))
	authority, err := openAuthority(t.Context(), s, db)
	require.NoError(t, err)
	require.Nil(t, authority, "now it is the site's own")
}
