package api

import (
	"context"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// Store is what the operations need of the database. Every method that serves a caller is told who it is, and answers as
// if what lies outside of the caller's scope did not exist.
type Store interface {
	TokenStore
	SessionStore
	UserStore
	SignOnStore
	OwnTokenStore
	SetupStore
	Throttle
	HostStore
	GroupStore
	CheckStore
	WindowStore
	JobStore
	JobHostStore
	EventStore
	EnrolmentStore
	AuditStore
}

// TokenStore knows callers by their tokens.
type TokenStore interface {
	// Authenticate is not found where the token is unknown, expired or revoked.
	Authenticate(ctx context.Context, token string) (fleet.Principal, error)
}

// SessionStore keeps the sessions of browsers.
type SessionStore interface {
	// Account is nobody's, without an error, where there is no such user.
	Account(ctx context.Context, name, device string) (fleet.Account, error)
	SignIn(ctx context.Context, by fleet.Caller, in fleet.SignIn) (fleet.NewSession, error)
	RecordFailure(ctx context.Context, by fleet.Caller, f fleet.Failure) error
	// AuthenticateSession is not found where the session is unknown or over.
	AuthenticateSession(ctx context.Context, token string) (who fleet.Principal, renewed string, err error)
	// PrincipalBySession is AuthenticateSession without the session counting as used.
	PrincipalBySession(ctx context.Context, token string) (fleet.Principal, error)
	Sessions(ctx context.Context, userID string, f fleet.SessionFilter) ([]fleet.Session, error)
	EndSession(ctx context.Context, by fleet.Caller, id, action string) error
	EndSessions(ctx context.Context, by fleet.Caller, userID string) error
}

// SignOnStore keeps what single sign-on needs.
type SignOnStore interface {
	// KeepSignOn stores an attempt; session is the token that the browser is signed in with already, or empty.
	KeepSignOn(ctx context.Context, a fleet.SignOn, session string) error
	// TakeSignOn is forbidden where this browser began no such attempt, or used it.
	TakeSignOn(ctx context.Context, state, browser string) (fleet.SignOn, error)
	// SignOn begins a session; unknown are groups of mappings that do not exist.
	SignOn(ctx context.Context, by fleet.Caller, in fleet.Arrival) (made fleet.NewSession, unknown []string, err error)
}

// SignOn talks to the identity provider. Its errors are of KindForbidden where nobody is proved, and of KindUnavailable
// while the provider is away.
type SignOn interface {
	// Begin returns the address to send the browser to.
	Begin(ctx context.Context) (string, fleet.SignOn, error)
	Finish(ctx context.Context, s fleet.SignOn, a fleet.SignOnAnswer) (fleet.Identity, error)
}

// UserStore keeps users.
type UserStore interface {
	User(ctx context.Context, id string) (fleet.User, error)
	Users(ctx context.Context, by fleet.Caller, f fleet.UserFilter) ([]fleet.User, error)
	Memberships(ctx context.Context, userID string) ([]fleet.Membership, error)
	CreateUser(ctx context.Context, by fleet.Caller, in fleet.UserInput) (string, error)
	UpdateUser(ctx context.Context, by fleet.Caller, id string, in fleet.UserInput) error
	DeleteUser(ctx context.Context, by fleet.Caller, id string) error
	SetPassword(ctx context.Context, by fleet.Caller, id, hash string) error
	PasswordOf(ctx context.Context, id string) (name, hash string, err error)
	// ChangePassword returns the token that the session of the request goes on with.
	ChangePassword(ctx context.Context, by fleet.Caller, was, hash string) (string, error)
}

// OwnTokenStore keeps the API tokens of callers.
type OwnTokenStore interface {
	Tokens(ctx context.Context, by fleet.Caller, f fleet.TokenFilter) ([]fleet.Token, error)
	Token(ctx context.Context, by fleet.Caller, id string) (fleet.Token, error)
	CreateOwnToken(ctx context.Context, by fleet.Caller, in fleet.TokenInput) (fleet.NewToken, error)
	RevokeToken(ctx context.Context, by fleet.Caller, id string) error
}

// SetupStore makes the first administrator.
type SetupStore interface {
	CheckSetup(ctx context.Context, code string) error
	SetUp(ctx context.Context, by fleet.Caller, code string, in fleet.UserInput) (string, error)
}

// Passwords hashes the passwords of users, a few at a time.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify takes as long for an empty hash, which no password has, as for any other.
	Verify(ctx context.Context, password, hash string) (bool, error)
}

// Throttle bounds how often a thing is done, in all processes together.
type Throttle interface {
	// Take counts one use of bucket; KindTooMany where limit uses passed within the last per.
	Take(ctx context.Context, bucket string, limit int, per time.Duration) error
	// TakeTry is Take for a try to get in. Of refusals it records the first after each use that passed.
	TakeTry(ctx context.Context, by fleet.Caller, f fleet.Failure, bucket string, limit int, per time.Duration) error
}

// HostStore keeps hosts.
type HostStore interface {
	Hosts(ctx context.Context, scope fleet.Scope, f fleet.HostFilter) ([]fleet.HostView, error)
	Summary(ctx context.Context, scope fleet.Scope, all fleet.HostMatch) (fleet.Summary, error)
	TotalHosts(ctx context.Context, scope fleet.Scope, m fleet.HostMatch) (int, error)
	// ExportHosts yields all hosts that match page by page, until there are none; it refuses more than most.
	ExportHosts(ctx context.Context, scope fleet.Scope, f fleet.HostFilter, most int) (func(context.Context) ([]fleet.HostView, error), error)
	Host(ctx context.Context, scope fleet.Scope, id string, ages fleet.ResultAges) (fleet.HostView, error)
	CreateHost(ctx context.Context, by fleet.Caller, in fleet.HostInput) (string, error)
	UpdateHost(ctx context.Context, by fleet.Caller, id string, in fleet.HostInput) error
	DeleteHost(ctx context.Context, by fleet.Caller, id string) error
	HostInventory(ctx context.Context, scope fleet.Scope, id string) (*fleet.HostInventory, error)
	// Zones are those of the hosts of scope; for all hosts also those that only have workers.
	Zones(ctx context.Context, scope fleet.Scope, f fleet.ZoneFilter) ([]fleet.ZoneView, error)
}

// GroupStore keeps groups and their memberships.
type GroupStore interface {
	Groups(ctx context.Context, scope fleet.Scope, f fleet.GroupFilter) ([]fleet.Group, error)
	Group(ctx context.Context, scope fleet.Scope, id string) (fleet.Group, error)
	CreateGroup(ctx context.Context, by fleet.Caller, g fleet.Group) (string, error)
	UpdateGroup(ctx context.Context, by fleet.Caller, id string, g fleet.Group) error
	DeleteGroup(ctx context.Context, by fleet.Caller, id string) error
	GroupUsers(ctx context.Context, by fleet.Caller, groupID string, f fleet.UserFilter) ([]fleet.Member, error)
	PutGroupUser(ctx context.Context, by fleet.Caller, groupID, userID string, role fleet.Role) error
	DeleteGroupUser(ctx context.Context, by fleet.Caller, groupID, userID string) error
	PutGroupHost(ctx context.Context, by fleet.Caller, groupID, hostID string) error
	DeleteGroupHost(ctx context.Context, by fleet.Caller, groupID, hostID string) error
}

// CheckStore keeps health checks and their results.
type CheckStore interface {
	Checks(ctx context.Context, scope fleet.Scope, hostID string) ([]fleet.CheckView, error)
	Check(ctx context.Context, scope fleet.Scope, hostID, id string) (fleet.CheckView, error)
	CreateCheck(ctx context.Context, by fleet.Caller, c fleet.Check) error
	UpdateCheck(ctx context.Context, by fleet.Caller, u fleet.CheckUpdate) error
	DeleteCheck(ctx context.Context, by fleet.Caller, hostID, id string) error
	CheckResults(ctx context.Context, scope fleet.Scope, hostID, id string, f fleet.ResultFilter) ([]fleet.Result, error)
	// CheckHistory sums the results since then up.
	CheckHistory(ctx context.Context, scope fleet.Scope, hostID, id string, since time.Time) (fleet.CheckHistory, error)
}

// WindowStore keeps maintenance windows.
type WindowStore interface {
	Windows(ctx context.Context, scope fleet.Scope, o fleet.WindowOwner, f fleet.WindowFilter) ([]fleet.Window, error)
	Window(ctx context.Context, scope fleet.Scope, o fleet.WindowOwner, id string) (fleet.Window, error)
	CreateWindow(ctx context.Context, by fleet.Caller, w fleet.Window) (string, error)
	UpdateWindow(ctx context.Context, by fleet.Caller, w fleet.Window) error
	DeleteWindow(ctx context.Context, by fleet.Caller, o fleet.WindowOwner, id string) error
	// CalendarWindows returns a page of the windows of all owners, and how many there are on all pages.
	CalendarWindows(ctx context.Context, by fleet.Caller, f fleet.CalendarFilter) ([]fleet.OwnedWindow, int, error)
	// WindowsForHosts returns by host every enabled window that applies, in order of their ids. It judges no scope.
	WindowsForHosts(ctx context.Context, hostIDs []string) (map[string][]fleet.Window, error)
}

// JobStore keeps jobs.
type JobStore interface {
	Jobs(ctx context.Context, scope fleet.Scope, f fleet.JobFilter) ([]fleet.JobView, error)
	Job(ctx context.Context, scope fleet.Scope, id string) (fleet.JobView, error)
	// CreateJob writes a job with its hosts; existed says that the same request had made it before.
	CreateJob(ctx context.Context, by fleet.Caller, r fleet.JobRequest) (id string, existed bool, err error)
	// JobCandidates returns the hosts that CreateJob would take, and refuses what it would refuse.
	JobCandidates(ctx context.Context, by fleet.Caller, r fleet.JobRequest, ages fleet.ResultAges) ([]fleet.JobCandidate, error)
	RequestJobCancel(ctx context.Context, by fleet.Caller, jobID string) error
	// RetryRequest is the request of a job for those of its hosts that ended with one of the statuses.
	RetryRequest(ctx context.Context, scope fleet.Scope, jobID string, statuses []fleet.Status) (fleet.JobRequest, error)
}

// JobHostStore keeps what becomes of each host of a job.
type JobHostStore interface {
	JobHosts(ctx context.Context, scope fleet.Scope, jobID string, f fleet.JobHostFilter) ([]fleet.PlacedJobHost, error)
	// FleetJobHosts are those of all jobs, and how many there are.
	FleetJobHosts(ctx context.Context, scope fleet.Scope, f fleet.FleetJobHostFilter) ([]fleet.FleetJobHost, int, error)
	JobHost(ctx context.Context, scope fleet.Scope, jobID, hostID string) (fleet.JobHostDetail, error)
	Output(ctx context.Context, scope fleet.Scope, jobID, hostID string, after, limit int) ([]fleet.OutputLine, error)
	RequestJobHostCancel(ctx context.Context, by fleet.Caller, jobID, hostID string) error
	RequestRecheck(ctx context.Context, by fleet.Caller, jobID, hostID string) error
	SettleJobHost(ctx context.Context, by fleet.Caller, jobID, hostID string, outcome fleet.Status, note string) error
}

// EventStore reads the stream of events.
type EventStore interface {
	// EventsNow returns the end of the stream.
	EventsNow(ctx context.Context) (fleet.EventPosition, error)
	EventsAfter(ctx context.Context, scope fleet.Scope, after fleet.EventPosition, limit int) (fleet.EventPage, error)
}

// EnrolmentStore keeps the requests of machines for certificates, and the certificates.
type EnrolmentStore interface {
	RequestEnrolment(ctx context.Context, from fleet.Actor, r fleet.EnrolmentRequest) (token string, err error)
	// PollEnrolment calls issue where the request is approved and nobody fetched the bundle before.
	PollEnrolment(ctx context.Context, from fleet.Actor, token string,
		issue func(fleet.HostIdentity, []fleet.RevokedCertificate) (fleet.EnrolmentBundle, error)) (fleet.EnrolmentAnswer, error)
	Enrolments(ctx context.Context, by fleet.Caller, f fleet.EnrolmentFilter) ([]fleet.Enrolment, error)
	Enrolment(ctx context.Context, by fleet.Caller, id string) (fleet.Enrolment, error)
	ApproveEnrolment(ctx context.Context, by fleet.Caller, id string, a fleet.Approval) (hostID string, err error)
	DenyEnrolment(ctx context.Context, by fleet.Caller, id string) error
	HostCertificates(ctx context.Context, scope fleet.Scope, hostID string) ([]fleet.Certificate, error)
	RevokeCertificates(ctx context.Context, by fleet.Caller, hostID, serial, reason string) error
	RevokedCertificates(ctx context.Context) ([]fleet.RevokedCertificate, error)
}

// Authority signs certificates.
type Authority interface {
	IssueHost(h fleet.HostIdentity) (fleet.IssuedCertificate, error)
	// Certificates are the authority's own and that with its chain, PEM.
	Certificates() (ca, chain string)
	// RevocationList is signed and in PEM.
	RevocationList(revoked []fleet.RevokedCertificate) (string, error)
}

// AuditStore reads the audit entries for administrators, and writes an entry of each reading.
type AuditStore interface {
	Audit(ctx context.Context, by fleet.Caller, f fleet.AuditFilter) ([]fleet.AuditEntry, error)
	// ExportAudit yields the entries page by page, until there are none; it refuses more than most.
	ExportAudit(ctx context.Context, by fleet.Caller, f fleet.AuditFilter, most int) (func(context.Context) ([]fleet.AuditEntry, error), error)
}

// Sealer encrypts a password for one check of one host and the origin of its URL; it opens nowhere else.
type Sealer interface {
	Seal(ctx context.Context, plain string, c fleet.Check) (fleet.SealedPassword, error)
}

// Runs talks to what carries jobs out. Its errors are of KindUnavailable while that is away.
type Runs interface {
	// StartJob starts the run of a job; one that runs already is no error.
	StartJob(ctx context.Context, jobID string) error
	// Wake delivers the stored wake-ups soon.
	Wake(ctx context.Context) error
	// Recheck makes a waiting host look again at once; a conflict where it does not wait.
	Recheck(ctx context.Context, jobID, hostID string) error
	// TestCheck runs a check in a worker, which stores the result and its audit entry, and waits for it.
	TestCheck(ctx context.Context, r TestCheckRequest) (fleet.Result, error)
}

// TestCheckRequest asks for one run of a check by the workers of the host's zone.
type TestCheckRequest struct {
	HostID  string
	CheckID string
	Zone    string
	Actor   fleet.Actor
}
