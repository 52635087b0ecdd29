package settings

import (
	"net/netip"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// Settings is everything an operator can decide, checked.
type Settings struct {
	Database struct {
		URL        fleet.Secret // holds a password
		MigrateURL fleet.Secret // of the owner of the tables; URL unless set
		MaxConns   int
	}
	API struct {
		Listen         string
		PublicURL      string         // without a trailing slash; may be empty, see Public
		TrustedProxies []netip.Prefix // whose word counts for where a request comes from
	}
	Tokens   struct{ MaxLifetime time.Duration }
	Temporal struct {
		UIURL string // of links to runs, without a trailing slash; may be empty
	}
	Keys struct {
		HealthCheck string
		Audit       string
	}
	Agent struct {
		Port                int
		CA, Cert, Key       string
		CAKey               string // empty for no built-in authority
		CertificateLifetime time.Duration
		InventoryInterval   time.Duration
		MaxClockSkew        time.Duration
	}
	Windows struct {
		Cutoff           time.Duration
		CutoffWithReboot time.Duration
	}
	Checks struct {
		IgnoreCertErrorsDefault bool
		Outbound                fleet.OutboundRules // where HTTP checks may go
		MaxRedirects            int
	}
	Patch struct {
		PollInterval  time.Duration
		FollowTimeout time.Duration
		SettleTimeout time.Duration
	}
	Health struct {
		PollInterval    time.Duration
		CheckTimeout    time.Duration
		ResultRetention time.Duration
		MaxConcurrent   int // hosts at a time, of each 500 of a shard
	}
	Gate struct {
		RetryInterval    time.Duration
		MaxResultAge     time.Duration
		ImmediateTimeout time.Duration
	}
	Verify  struct{ Timeout time.Duration }
	Reboot  struct{ Timeout time.Duration }
	Jobs    struct{ Retention time.Duration }
	Outputs struct{ Retention time.Duration }
	Events  struct{ Retention time.Duration }
	Worker  struct {
		Zones            []string // whose hosts this worker reaches
		Listen           string   // of its health endpoints; empty for none
		MaxActivities    int
		MaxWorkflowTasks int
	}
	// OIDC is single sign-on; without an issuer there is none.
	OIDC struct {
		Issuer           string // exactly as the provider writes it
		ClientID         string
		ClientSecret     fleet.Secret
		ClientSecretFile string // in place of ClientSecret
		Scopes           []string
		GroupsClaim      string
		NameClaim        string
		RoleMappings     []fleet.RoleMapping
	}
	Log struct {
		Level  string
		Format string
	}
	// Shown is every setting as people may see it, without its secrets.
	Shown []fleet.Setting
}
