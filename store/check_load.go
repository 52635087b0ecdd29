package store

import (
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// toCheck reads a stored check with its sealed password, for whoever is about to run it.
func toCheck(row sqlgen.HostHealthCheck) fleet.Check {
	c := fleet.Check{
		ID: row.ID, HostID: row.HostID, Name: row.Name, Type: fleet.CheckType(row.CheckType), Enabled: row.Enabled,
		ServiceName: deref(row.ServiceName), URL: deref(row.URL), ExpectedBody: deref(row.ExpectedBody),
		IgnoreCertErrors: row.IgnoreCertErrors, BasicAuthUser: deref(row.BasicAuthUser),
		FailureThreshold: int(row.FailureThreshold), SuccessThreshold: int(row.SuccessThreshold),
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt, DefinedAt: row.DefinedAt,
	}
	if row.BasicAuthKeyID != nil {
		c.Password = &fleet.SealedPassword{
			Ciphertext: row.BasicAuthPassEncrypted, Nonce: row.BasicAuthPassNonce, KeyID: *row.BasicAuthKeyID,
		}
	}
	return c
}
