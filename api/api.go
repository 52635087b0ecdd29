package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/patch-manager/patch-manager/fleet"
)

// Base is the path under which every operation but the probes lies.
const Base = "/api/v1"

// requestTimeout bounds what an operation does before it answers; above the 15 s that some wait for a worker. A database
// that takes connections and never answers must not keep requests for ever.
const requestTimeout = 30 * time.Second

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// Config is what the API needs. Policy's zero durations are not defaults: the caller fills every one.
type Config struct {
	Store  Store
	Runs   Runs
	Sealer Sealer
	// Passwords hashes those of users.
	Passwords Passwords
	// SignOn is single sign-on, with what its groups give; nil where there is none.
	SignOn       SignOn
	RoleMappings []fleet.RoleMapping
	// Secure says that people reach the API by https, so that cookies are for that alone.
	Secure bool
	// TrustedProxies are believed where a request comes from.
	TrustedProxies []netip.Prefix
	// Authority issues the certificates of hosts; nil where a site has an authority of its own.
	Authority Authority
	Policy    Policy
	// Ready asks each dependency, by name, whether it answers. Optional does the same for those without which requests
	// are served all the same, so that the probe names them and stays well.
	Ready    map[string]func(context.Context) error
	Optional map[string]func(context.Context) error
	// Metrics is everything that Prometheus reads, in its text format.
	Metrics func(context.Context) ([]byte, error)
	// RunLink says where the run of a job is found; the URL is empty where no Temporal UI is known.
	RunLink func(jobID, runID string) RunLink
	Log     *slog.Logger
	Version string
	// About is what administrators read of the process.
	About About
	Now   func() time.Time
	// Pages serves the web UI at the paths that are not the API's; nil where there is none.
	Pages http.Handler
	// Stopping is closed when the process was told to stop, which ends the streams that never end by themselves; nil is
	// never.
	Stopping <-chan struct{}
}

// Policy is the settings that answers depend on.
type Policy struct {
	AgentPort               int
	PollInterval            time.Duration
	ResultRetention         time.Duration
	Cutoff                  time.Duration
	CutoffWithReboot        time.Duration
	GateTimeout             time.Duration
	MaxWait                 time.Duration
	TokenLifetime           time.Duration // the longest of a token that is made here
	IgnoreCertErrorsDefault bool
	Outbound                fleet.OutboundRules // which URLs of checks are refused at once
}

// RunLink is where people find the run of a job in Temporal.
type RunLink struct {
	WorkflowID string
	URL        string
}

// server holds what the operations share.
type server struct {
	Config
	api     huma.API
	hub     *hub
	revoked revocationList
}

// New returns the handler of everything the API serves, the docs page and the probes included.
func New(cfg Config) http.Handler { return newPaced(cfg, defaultPace) }

func newPaced(cfg Config, pace streamPace) http.Handler {
	mux := chi.NewMux()
	s := &server{Config: cfg, hub: newHub(cfg.Store, cfg.Log, pace)}
	mux.Use(s.identify, SecureHeaders(cfg.Secure), s.logAccess, s.recoverPanic, refuseCrossOrigin, limitBody)
	mux.NotFound(s.pageOrNothing)
	mux.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "this path does not know the method"))
	})
	s.api = humachi.New(mux, humaConfig(cfg.Version))
	s.api.UseMiddleware(s.authenticate)
	s.registerAll()
	serveDocs(mux, s.api.OpenAPI())
	return mux
}

// pageOrNothing answers where no route is.
func (s *server) pageOrNothing(w http.ResponseWriter, r *http.Request) {
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	if s.Pages == nil || !read || r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
		writeProblem(w, newProblem(http.StatusNotFound, "route_not_found", "there is nothing at this path"))
		return
	}
	s.Pages.ServeHTTP(w, r)
}

func (s *server) registerAll() {
	s.registerProbes()
	s.registerMetrics()
	s.registerLogin()
	s.registerSignOn()
	s.registerMe()
	s.registerSetup()
	s.registerUsers()
	s.registerTokens()
	s.registerHosts()
	s.registerSummary()
	s.registerZones()
	s.registerCertificates()
	s.registerEnrolments()
	s.registerEnroll()
	s.registerChecks()
	s.registerWindows()
	s.registerCalendar()
	s.registerTimeZones()
	s.registerGroups()
	s.registerMemberships()
	s.registerJobs()
	s.registerJobPreview()
	s.registerJobHosts()
	s.registerFleetJobHosts()
	s.registerEvents()
	s.registerAudit()
	s.registerSettings()
	describeRights(s.api.OpenAPI())
	describeIDs(s.api.OpenAPI())
	openAnswers(s.api.OpenAPI())
}

// handle registers an operation that takes a token or a session.
func handle[I, O any](s *server, op huma.Operation, do func(context.Context, fleet.Caller, *I) (*O, error)) {
	op.Path = Base + op.Path
	register(s, secured(op), do)
}

// handleOpen registers an operation for everybody.
func handleOpen[I, O any](s *server, op huma.Operation, do func(context.Context, fleet.Caller, *I) (*O, error)) {
	op.Path = Base + op.Path
	register(s, op, do)
}

// secured is an operation that takes a token or a session.
func secured(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{bearerScheme: {}}, {cookieScheme: {}}}
	if op.Metadata[takesSession] == true {
		op.Security = op.Security[1:]
	}
	op.Errors = append(op.Errors, http.StatusUnauthorized)
	if changes(&op) {
		op.Errors = append(op.Errors, http.StatusForbidden)
	}
	return op
}

func register[I, O any](s *server, op huma.Operation, do func(context.Context, fleet.Caller, *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody + 1 // the framework refuses a body that reaches its limit
	}
	op.Errors = append(op.Errors, http.StatusUnprocessableEntity, http.StatusServiceUnavailable)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		out, err := do(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, problemOf(ctx, s.Log, err)
		}
		return out, nil
	})
}

// The statuses that operations document besides those that every one has.
var (
	readErrors   = []int{http.StatusNotFound}
	adminErrors  = []int{http.StatusForbidden}
	createErrors = []int{http.StatusForbidden, http.StatusConflict}
	changeErrors = []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
)
