package fleet

import (
	"encoding/hex"
	"math/big"
	"regexp"
	"strings"
	"time"
)

var serialPattern = regexp.MustCompile(`^([0-9a-f]{2}){1,20}$`)

// CertificateSerial is a serial number as this product writes it everywhere: its bytes in lower-case hexadecimal digits.
func CertificateSerial(n *big.Int) string { return hex.EncodeToString(n.Bytes()) }

// ParseCertificateSerial reads a serial number as other tools print it, with colons and capital letters too. Ok is false
// where it is none of 1 to 20 bytes.
func ParseCertificateSerial(text string) (serial string, ok bool) {
	digits := strings.ToLower(strings.ReplaceAll(text, ":", ""))
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	for strings.HasPrefix(digits, "00") && len(digits) > 2 {
		digits = digits[2:]
	}
	return digits, serialPattern.MatchString(digits)
}

// HostIdentity is whom the certificate of a host names.
type HostIdentity struct {
	FQDN    string
	Address string // named too where it is an IP address
}

// IssuedCertificate is a new certificate with its key, which nobody has stored.
type IssuedCertificate struct {
	Serial      string // CertificateSerial
	NotAfter    time.Time
	Certificate string // PEM
	Key         Secret // PEM
}

// RevokedCertificate is an entry of the revocation list.
type RevokedCertificate struct {
	Serial    string // CertificateSerial
	RevokedAt time.Time
}

// Certificate is one that the built-in authority issued, or that was revoked. ExpiresAt is nil for one that was issued
// elsewhere.
type Certificate struct {
	Serial    string
	HostID    string
	FQDN      string
	IssuedAt  *time.Time
	ExpiresAt *time.Time
	RevokedAt *time.Time
	RevokedBy string
	Reason    string
}
