package store

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// FuzzColumns holds that JSON which somebody wrote into the database past us is read whole or is an error, and never makes
// a host that waits for nothing or an attempt that sent nothing of what it did not understand.
func FuzzColumns(f *testing.F) {
	f.Add([]byte(`{"Reason":"checks","Detail":"x","Failing":[{"CheckID":"a"}],"NextTryAt":"2026-11-23T08:00:00Z"}`), []byte(`[{"Name":"nginx","From":"1","To":"2","Result":"pending"}]`))
	f.Add([]byte(`null`), []byte(`null`))
	f.Add([]byte(`[]`), []byte(`{}`))
	f.Add([]byte(`{"NextTryAt":"9999-12-31T23:59:59-10:00"}`), []byte(`[null,{}]`))
	f.Fuzz(func(t *testing.T, wait, packages []byte) {
		row, err := toRunRow(sqlgen.JobHost{Wait: wait})
		if err == nil && len(wait) > 0 && string(wait) != "null" {
			require.True(t, json.Valid(wait))
			require.NotNil(t, row.Wait)
		}
		attempt, err := toAttempt(sqlgen.PatchAttempt{State: string(fleet.AttemptPrepared), Packages: packages})
		if err != nil {
			return
		}
		require.True(t, json.Valid(packages))
		judged, pending := fleet.JudgePackages(attempt.Packages, nil)
		require.Len(t, judged, len(attempt.Packages))
		require.Empty(t, pending, "what a host does not list is installed")
		_, err = json.Marshal(judged)
		require.NoError(t, err)
	})
}
