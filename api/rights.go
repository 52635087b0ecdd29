package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Who may use an operation, as its documentation says. What holds it is the scope in each query and the store; that it is
// true is held by the tests, which call every operation as every persona.
const (
	forEverybody = "everybody, without signing in"
	forAnyone    = "whoever is signed in; what is listed is what the caller may see"
	forViewers   = "viewers and operators of a group that it is in, and administrators; it does not exist for others"
	forOperators = "operators of a group that it is in, and administrators"
	forAllOf     = "operators of every host of the job, and administrators"
	forNamed     = "operators of everything that the request names, and administrators"
	forAdmins    = "administrators"
	forOwner     = "whom it belongs to, and administrators; it does not exist for others"
	forOneself   = "whom it belongs to; it does not exist for others"
	forSession   = "whoever is signed in with a session; no token"
	forAdminHere = "administrators who are signed in with a session; no token"
	forReturning = "the browser that comes back from the identity provider, to which it went from here"
	forFirst     = "who has a code, while there is no administrator"
)

// rights has every operation by its id.
var rights = map[string]string{
	"listAudit": forAdmins, "getHealth": forEverybody, "getReadiness": forEverybody, "getMetrics": forAdmins, "getSettings": forAdmins,
	"streamEvents": forAnyone,

	"login": forEverybody, "logout": forSession, "setUp": forFirst, "getMe": forAnyone, "changeMyPassword": forSession,
	"listMySessions": forAnyone, "deleteMySession": forOneself,
	"listSignInMethods": forEverybody, "beginSignOn": forEverybody, "finishSignOn": forReturning,
	"listUsers": forAdmins, "createUser": forAdmins, "getUser": forAdmins, "updateUser": forAdmins, "deleteUser": forAdmins,
	"putUserPassword": forAdminHere, "deleteUserSessions": forAdmins,
	"listTokens": forAnyone, "createToken": forAnyone, "getToken": forOwner, "deleteToken": forOwner,

	"getFleetSummary": forAnyone, "listFleetJobHosts": forAnyone, "listZones": forAnyone,
	"listHosts": forAnyone, "createHost": forNamed, "getHost": forViewers, "updateHost": forOperators, "deleteHost": forOperators,
	"getHostPatches": forViewers,
	"listGroups":     forAnyone, "createGroup": forAdmins, "getGroup": forViewers, "updateGroup": forAdmins, "deleteGroup": forAdmins,
	"listGroupUsers": forAdmins, "putGroupUser": forAdmins, "deleteGroupUser": forAdmins,
	"putGroupHost": forOperators, "deleteGroupHost": forOperators,

	"requestEnrolment": forEverybody, "pollEnrolment": forEverybody, "getRevocationList": forEverybody,
	"listEnrolments": forAdmins, "getEnrolment": forAdmins, "approveEnrolment": forAdmins, "denyEnrolment": forAdmins,
	"listHostCertificates": forViewers, "revokeHostCertificate": forAdmins,

	"listHealthChecks": forViewers, "createHealthCheck": forOperators, "getHealthCheck": forViewers, "updateHealthCheck": forOperators,
	"deleteHealthCheck": forOperators, "testHealthCheck": forOperators, "listHealthCheckResults": forViewers,
	"getHealthCheckHistory": forViewers,

	"listHostWindows": forViewers, "createHostWindow": forOperators, "getHostWindow": forViewers, "updateHostWindow": forOperators,
	"deleteHostWindow": forOperators, "listHostWindowOccurrences": forViewers, "listHostOccurrences": forViewers,
	"listGroupWindows": forViewers, "createGroupWindow": forOperators, "getGroupWindow": forViewers,
	"updateGroupWindow": forOperators, "deleteGroupWindow": forOperators, "listGroupWindowOccurrences": forViewers,
	"listSiteWindows": forAnyone, "createSiteWindow": forAdmins, "getSiteWindow": forAnyone, "updateSiteWindow": forAdmins,
	"deleteSiteWindow": forAdmins, "listSiteWindowOccurrences": forAnyone, "previewWindow": forAnyone,
	"getCalendar": forAnyone, "listTimeZones": forAnyone, "getJobDefaults": forAnyone,

	"listJobs": forAnyone, "createJob": forNamed, "previewJob": forNamed, "getJob": forViewers, "cancelJob": forAllOf,
	"retryJob": forOperators, "listJobHosts": forViewers, "getJobHost": forViewers, "getJobHostLog": forViewers,
	"cancelJobHost": forOperators, "recheckJobHost": forOperators, "settleJobHost": forOperators,
}

// describeRights says in the documentation of each operation who may use it.
func describeRights(doc *huma.OpenAPI) {
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if op != nil {
				op.Description = strings.TrimSpace(op.Description + " Who may: " + rights[op.OperationID] + ".")
			}
		}
	}
}
