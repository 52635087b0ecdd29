package store

import (
	"time"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

func checkView(row sqlgen.ListChecksRow) fleet.CheckView {
	v := fleet.CheckView{
		Check: fleet.Check{
			ID: row.ID, HostID: row.HostID, Name: row.Name, Type: fleet.CheckType(row.CheckType), Enabled: row.Enabled,
			ServiceName: deref(row.ServiceName), URL: deref(row.URL), ExpectedBody: deref(row.ExpectedBody),
			IgnoreCertErrors: row.IgnoreCertErrors, BasicAuthUser: deref(row.BasicAuthUser),
			FailureThreshold: int(row.FailureThreshold), SuccessThreshold: int(row.SuccessThreshold),
			CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		},
		HasPassword: row.HasPassword,
	}
	if row.Outcome != nil {
		v.Last = &fleet.CheckState{
			Result: fleet.Result{
				CheckID: row.ID, HostID: row.HostID, Outcome: fleet.Outcome(*row.Outcome), Detail: deref(row.Detail),
				Latency: time.Duration(deref(row.LatencyMs)) * time.Millisecond, CheckedAt: deref(row.CheckedAt),
			},
			Since: deref(row.Since), Consecutive: int(deref(row.Consecutive)),
			Shown: fleet.Outcome(deref(row.Shown)), ShownSince: deref(row.ShownSince),
		}
	}
	return v
}

func checkRow(c fleet.Check) sqlgen.InsertCheckParams {
	row := sqlgen.InsertCheckParams{
		ID: c.ID, HostID: c.HostID, Name: c.Name, CheckType: string(c.Type), Enabled: c.Enabled,
		ServiceName: orNull(c.ServiceName), URL: orNull(c.URL), ExpectedBody: orNull(c.ExpectedBody),
		IgnoreCertErrors: c.IgnoreCertErrors, BasicAuthUser: orNull(c.BasicAuthUser),
		FailureThreshold: threshold(c.FailureThreshold), SuccessThreshold: threshold(c.SuccessThreshold),
	}
	if c.Password != nil {
		row.BasicAuthPassEncrypted, row.BasicAuthPassNonce = c.Password.Ciphertext, c.Password.Nonce
		row.BasicAuthKeyID = &c.Password.KeyID
	}
	return row
}

func checkUpdateRow(c fleet.Check) sqlgen.UpdateCheckParams {
	r := checkRow(c)
	return sqlgen.UpdateCheckParams{
		ID: r.ID, Name: r.Name, CheckType: r.CheckType, Enabled: r.Enabled, ServiceName: r.ServiceName, URL: r.URL,
		ExpectedBody: r.ExpectedBody, IgnoreCertErrors: r.IgnoreCertErrors, BasicAuthUser: r.BasicAuthUser,
		BasicAuthPassEncrypted: r.BasicAuthPassEncrypted, BasicAuthPassNonce: r.BasicAuthPassNonce,
		BasicAuthKeyID: r.BasicAuthKeyID, FailureThreshold: r.FailureThreshold, SuccessThreshold: r.SuccessThreshold,
	}
}

// threshold is n as the column holds it, which refuses what is past its bounds.
func threshold(n int) int16 { return int16(min(max(n, 0), fleet.MaxThreshold+1)) }
