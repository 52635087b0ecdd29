package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// What agents send and are answered here is their contract, not ours: they are in the field in several versions. Some
// go by the status and some by the body, so both say the same.

// maxEnrolBody bounds what a stranger can make us read, in bytes.
const maxEnrolBody = 16 << 10

// enrolmentsByAddress is how often one address may ask in addressPeriod, whatever machine it says it is.
const enrolmentsByAddress = 30

// pollPath is followed by a secret.
const pollPath = Base + "/enroll/status/"

// EnrolRequest is what an agent says of its machine. Versions differ in what they send besides.
type EnrolRequest struct {
	_         struct{}       `additionalProperties:"true"`
	MachineID string         `json:"machine_id" maxLength:"128" doc:"As in /etc/machine-id"`
	FQDN      string         `json:"fqdn" maxLength:"253" doc:"The name that the certificate shall be for"`
	IPAddress string         `json:"ip_address" maxLength:"45" doc:"The address that the agent listens on"`
	OSDetails map[string]any `json:"os_details" doc:"At most 4096 bytes"`
	Hostname  string         `json:"hostname,omitempty" maxLength:"253"`
}

// EnrolAccepted is the answer to a request that waits now.
type EnrolAccepted struct {
	PollingToken string `json:"polling_token" doc:"To poll with, for 24 hours; it is shown this once"`
}

// EnrolStatus is where a request stands. The rest is there where it is approved.
type EnrolStatus struct {
	Status string `json:"status" doc:"pending, approved, denied or not_found"`
	*EnrolBundle
}

// EnrolBundle is what an approved machine is given, once.
type EnrolBundle struct {
	CA             string  `json:"ca_crt" required:"false" doc:"The authority's certificate, PEM"`
	Chain          string  `json:"ca_chain" required:"false" doc:"That certificate and those above it, PEM"`
	Certificate    string  `json:"server_crt" required:"false" doc:"The host's certificate, PEM"`
	Key            string  `json:"server_key" required:"false" doc:"Its private key, PEM; it is kept nowhere else"`
	RevocationList string  `json:"crl_pem" required:"false" doc:"The revoked certificates, PEM"`
	RepoConfig     *string `json:"repo_config" required:"false" nullable:"true" doc:"Always null: packages come from the distribution"`
}

type (
	enrolInput  struct{ Body EnrolRequest }
	enrolAnswer struct{ Body EnrolAccepted }
	pollInput   struct {
		Token string `path:"token" doc:"The polling token"`
	}
	pollAnswer struct {
		Status int
		Body   EnrolStatus
	}
)

func (s *server) registerEnroll() {
	handleOpen(s, huma.Operation{
		OperationID: "requestEnrolment", Method: http.MethodPost, Path: "/enroll", Tags: []string{"Agents"},
		Summary: "Ask for a certificate, as the agent of a host", DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxEnrolBody + 1,
		Description: "An administrator decides. A machine that asks again takes the place of its request that still waits.",
		Errors:      []int{http.StatusTooManyRequests},
	}, s.requestEnrolment)
	handleOpen(s, huma.Operation{
		OperationID: "pollEnrolment", Method: http.MethodGet, Path: "/enroll/status/{token}", Tags: []string{"Agents"},
		Summary: "Poll a request for a certificate, as the agent of a host",
		Description: "200 approved, with the certificate: once, and within 10 minutes of the approval. 202 pending, 403 denied, " +
			"404 not found, expired or delivered before. The body says the same, whatever the status.",
		Responses: pollResponses(s.api),
	}, s.pollEnrolment)
	handleOpen(s, huma.Operation{
		OperationID: "getRevocationList", Method: http.MethodGet, Path: "/pki/crl.pem", Tags: []string{"Agents"},
		Summary:   "Read the signed list of revoked certificates, PEM",
		Responses: text("application/x-pem-file", "The list"),
	}, s.getRevocationList)
}

// pollResponses documents the statuses that all come with the same body.
func pollResponses(api huma.API) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[EnrolStatus](), true, "EnrolStatus")
	responses := map[string]*huma.Response{}
	for status, text := range map[string]string{"200": "Approved", "202": "Pending", "403": "Denied", "404": "Not found"} {
		responses[status] = &huma.Response{
			Description: text, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}},
		}
	}
	return responses
}

var errNoAuthority = fleet.Unavailable("enrolment_unavailable", "certificates of hosts are not issued here: there is no key of an authority")

func (s *server) requestEnrolment(ctx context.Context, by fleet.Caller, in *enrolInput) (*enrolAnswer, error) {
	if s.Authority == nil {
		return nil, errNoAuthority
	}
	details, err := json.Marshal(in.Body.OSDetails)
	if err != nil {
		return nil, fleet.Invalid("os_details", "must be an object")
	}
	request := fleet.EnrolmentRequest{
		MachineID: in.Body.MachineID, FQDN: in.Body.FQDN, IPAddress: in.Body.IPAddress, Hostname: in.Body.Hostname, OSDetails: details,
		RemoteAddr: by.RemoteAddr, RemoteNetwork: network(by.RemoteAddr),
	}
	if err := s.Store.Take(ctx, "enrolment from "+request.RemoteNetwork, enrolmentsByAddress, addressPeriod); err != nil {
		return nil, err
	}
	if err := request.Validate(); err != nil {
		return nil, err
	}
	token, err := s.Store.RequestEnrolment(ctx, by.Actor(), request)
	if err != nil {
		return nil, err
	}
	return &enrolAnswer{Body: EnrolAccepted{PollingToken: token}}, nil
}

// pollStatus is the status that goes with each answer; what it does not name is not found.
var pollStatus = map[fleet.EnrolmentStatus]int{
	fleet.EnrolmentApproved: http.StatusOK,
	fleet.EnrolmentPending:  http.StatusAccepted,
	fleet.EnrolmentDenied:   http.StatusForbidden,
}

func (s *server) pollEnrolment(ctx context.Context, by fleet.Caller, in *pollInput) (*pollAnswer, error) {
	if s.Authority == nil {
		return nil, errNoAuthority
	}
	answer, err := s.Store.PollEnrolment(ctx, by.Actor(), in.Token, s.issue)
	if err != nil {
		return nil, err
	}
	status, known := pollStatus[answer.Status]
	if !known {
		return &pollAnswer{Status: http.StatusNotFound, Body: EnrolStatus{Status: "not_found"}}, nil
	}
	out := &pollAnswer{Status: status, Body: EnrolStatus{Status: string(answer.Status)}}
	if b := answer.Bundle; b != nil {
		out.Body.EnrolBundle = &EnrolBundle{
			CA: b.CA, Chain: b.Chain, Certificate: b.Certificate, Key: b.Key.Reveal(), RevocationList: b.RevocationList,
		}
	}
	return out, nil
}

// issue makes the bundle of a host.
func (s *server) issue(h fleet.HostIdentity, revoked []fleet.RevokedCertificate) (fleet.EnrolmentBundle, error) {
	list, err := s.Authority.RevocationList(revoked)
	if err != nil {
		return fleet.EnrolmentBundle{}, err
	}
	issued, err := s.Authority.IssueHost(h)
	if err != nil {
		return fleet.EnrolmentBundle{}, err
	}
	ca, chain := s.Authority.Certificates()
	return fleet.EnrolmentBundle{IssuedCertificate: issued, CA: ca, Chain: chain, RevocationList: list}, nil
}
