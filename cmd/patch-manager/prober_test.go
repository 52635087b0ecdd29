package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheServersOfADatabaseURLAreFound(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][]string{
		"postgres://u:p@db.internal/pm?sslmode=disable":        {"db.internal:5432"},
		"postgres://u:p@[fd00::5]:6432/pm?sslmode=disable":     {"[fd00::5]:6432"},
		"postgres://u:p@a:1,b:2/pm?sslmode=disable":            {"a:1", "b:2"},
		"host=db port=6000 user=u sslmode=disable":             {"db:6000"},
		"host=/var/run/postgresql user=u":                      nil,
		"postgres:///pm?host=/run/postgresql&port=5433&user=u": nil,
	} {
		require.Equal(t, want, databaseServers(url), url)
	}
}
