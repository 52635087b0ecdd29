package health

import (
	"compress/flate"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// reason says in our own words what went wrong. The library's texts may quote what the server sent.
func reason(err error) string {
	for _, known := range []struct {
		err  error
		text string
	}{
		{syscall.ECONNREFUSED, "connection refused"},
		{syscall.ECONNRESET, "connection reset"},
		{syscall.EHOSTUNREACH, "no route to the host"},
		{syscall.ENETUNREACH, "no route to the network"},
		{os.ErrDeadlineExceeded, "timed out"},
		{errEncoding, errEncoding.Error()},
		{errWire, errWire.Error()},
		{errHeaderLines, "it has " + errHeaderLines.Error()},
		{errCertificate, "the server has " + errCertificate.Error()},
		{errHandshake, "the server began " + errHandshake.Error()},
		{gzip.ErrHeader, "not valid gzip"},
		{gzip.ErrChecksum, "not valid gzip"},
		{io.ErrUnexpectedEOF, "it ended too early"},
		{io.EOF, "the connection was closed without an answer"},
	} {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	return typedReason(err)
}

func typedReason(err error) string {
	var (
		corrupt flate.CorruptInputError
		name    *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		dial    *net.OpError
	)
	switch {
	case errors.As(err, &corrupt):
		return "not valid gzip"
	case errors.As(err, &name):
		return "the name can not be resolved"
	case errors.As(err, &cert):
		return "the certificate can not be verified: " + certificateReason(cert.Err)
	case errors.As(err, &record):
		return "the server does not speak TLS"
	case errors.As(err, &dial) && dial.Op == "remote error":
		return "the server answered with a TLS alert: " + dial.Err.Error() // a name from a fixed list
	case errors.As(err, &dial):
		return "the connection failed (" + dial.Op + ")"
	}
	return spelledReason(err.Error())
}

// spelledReason recognises what the library has no type for. None of its text gets through.
func spelledReason(text string) string {
	switch {
	case strings.Contains(text, "response headers exceeded"):
		return "its headers are longer than the limit"
	case strings.Contains(text, "tls: "):
		return "the TLS handshake failed"
	}
	return "not a valid HTTP answer"
}

func certificateReason(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		return "unknown authority"
	case errors.As(err, &host):
		return "it is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired or not yet valid"
	}
	return "not valid"
}
