package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// Certificate is one that a host was issued here, or one of a host that was revoked.
type Certificate struct {
	Serial           string     `json:"serial" doc:"The serial number in hexadecimal digits"`
	FQDN             string     `json:"fqdn" doc:"The name it is for"`
	IssuedAt         *time.Time `json:"issued_at" nullable:"true" doc:"Null of one that was issued elsewhere"`
	ExpiresAt        *time.Time `json:"expires_at" nullable:"true" doc:"Null of one that was issued elsewhere"`
	RevokedAt        *time.Time `json:"revoked_at" nullable:"true"`
	RevokedBy        string     `json:"revoked_by"`
	RevocationReason string     `json:"revocation_reason"`
}

func certificateBody(c fleet.Certificate) Certificate {
	return Certificate{
		Serial: c.Serial, FQDN: c.FQDN, IssuedAt: utc(c.IssuedAt), ExpiresAt: utc(c.ExpiresAt), RevokedAt: utc(c.RevokedAt),
		RevokedBy: c.RevokedBy, RevocationReason: c.Reason,
	}
}

// RevocationInput says which certificate of a host is revoked, and why.
type RevocationInput struct {
	Serial string `json:"serial,omitempty" maxLength:"100" doc:"Its serial number in hexadecimal digits, also of one that was issued elsewhere; absent: all that are valid and were issued here, and what the host was approved for and has not fetched"`
	Reason string `json:"reason,omitempty" maxLength:"500"`
}

type certificateList struct {
	Items []Certificate `json:"items" doc:"At most 100, the latest first"`
}

type (
	certificatesAnswer struct{ Body certificateList }
	revokeInput        struct {
		HostPath
		Body RevocationInput
	}
)

func (s *server) registerCertificates() {
	handle(s, huma.Operation{
		OperationID: "listHostCertificates", Method: http.MethodGet, Path: "/hosts/{id}/certificates", Tags: []string{"Hosts"},
		Summary: "List the certificates of a host", Errors: readErrors,
		Description: "Those that were issued here. When the one that the agent shows ends is in the host's agent.certificate_expires_at, whoever issued it.",
	}, s.listHostCertificates)
	handle(s, huma.Operation{
		OperationID: "revokeHostCertificate", Method: http.MethodPost, Path: "/hosts/{id}/certificate/revoke", Tags: []string{"Hosts"},
		Summary: "Revoke the certificate of a host (administrators)", Errors: changeErrors,
		Description: "From then on the manager speaks to no agent that shows it, and the revocation list names it. The host comes back by enrolling again.",
	}, s.revokeHostCertificate)
}

func (s *server) listHostCertificates(ctx context.Context, by fleet.Caller, in *HostPath) (*certificatesAnswer, error) {
	found, err := s.Store.HostCertificates(ctx, by.Sees(), pathID(in.ID))
	if err != nil {
		return nil, err
	}
	return &certificatesAnswer{Body: certificateList{Items: convert(found, certificateBody)}}, nil
}

func (s *server) revokeHostCertificate(ctx context.Context, by fleet.Caller, in *revokeInput) (*certificatesAnswer, error) {
	serial := ""
	if in.Body.Serial != "" {
		var ok bool
		if serial, ok = fleet.ParseCertificateSerial(in.Body.Serial); !ok {
			return nil, fleet.Invalid("serial", "must be 1 to 20 bytes in hexadecimal digits")
		}
	}
	if err := fleet.CheckText("reason", in.Body.Reason, fleet.MaxRevocationReason, false); err != nil {
		return nil, err
	}
	if err := s.Store.RevokeCertificates(ctx, by, pathID(in.ID), serial, in.Body.Reason); err != nil {
		return nil, err
	}
	return s.listHostCertificates(ctx, by, &in.HostPath)
}
