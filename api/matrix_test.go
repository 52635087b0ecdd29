package api_test

// Who may call what. Every operation of the OpenAPI document has one row here, and the tests call it as every persona
// (matrix_personas_test.go) on a small fleet (matrix_world_test.go). To add an operation, add its row:
//  1. who: the class of its access, which says what each persona is answered (outcomes, below);
//  2. sends: a body, and asks: a query, with which it succeeds for those who may; {hosts}, {groups} ... stand for ids of the
//     fleet, named like the path of the collection: {hosts/health-checks}. Ids in paths are found by themselves;
//  3. given: SQL that brings the fleet into the state that the operation needs;
//  4. reads: true where it is no GET and yet changes nothing; unseen: true where what it changes is not in the database;
//     recorded: true where reading it leaves an entry in the audit.
// A new kind of thing gets an id in plant, and a new rule a class.

// access is a class of operations that the same callers may use.
type access string

const (
	public        access = "public"        // takes no token
	anyone        access = "anyone"        // whoever is signed in; lists show each his own
	viewerOf      access = "viewerOf"      // the viewers and operators of the thing in the path
	operatorOf    access = "operatorOf"    // the operators of the thing in the path
	operatorOfAll access = "operatorOfAll" // the operators of every host of the job in the path
	operatorNamed access = "operatorNamed" // the operators of the things that the body names
	adminOf       access = "adminOf"       // administrators; who sees the thing in the path is told that it takes one
	adminOnly     access = "adminOnly"     // administrators, whatever the path names
	ownerOf       access = "ownerOf"       // whom the thing in the path belongs to, which is nobody here but the administrator
	signedIn      access = "signedIn"      // whoever has a session
	fromProvider  access = "fromProvider"  // a browser that comes back from the identity provider, as no persona here does (sign_on_test.go)
	adminSignedIn access = "adminSignedIn" // administrators who have a session
	beforeAdmins  access = "beforeAdmins"  // whoever has a code, while there is no administrator as there is here (setup_test.go)
)

// outcome is how a call ends; the zero value is the success that the document names.
type outcome struct {
	status int
	code   string
}

var (
	succeeds         outcome
	unauthenticated  = outcome{401, "unauthenticated"}
	notFound         = outcome{404, "not_found"}
	unknownInBody    = outcome{422, "invalid_field"}
	operatorRequired = outcome{403, "operator_required"}
	outOfScope       = outcome{403, "out_of_scope"}
	adminRequired    = outcome{403, "admin_required"}
	sessionRequired  = outcome{403, "session_required"}
	readOnlyToken    = outcome{403, "read_only_token"}
	signOnExpired    = outcome{403, "sign_on_expired"}
	wrongSetupCode   = outcome{403, "wrong_setup_code"}
)

// outcomes says for each class how a call ends for a stranger, an outsider, a viewer, an operator and an administrator, who
// have a token of every scope; outcomeFor says what is different for others.
var outcomes = map[access][5]outcome{
	public:        {succeeds, succeeds, succeeds, succeeds, succeeds},
	anyone:        {unauthenticated, succeeds, succeeds, succeeds, succeeds},
	viewerOf:      {unauthenticated, notFound, succeeds, succeeds, succeeds},
	operatorOf:    {unauthenticated, notFound, operatorRequired, succeeds, succeeds},
	operatorOfAll: {unauthenticated, notFound, outOfScope, succeeds, succeeds},
	operatorNamed: {unauthenticated, unknownInBody, operatorRequired, succeeds, succeeds},
	adminOf:       {unauthenticated, notFound, adminRequired, adminRequired, succeeds},
	adminOnly:     {unauthenticated, adminRequired, adminRequired, adminRequired, succeeds},
	ownerOf:       {unauthenticated, notFound, notFound, notFound, succeeds},
	signedIn:      {unauthenticated, sessionRequired, sessionRequired, sessionRequired, sessionRequired},
	fromProvider:  {signOnExpired, signOnExpired, signOnExpired, signOnExpired, signOnExpired},
	adminSignedIn: {unauthenticated, sessionRequired, sessionRequired, sessionRequired, sessionRequired},
	beforeAdmins:  {wrongSetupCode, wrongSetupCode, wrongSetupCode, wrongSetupCode, wrongSetupCode},
}

// row is what the tests know of an operation besides the document.
type row struct {
	who    access
	sends  string // a valid body, as JSON
	asks   string // a query
	given  string // SQL
	reads  bool   // it changes nothing although it is no GET
	unseen bool   // it changes nothing in the database
	// recorded: it reads, and its entry in the audit is all that it leaves
	recorded bool
}

const (
	aHost     = `{"fqdn": "new.example.com", "group_ids": ["{groups}"]}`
	aCheck    = `{"name": "new", "check_type": "service", "service_name": "nginx.service"}`
	aGroup    = `{"name": "new"}`
	aJob      = `{"host_ids": ["{hosts}"]}`
	aRole     = `{"role": "viewer"}`
	anEnding  = `{"outcome": "succeeded"}`
	aUser     = `{"name": "new", "password": "correct horse battery"}`
	anUpdate  = `{"name": "other", "admin": true, "disabled": false}`
	aSetup    = `{"code": "x", "user": "new", "password": "correct horse battery"}`
	aSecret   = `{"password": "correct horse battery"}`
	aChange   = `{"current_password": "x", "new_password": "correct horse battery"}`
	aNewToken = `{"name": "new"}`
	aLogin    = `{"user": "signs in", "password": "correct horse battery"}`
	aWindow   = `{"kind": "maintenance", "time_zone": "Europe/Berlin", "starts_on": "2026-01-05", "start_time": "22:30", "duration_minutes": 120, "recurrence": "daily"}`
	aMonth    = `from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z`
	aMachine  = `{"machine_id": "4c1f", "fqdn": "new.example.com", "ip_address": "192.0.2.7", "os_details": {}}`

	hostIsInBothGroups = `insert into group_hosts (group_id, host_id) values ('{groups/second}', '{hosts}')`
	hostIsInTheOther   = `update group_hosts set group_id = '{groups/second}' where host_id = '{hosts}'`
	hostWaits          = `update job_hosts set status = 'waiting_health_check' where job_id = '{jobs}'`
	hostFailed         = `update job_hosts set status = 'failed', reason = 'agent_error' where job_id = '{jobs}'`
	userSignsIn        = `insert into users (id, name, password_hash) values (gen_random_uuid(), 'signs in', '$argon2id$fake$correct horse battery')`
	passwordOfAll      = `update users set password_hash = '$argon2id$fake$x'`
	sessionOfAdmin     = `insert into sessions (id, user_id, token_hash, method, expires_at)
		select '{me/sessions}', id, sha256('x'), 'password', now() + interval '1 hour' from users where name = 'admin'`
	hostIsUnsettled = `update job_hosts set status = 'indeterminate', reason = 'outcome_unknown' where job_id = '{jobs}'`
)

// matrix has the row of each operation by its id in the document.
var matrix = map[string]row{
	"getHealth":    {who: public},
	"getReadiness": {who: public},
	"getMetrics":   {who: adminOnly},
	"getSettings":  {who: adminOnly},
	"streamEvents": {who: anyone},
	"listAudit":    {who: adminOnly, recorded: true},

	"login":           {who: public, sends: aLogin, given: userSignsIn},
	"logout":          {who: signedIn},
	"getMe":           {who: anyone},
	"listMySessions":  {who: anyone},
	"deleteMySession": {who: ownerOf, given: sessionOfAdmin},
	"setUp":           {who: beforeAdmins, sends: aSetup},

	"listUsers":          {who: adminOnly},
	"createUser":         {who: adminOnly, sends: aUser},
	"getUser":            {who: adminOnly},
	"updateUser":         {who: adminOnly, sends: anUpdate},
	"deleteUser":         {who: adminOnly},
	"putUserPassword":    {who: adminSignedIn, sends: aSecret},
	"deleteUserSessions": {who: adminOnly},
	"changeMyPassword":   {who: signedIn, sends: aChange, given: passwordOfAll},

	"listTokens":  {who: anyone},
	"createToken": {who: anyone, sends: aNewToken},
	"getToken":    {who: ownerOf},
	"deleteToken": {who: ownerOf},

	"listSignInMethods": {who: public},
	"beginSignOn":       {who: public},
	"finishSignOn":      {who: fromProvider},

	"requestEnrolment":      {who: public, sends: aMachine},
	"pollEnrolment":         {who: public},
	"getRevocationList":     {who: public},
	"listEnrolments":        {who: adminOnly},
	"getEnrolment":          {who: adminOnly},
	"approveEnrolment":      {who: adminOnly, sends: `{}`},
	"denyEnrolment":         {who: adminOnly},
	"listHostCertificates":  {who: viewerOf},
	"revokeHostCertificate": {who: adminOf, sends: `{"serial": "0aff"}`},

	"getFleetSummary": {who: anyone},
	"listHosts":       {who: anyone},
	"createHost":      {who: operatorNamed, sends: aHost},
	"getHost":         {who: viewerOf},
	"updateHost":      {who: operatorOf, sends: aHost},
	"deleteHost":      {who: operatorOf},
	"getHostPatches":  {who: viewerOf},
	"listZones":       {who: anyone},
	"listGroups":      {who: anyone},
	"createGroup":     {who: adminOnly, sends: aGroup},
	"getGroup":        {who: viewerOf},
	"updateGroup":     {who: adminOf, sends: aGroup},
	"deleteGroup":     {who: adminOf},
	"listGroupUsers":  {who: adminOf},
	"putGroupUser":    {who: adminOf, sends: aRole},
	"deleteGroupUser": {who: adminOf},
	"putGroupHost":    {who: operatorOf, given: hostIsInTheOther},
	"deleteGroupHost": {who: operatorOf, given: hostIsInBothGroups},

	"listHealthChecks":       {who: viewerOf},
	"createHealthCheck":      {who: operatorOf, sends: aCheck},
	"getHealthCheck":         {who: viewerOf},
	"updateHealthCheck":      {who: operatorOf, sends: aCheck},
	"deleteHealthCheck":      {who: operatorOf},
	"testHealthCheck":        {who: operatorOf, unseen: true}, // the worker writes
	"listHealthCheckResults": {who: viewerOf},
	"getHealthCheckHistory":  {who: viewerOf},

	"listHostWindows":            {who: viewerOf},
	"createHostWindow":           {who: operatorOf, sends: aWindow},
	"getHostWindow":              {who: viewerOf},
	"updateHostWindow":           {who: operatorOf, sends: aWindow},
	"deleteHostWindow":           {who: operatorOf},
	"listHostWindowOccurrences":  {who: viewerOf},
	"listHostOccurrences":        {who: viewerOf},
	"listGroupWindows":           {who: viewerOf},
	"createGroupWindow":          {who: operatorOf, sends: aWindow},
	"getGroupWindow":             {who: viewerOf},
	"updateGroupWindow":          {who: operatorOf, sends: aWindow},
	"deleteGroupWindow":          {who: operatorOf},
	"listGroupWindowOccurrences": {who: viewerOf},
	"listSiteWindows":            {who: anyone},
	"createSiteWindow":           {who: adminOnly, sends: aWindow},
	"getSiteWindow":              {who: anyone},
	"updateSiteWindow":           {who: adminOnly, sends: aWindow},
	"deleteSiteWindow":           {who: adminOnly},
	"listSiteWindowOccurrences":  {who: anyone},
	"previewWindow":              {who: anyone, sends: aWindow, reads: true},
	"getCalendar":                {who: anyone, asks: aMonth},
	"listTimeZones":              {who: anyone},
	"getJobDefaults":             {who: anyone},

	"listJobs":          {who: anyone},
	"createJob":         {who: operatorNamed, sends: aJob},
	"previewJob":        {who: operatorNamed, sends: aJob, reads: true},
	"getJob":            {who: viewerOf},
	"cancelJob":         {who: operatorOfAll},
	"retryJob":          {who: operatorOf, given: hostFailed},
	"listJobHosts":      {who: viewerOf},
	"listFleetJobHosts": {who: anyone},
	"getJobHost":        {who: viewerOf},
	"getJobHostLog":     {who: viewerOf},
	"cancelJobHost":     {who: operatorOf},
	"recheckJobHost":    {who: operatorOf, given: hostWaits},
	"settleJobHost":     {who: operatorOf, sends: anEnding, given: hostIsUnsettled},
}
