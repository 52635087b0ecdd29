package fleet

import (
	"encoding/json"
	"errors"
	"net/netip"
	"regexp"
	"time"
)

// The bounds of an enrolment, the request of a machine for a certificate.
const (
	// EnrolmentWait is how long a request waits for an administrator, and its polling token counts.
	EnrolmentWait = 24 * time.Hour
	// EnrolmentFetch is how long after the approval the bundle can be fetched.
	EnrolmentFetch = 10 * time.Minute
	// MaxWaitingEnrolments bounds the requests that wait at a time, and MaxWaitingOfAddress those that came from one address:
	// what nobody has let in yet can neither fill the database nor take the place of everybody else.
	MaxWaitingEnrolments = 1000
	MaxWaitingOfAddress  = 250
	MaxMachineID         = 128
	MaxOSDetails         = 4096 // bytes of JSON
	// MaxRevocationReason bounds the words with which a certificate is revoked.
	MaxRevocationReason = 500
)

var machineIDPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._:-]{0,126}[A-Za-z0-9])?$`)

// EnrolmentStatus is where an enrolment stands.
type EnrolmentStatus string

// The statuses of an enrolment. Expired are those that nobody decided in time, and those approved whose bundle nobody
// fetched in time.
const (
	EnrolmentPending   EnrolmentStatus = "pending"
	EnrolmentApproved  EnrolmentStatus = "approved"
	EnrolmentDenied    EnrolmentStatus = "denied"
	EnrolmentDelivered EnrolmentStatus = "delivered"
	EnrolmentExpired   EnrolmentStatus = "expired"
)

// EnrolmentRequest is what a machine says of itself, and where that came from. Only the latter is known to be true.
type EnrolmentRequest struct {
	MachineID string
	FQDN      string
	IPAddress string
	Hostname  string
	OSDetails json.RawMessage // an object

	RemoteAddr    string // whom the request came from, which the machine can not choose
	RemoteNetwork string // what counts as one address with it
}

// Validate returns every broken rule, joined.
func (r EnrolmentRequest) Validate() error {
	var errs []error
	if !machineIDPattern.MatchString(r.MachineID) {
		errs = append(errs, Invalid("machine_id", "must be 1 to %d letters, digits and inner . _ : -", MaxMachineID))
	}
	if !isHostname(r.FQDN) {
		errs = append(errs, Invalid("fqdn", "must be a host name of at most %d characters, without a final dot", MaxFQDN))
	}
	if ip, err := netip.ParseAddr(r.IPAddress); err != nil || ip.Zone() != "" {
		errs = append(errs, Invalid("ip_address", "must be an IP address"))
	}
	if len(r.OSDetails) > MaxOSDetails {
		errs = append(errs, Invalid("os_details", "must be at most %d bytes", MaxOSDetails))
	}
	return errors.Join(append(errs, CheckText("hostname", r.Hostname, MaxFQDN, false))...)
}

// Enrolment is a request with what became of it.
type Enrolment struct {
	ID string
	EnrolmentRequest
	Status      EnrolmentStatus
	CreatedAt   time.Time
	DecidedAt   *time.Time
	DecidedBy   string
	HostID      string // of the host it was approved for
	DeliveredAt *time.Time
	// RegisteredHostID is the host that has the name today, if one has.
	RegisteredHostID string
}

// EnrolmentFilter narrows a list of enrolments; zero fields do not.
type EnrolmentFilter struct {
	Status EnrolmentStatus
	After  *EnrolmentPlace
	Limit  int
}

// EnrolmentPlace is a place in the list of enrolments, behind this one.
type EnrolmentPlace struct {
	CreatedAt time.Time `json:"c"`
	ID        string    `json:"i"`
}

// Approval says for which host an enrolment is approved: an existing one of the same name, or a new one.
type Approval struct {
	HostID string // empty for a new host
	New    HostInput
}

// EnrolmentBundle is what an approved machine gets, once.
type EnrolmentBundle struct {
	IssuedCertificate
	CA, Chain, RevocationList string // PEM
}

// EnrolmentAnswer is what the poll of a machine is answered. The bundle is there where Status is EnrolmentApproved; an
// empty Status is that of a token that nobody knows, or no longer.
type EnrolmentAnswer struct {
	Status EnrolmentStatus
	Bundle *EnrolmentBundle
}

// CertificateOverview counts the hosts of the fleet by when their certificates end, and what waits for an administrator.
type CertificateOverview struct {
	Expired, Within7Days, Within30Days, Later, Unknown int
	Earliest                                           *time.Time
	WaitingEnrolments                                  int
}
