package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// Enrolment is the request of a machine for a certificate, as an administrator decides on it. Nothing that the machine
// says is known to be true but the address that the request came from.
type Enrolment struct {
	ID             string         `json:"id" format:"uuid"`
	Status         string         `json:"status" doc:"pending, approved, denied, delivered or expired; new values may appear"`
	MachineID      string         `json:"machine_id"`
	FQDN           string         `json:"fqdn"`
	IPAddress      string         `json:"ip_address" doc:"As the machine says"`
	RemoteAddress  string         `json:"remote_address" doc:"Where the request came from"`
	Hostname       string         `json:"hostname"`
	OSDetails      map[string]any `json:"os_details"`
	CreatedAt      time.Time      `json:"created_at"`
	DecidedAt      *time.Time     `json:"decided_at" nullable:"true"`
	DecidedBy      string         `json:"decided_by"`
	DeliveredAt    *time.Time     `json:"delivered_at" nullable:"true"`
	HostID         *string        `json:"host_id" format:"uuid" nullable:"true" doc:"The host that it was approved for"`
	RegisteredHost *string        `json:"registered_host_id" format:"uuid" nullable:"true" doc:"The host that has this fqdn today: to approve takes its id as host_id"`
}

func enrolmentBody(e fleet.Enrolment) Enrolment {
	body := Enrolment{
		ID: e.ID, Status: string(e.Status), MachineID: e.MachineID, FQDN: e.FQDN, IPAddress: e.IPAddress,
		RemoteAddress: e.RemoteAddr, Hostname: e.Hostname, CreatedAt: e.CreatedAt.UTC(), DecidedAt: utc(e.DecidedAt),
		DecidedBy: e.DecidedBy, DeliveredAt: utc(e.DeliveredAt), HostID: orNull(e.HostID), RegisteredHost: orNull(e.RegisteredHostID),
	}
	_ = json.Unmarshal(e.OSDetails, &body.OSDetails) // which the database holds to be an object
	return body
}

// ApprovalInput says which host the machine becomes. The fqdn is the one that it asked for.
type ApprovalInput struct {
	HostID         string            `json:"host_id,omitempty" doc:"An existing host of the same fqdn, which gets a further certificate and stays as it is; goes with no other field"`
	Address        string            `json:"address,omitempty" maxLength:"253" doc:"The IP address or name to dial; default: the ip_address of the request"`
	AgentPort      *int              `json:"agent_port,omitempty" minimum:"1" maximum:"65535" doc:"Default: agent.port of the settings, 12443"`
	DisplayName    string            `json:"display_name,omitempty" maxLength:"200" doc:"Default: the hostname of the request"`
	Labels         map[string]string `json:"labels,omitempty" doc:"At most 64; names of up to 63 characters, values of up to 200"`
	Zone           string            `json:"zone,omitempty" maxLength:"50" doc:"The workers that reach the host; default: default"`
	GroupIDs       *[]string         `json:"group_ids,omitempty" doc:"The groups the host is in"`
	InheritWindows *bool             `json:"inherit_windows,omitempty" doc:"Default: true"`
}

func (in ApprovalInput) approval(e fleet.Enrolment, p Policy) (fleet.Approval, error) {
	if in.HostID != "" {
		return in.rebinding()
	}
	host := HostInput{
		FQDN: e.FQDN, Address: in.Address, AgentPort: in.AgentPort, DisplayName: in.DisplayName, Labels: in.Labels, Zone: in.Zone,
		GroupIDs: in.GroupIDs, InheritWindows: in.InheritWindows,
	}
	if host.Address == "" {
		host.Address = e.IPAddress
	}
	if host.DisplayName == "" {
		host.DisplayName = e.Hostname
	}
	made, err := host.host(p)
	return fleet.Approval{New: made}, err
}

func (in ApprovalInput) rebinding() (fleet.Approval, error) {
	alone := in.Address == "" && in.AgentPort == nil && in.DisplayName == "" && in.Labels == nil && in.Zone == "" &&
		in.GroupIDs == nil && in.InheritWindows == nil
	if !alone {
		return fleet.Approval{}, fleet.Invalid("host_id", "goes with no other field: the host stays as it is")
	}
	id, ok := parseID(in.HostID)
	if !ok {
		return fleet.Approval{}, fleet.Invalid("host_id", "unknown host")
	}
	return fleet.Approval{HostID: id}, nil
}

// EnrolmentPath names an enrolment in the path of an operation. The framework only fills embedded types that are exported.
type EnrolmentPath struct {
	ID string `path:"id" doc:"The enrolment"`
}

type enrolmentList struct {
	Items      []Enrolment `json:"items"`
	NextCursor *string     `json:"next_cursor" nullable:"true" doc:"Null on the last page"`
}

type (
	listEnrolmentsInput struct {
		PageQuery
		Status string `query:"status" enum:"pending,approved,denied,delivered,expired" doc:"Only enrolments of this status"`
	}
	listEnrolmentsAnswer struct{ Body enrolmentList }
	enrolmentAnswer      struct{ Body Enrolment }
	approveInput         struct {
		EnrolmentPath
		Body ApprovalInput
	}
)

func (s *server) registerEnrolments() {
	handle(s, huma.Operation{
		OperationID: "listEnrolments", Method: http.MethodGet, Path: "/enrolments", Tags: []string{"Enrolment"},
		Summary: "List the machines that asked for a certificate, the latest first (administrators)", Errors: []int{http.StatusForbidden},
	}, s.listEnrolments)
	handle(s, huma.Operation{
		OperationID: "getEnrolment", Method: http.MethodGet, Path: "/enrolments/{id}", Tags: []string{"Enrolment"},
		Summary: "Read a machine's request for a certificate (administrators)", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.getEnrolment)
	handle(s, huma.Operation{
		OperationID: "approveEnrolment", Method: http.MethodPost, Path: "/enrolments/{id}/approve", Tags: []string{"Enrolment"},
		Summary: "Let a machine have a certificate, and make it a host (administrators)", Errors: changeErrors,
		Description: "The machine fetches the certificate within 10 minutes. Where a host has its fqdn already, host_id must name " +
			"that host: this is how a machine that was set up anew comes back.",
	}, s.approveEnrolment)
	handle(s, huma.Operation{
		OperationID: "denyEnrolment", Method: http.MethodPost, Path: "/enrolments/{id}/deny", Tags: []string{"Enrolment"},
		Summary: "Refuse a machine a certificate (administrators)", DefaultStatus: http.StatusNoContent, Errors: changeErrors,
		Description: "Also where it was approved and has not fetched the certificate yet. The machine may ask again.",
	}, s.denyEnrolment)
}

func (s *server) listEnrolments(ctx context.Context, by fleet.Caller, in *listEnrolmentsInput) (*listEnrolmentsAnswer, error) {
	f := fleet.EnrolmentFilter{Status: fleet.EnrolmentStatus(in.Status), Limit: in.Limit + 1}
	if in.Cursor != "" {
		f.After = &fleet.EnrolmentPlace{}
		if err := readCursor("enrolments", in.Cursor, f.After); err != nil {
			return nil, err
		}
		if _, ok := parseID(f.After.ID); !ok {
			return nil, errCursor
		}
	}
	found, err := s.Store.Enrolments(ctx, by, f)
	if err != nil {
		return nil, err
	}
	page, next := cut("enrolments", found, in.Limit, func(e fleet.Enrolment) fleet.EnrolmentPlace {
		return fleet.EnrolmentPlace{CreatedAt: e.CreatedAt, ID: e.ID}
	})
	return &listEnrolmentsAnswer{Body: enrolmentList{Items: convert(page, enrolmentBody), NextCursor: next}}, nil
}

func (s *server) getEnrolment(ctx context.Context, by fleet.Caller, in *EnrolmentPath) (*enrolmentAnswer, error) {
	e, err := s.Store.Enrolment(ctx, by, pathID(in.ID))
	if err != nil {
		return nil, err
	}
	return &enrolmentAnswer{Body: enrolmentBody(e)}, nil
}

func (s *server) approveEnrolment(ctx context.Context, by fleet.Caller, in *approveInput) (*hostAnswer, error) {
	e, err := s.Store.Enrolment(ctx, by, pathID(in.ID))
	if err != nil {
		return nil, err
	}
	if s.Authority == nil {
		return nil, errNoAuthority
	}
	approval, err := in.Body.approval(e, s.Policy)
	if err != nil {
		return nil, err
	}
	hostID, err := s.Store.ApproveEnrolment(ctx, by, e.ID, approval)
	if err != nil {
		return nil, err
	}
	host, err := s.hostByID(ctx, by, hostID)
	if err != nil {
		return nil, err
	}
	return &hostAnswer{Body: host}, nil
}

func (s *server) denyEnrolment(ctx context.Context, by fleet.Caller, in *EnrolmentPath) (*empty, error) {
	return nil, s.Store.DenyEnrolment(ctx, by, pathID(in.ID))
}
