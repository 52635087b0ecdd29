package pki

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"time"
)

// Expiry is when the certificates that agents are reached with end; nil where one is missing or can not be read.
type Expiry struct{ CA, Client *time.Time }

// ReadExpiry reads the certificates in the files, whoever made them.
func ReadExpiry(caFile, clientFile string) Expiry {
	return Expiry{CA: earliest(caFile), Client: earliest(clientFile)}
}

// earliest is when the first certificate in a file of several ends.
func earliest(file string) *time.Time {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var first *time.Time
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (first == nil || cert.NotAfter.Before(*first)) {
			first = &cert.NotAfter
		}
	}
	return first
}
