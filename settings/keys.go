package settings

import (
	"net/netip"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
	year = 365 * day
)

// keys is every setting, in the order in which they are documented.
var keys = []key{
	dsn("database.url", "Postgres of the application; required",
		func(s *Settings) *fleet.Secret { return &s.Database.URL }),
	dsn("database.migrate_url", "Postgres as the owner of the tables; database.url unless set",
		func(s *Settings) *fleet.Secret { return &s.Database.MigrateURL }),
	integer("database.max_conns", "20", 2, 1000, "connections of one process",
		func(s *Settings) *int { return &s.Database.MaxConns }),
	listen("api.listen", "127.0.0.1:8080", "host:port that the API listens on",
		func(s *Settings) *string { return &s.API.Listen }),
	webURL("api.public_url", "where people reach the API, https unless on loopback; http at api.listen unless set",
		func(s *Settings) *string { return &s.API.PublicURL }),
	prefixes("api.trusted_proxies", "networks of proxies whose X-Forwarded-For counts, separated by commas",
		func(s *Settings) *[]netip.Prefix { return &s.API.TrustedProxies }),
	duration("tokens.max_lifetime", "8760h", time.Hour, 20*year, "of an API token that is made by the API",
		func(s *Settings) *time.Duration { return &s.Tokens.MaxLifetime }),
	webURL("temporal.ui_url", "where people reach Temporal UI, for links; none unless set",
		func(s *Settings) *string { return &s.Temporal.UIURL }),
	path("keys.health_check", "/etc/patch-manager/keys/health-check.key", "key of the stored passwords",
		func(s *Settings) *string { return &s.Keys.HealthCheck }),
	path("keys.audit", "/etc/patch-manager/keys/audit.key", "key that audit entries are chained with, the same for all processes",
		func(s *Settings) *string { return &s.Keys.Audit }),
	integer("agent.port", "12443", 1, 65535, "port of a host's agent unless the host says another",
		func(s *Settings) *int { return &s.Agent.Port }),
	path("agent.ca", "/etc/patch-manager/pki/ca.pem", "certificates that agents are verified with",
		func(s *Settings) *string { return &s.Agent.CA }),
	path("agent.cert", "/etc/patch-manager/pki/client.pem", "certificate that agents are dialled with",
		func(s *Settings) *string { return &s.Agent.Cert }),
	path("agent.key", "/etc/patch-manager/pki/client-key.pem", "its key",
		func(s *Settings) *string { return &s.Agent.Key }),
	optionalPath("agent.ca_key", "/etc/patch-manager/pki/ca-key.pem", "key of the built-in authority, which is made where agent.ca is missing too; empty for none",
		func(s *Settings) *string { return &s.Agent.CAKey }),
	duration("agent.certificate_lifetime", "8760h", 2*day, 5*year, "of the certificates that the built-in authority issues",
		func(s *Settings) *time.Duration { return &s.Agent.CertificateLifetime }),
	duration("agent.inventory_interval", "30m", time.Second, day, "between two inventories of a host",
		func(s *Settings) *time.Duration { return &s.Agent.InventoryInterval }),
	duration("agent.max_clock_skew", "5s", time.Second, time.Minute, "between the clocks of worker, database and host",
		func(s *Settings) *time.Duration { return &s.Agent.MaxClockSkew }),
	duration("windows.cutoff", "15m", 0, day, "before the end of a span from which nothing is started",
		func(s *Settings) *time.Duration { return &s.Windows.Cutoff }),
	duration("windows.cutoff_with_reboot", "30m", 0, day, "the same where a reboot is allowed",
		func(s *Settings) *time.Duration { return &s.Windows.CutoffWithReboot }),
	boolean("checks.ignore_cert_errors_default", "true", "for new http checks that do not say",
		func(s *Settings) *bool { return &s.Checks.IgnoreCertErrorsDefault }),
	ports("checks.ports", "80,443,1024-65535", "that http checks may use",
		func(s *Settings) *[]fleet.PortRange { return &s.Checks.Outbound.Ports }),
	allowed("checks.allow", "what http checks may reach of the manager's own: networks and host:port, separated by commas",
		func(s *Settings) *fleet.OutboundAllow { return &s.Checks.Outbound.Allow }),
	integer("checks.max_redirects", "0", 0, 5, "that an http check follows",
		func(s *Settings) *int { return &s.Checks.MaxRedirects }),
	duration("patch.poll_interval", "5s", 100*time.Millisecond, 5*time.Minute, "between two looks at a running patch",
		func(s *Settings) *time.Duration { return &s.Patch.PollInterval }),
	duration("patch.follow_timeout", "2h", time.Second, day, "after which a running patch is indeterminate",
		func(s *Settings) *time.Duration { return &s.Patch.FollowTimeout }),
	duration("patch.settle_timeout", "10m", time.Second, day, "for the outcome of a request or job that the agent lost",
		func(s *Settings) *time.Duration { return &s.Patch.SettleTimeout }),
	duration("health.poll_interval", "5m", time.Second, day, "between two runs of a check",
		func(s *Settings) *time.Duration { return &s.Health.PollInterval }),
	duration("health.check_timeout", "10s", 100*time.Millisecond, time.Minute, "for one run of a check",
		func(s *Settings) *time.Duration { return &s.Health.CheckTimeout }),
	duration("health.result_retention", "96h", time.Hour, year, "of results",
		func(s *Settings) *time.Duration { return &s.Health.ResultRetention }),
	integer("health.max_concurrent", "128", 1, 1000, "hosts that are checked at a time, of each 500 of a shard",
		func(s *Settings) *int { return &s.Health.MaxConcurrent }),
	duration("gate.retry_interval", "5m", time.Second, day, "between two tries of a waiting host",
		func(s *Settings) *time.Duration { return &s.Gate.RetryInterval }),
	duration("gate.max_result_age", "30s", time.Second, 10*time.Minute, "of a result that lets a patch start",
		func(s *Settings) *time.Duration { return &s.Gate.MaxResultAge }),
	duration("gate.immediate_timeout", "60m", time.Second, 36*day, "at the gate, of an immediate job that does not say",
		func(s *Settings) *time.Duration { return &s.Gate.ImmediateTimeout }),
	duration("verify.timeout", "10m", time.Second, day, "for a patched host to become healthy",
		func(s *Settings) *time.Duration { return &s.Verify.Timeout }),
	duration("reboot.timeout", "15m", time.Second, day, "for a host to come back",
		func(s *Settings) *time.Duration { return &s.Reboot.Timeout }),
	duration("jobs.retention", "9600h", day, 20*year, "of finished jobs with their evaluations",
		func(s *Settings) *time.Duration { return &s.Jobs.Retention }),
	duration("outputs.retention", "2160h", time.Hour, 20*year, "of the output of runs",
		func(s *Settings) *time.Duration { return &s.Outputs.Retention }),
	duration("events.retention", "24h", time.Hour, 4*week, "of events, that a client can resume from",
		func(s *Settings) *time.Duration { return &s.Events.Retention }),
	names("worker.zones", "default", "zones whose hosts this worker reaches, separated by commas",
		func(s *Settings) *[]string { return &s.Worker.Zones }),
	optionalListen("worker.listen", "host:port of the worker's health endpoints; none unless set",
		func(s *Settings) *string { return &s.Worker.Listen }),
	integer("worker.max_activities", "2000", 2, 100000, "activities of one worker at a time, for each task queue",
		func(s *Settings) *int { return &s.Worker.MaxActivities }),
	integer("worker.max_workflow_tasks", "100", 2, 10000, "workflow tasks of one worker at a time",
		func(s *Settings) *int { return &s.Worker.MaxWorkflowTasks }),
	issuer("oidc.issuer", "identity provider for single sign-on; none unless set",
		func(s *Settings) *string { return &s.OIDC.Issuer }),
	line("oidc.client_id", "", "what the provider knows Patch Manager as",
		func(s *Settings) *string { return &s.OIDC.ClientID }),
	hidden("oidc.client_secret", "what Patch Manager proves itself to the provider with",
		func(s *Settings) *fleet.Secret { return &s.OIDC.ClientSecret }),
	optionalPath("oidc.client_secret_file", "", "a file that holds it instead",
		func(s *Settings) *string { return &s.OIDC.ClientSecretFile }),
	scopes("oidc.scopes", "openid,profile,email,groups", "what is asked of the provider, separated by commas",
		func(s *Settings) *[]string { return &s.OIDC.Scopes }),
	line("oidc.groups_claim", "groups", "the claim that lists somebody's groups",
		func(s *Settings) *string { return &s.OIDC.GroupsClaim }),
	line("oidc.name_claim", "preferred_username", "the claim that is shown as somebody's name",
		func(s *Settings) *string { return &s.OIDC.NameClaim }),
	mappings("oidc.role_mappings", "which groups of the provider give which role, separated by commas",
		func(s *Settings) *[]fleet.RoleMapping { return &s.OIDC.RoleMappings }),
	choice("log.level", "info", []string{"debug", "info", "warn", "error"}, "least level that is logged",
		func(s *Settings) *string { return &s.Log.Level }),
	choice("log.format", "text", []string{"text", "json"}, "of log lines",
		func(s *Settings) *string { return &s.Log.Format }),
}

// Doc is one line of the documentation of settings.
type Doc struct{ Key, Default, Rule, Help string }

// Docs returns the documentation of every setting.
func Docs() []Doc {
	docs := make([]Doc, len(keys))
	for i, k := range keys {
		docs[i] = Doc{Key: k.name, Default: k.value, Rule: k.rule, Help: k.help}
	}
	return docs
}
