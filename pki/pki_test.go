package pki_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/pki"
)

// starterDir makes the test binary one of many processes that start at once.
const starterDir = "PATCH_MANAGER_TEST_PKI_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(starterDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	_, _ = os.Stdin.Read(make([]byte, 1)) // ends for all at once
	a, _, err := pki.Open(config(dir))
	if err == nil {
		_, err = a.KeepClient()
	}
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	ca, _ := a.Certificates()
	fmt.Print(ca)
}

func config(dir string) pki.Config {
	return pki.Config{
		CAFile: filepath.Join(dir, "ca.pem"), CAKeyFile: filepath.Join(dir, "ca-key.pem"),
		ClientFile: filepath.Join(dir, "client.pem"), ClientKey: filepath.Join(dir, "client-key.pem"),
		Lifetime: 365 * 24 * time.Hour, RecordAuthority: recordIn(dir, "authority"), RecordClient: recordIn(dir, "client"),
	}
}

// recordIn writes serial numbers into a file beside the folder.
func recordIn(dir, kind string) func(pki.Own) error {
	return func(o pki.Own) error {
		f, err := os.OpenFile(dir+"."+kind, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(f, o.Serial)
		return errors.Join(err, f.Close())
	}
}

func open(t *testing.T, c pki.Config) *pki.Authority {
	t.Helper()
	a, _, err := pki.Open(c)
	require.NoError(t, err)
	require.NotNil(t, a)
	return a
}

func parse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	require.NotNil(t, block)
	require.Empty(t, rest)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

func serial(c *x509.Certificate) string { return fleet.CertificateSerial(c.SerialNumber) }

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func roots(a *pki.Authority) *x509.CertPool {
	pool := x509.NewCertPool()
	ca, _ := a.Certificates()
	pool.AppendCertsFromPEM([]byte(ca))
	return pool
}

func verify(cert *x509.Certificate, a *pki.Authority, name string, use x509.ExtKeyUsage) error {
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots(a), DNSName: name, KeyUsages: []x509.ExtKeyUsage{use}})
	return err
}

func TestManyProcessesStartingTogetherEndWithOneAuthorityAndOneClientCertificate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pki")
	gate, release, err := os.Pipe()
	require.NoError(t, err)
	outputs := make([]strings.Builder, 20)
	var processes []*exec.Cmd
	for i := range outputs {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), starterDir+"="+dir)
		c.Stdin, c.Stdout, c.Stderr = gate, &outputs[i], os.Stderr
		require.NoError(t, c.Start())
		processes = append(processes, c)
	}
	require.NoError(t, release.Close())
	require.NoError(t, gate.Close())
	for _, c := range processes {
		require.NoError(t, c.Wait())
	}
	a := open(t, config(dir))
	ca, _ := a.Certificates()
	for i := range outputs {
		require.Equal(t, ca, outputs[i].String())
	}
	pair, err := tls.LoadX509KeyPair(config(dir).ClientFile, config(dir).ClientKey)
	require.NoError(t, err)
	require.NoError(t, verify(pair.Leaf, a, "", x509.ExtKeyUsageClientAuth))
	require.Equal(t, serial(parse(t, ca))+"\n", read(t, dir+".authority"), "recorded once")
	require.Equal(t, serial(pair.Leaf)+"\n", read(t, dir+".client"), "recorded once")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 4, "nothing is left beside them")
	for name, mode := range map[string]os.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600, "client.pem": 0o644, "client-key.pem": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode(), name)
	}
}

func TestAnAuthorityOfTheSitesOwnIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	open(t, c)
	require.NoError(t, os.Remove(c.CAKeyFile))
	before := read(t, c.CAFile)
	a, _, err := pki.Open(c)
	require.NoError(t, err)
	require.Nil(t, a)
	require.Equal(t, before, read(t, c.CAFile))
	require.NoFileExists(t, c.CAKeyFile)

	c = config(filepath.Join(t.TempDir(), "none"))
	c.CAKeyFile = ""
	a, _, err = pki.Open(c)
	require.NoError(t, err)
	require.Nil(t, a)
	require.NoFileExists(t, c.CAFile)
}

func TestAStartThatWasCutShortIsTakenUpByTheNext(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	open(t, c)
	key := read(t, c.CAKeyFile)
	require.NoError(t, os.Remove(c.CAFile))
	a := open(t, c)
	require.Equal(t, key, read(t, c.CAKeyFile))
	ca, _ := a.Certificates()
	require.Equal(t, ca, read(t, c.CAFile))

	_, err := a.KeepClient()
	require.NoError(t, err)
	client := read(t, c.ClientKey)
	require.NoError(t, os.Remove(c.ClientFile))
	made, err := a.KeepClient()
	require.NoError(t, err)
	require.True(t, made)
	require.Equal(t, client, read(t, c.ClientKey))
}

func TestWhatWasSignedStaysValidWhenALostCertificateIsMadeAgain(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	issued, err := open(t, c).IssueHost(fleet.HostIdentity{FQDN: "web1.example.com"})
	require.NoError(t, err)
	require.NoError(t, os.Remove(c.CAFile))
	require.NoError(t, verify(parse(t, issued.Certificate), open(t, c), "web1.example.com", x509.ExtKeyUsageServerAuth))
}

func TestAKeyThatOthersMayReadOrThatBelongsToNoCertificateRefusesToStart(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	open(t, c)
	require.NoError(t, os.Chmod(c.CAKeyFile, 0o640))
	_, _, err := pki.Open(c)
	require.ErrorContains(t, err, "must be 0600")

	key := c.CAKeyFile + ".moved"
	require.NoError(t, os.Rename(c.CAKeyFile, key))
	require.NoError(t, os.Chmod(key, 0o600))
	require.NoError(t, os.Symlink(key, c.CAKeyFile))
	_, _, err = pki.Open(c)
	require.ErrorContains(t, err, "symbolic link")

	other := config(t.TempDir())
	open(t, other)
	require.NoError(t, os.Remove(c.CAKeyFile))
	require.NoError(t, os.Rename(other.CAKeyFile, c.CAKeyFile))
	_, _, err = pki.Open(c)
	require.ErrorContains(t, err, "no certificate in "+c.CAFile+" belongs to the key")
	require.NotContains(t, err.Error(), "PRIVATE")
}

func TestACertificateThatMayNotSignIsNoAuthority(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	a := open(t, c)
	_, err := a.KeepClient()
	require.NoError(t, err)
	c.CAFile, c.CAKeyFile = c.ClientFile, c.ClientKey
	_, _, err = pki.Open(c)
	require.ErrorContains(t, err, "may not sign")
}

func TestACertificateOfAHostNamesItExactlyAndServesOnly(t *testing.T) {
	t.Parallel()
	a := open(t, config(t.TempDir()))
	issued, err := a.IssueHost(fleet.HostIdentity{FQDN: "web1.example.com", Address: "192.0.2.7"})
	require.NoError(t, err)
	cert := parse(t, issued.Certificate)
	require.Equal(t, []string{"web1.example.com"}, cert.DNSNames)
	require.Len(t, cert.IPAddresses, 1)
	require.Equal(t, "192.0.2.7", cert.IPAddresses[0].String())
	require.Empty(t, cert.EmailAddresses)
	require.Empty(t, cert.URIs)
	require.False(t, cert.IsCA)
	require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, cert.ExtKeyUsage)
	require.Equal(t, x509.KeyUsageDigitalSignature, cert.KeyUsage)
	require.Equal(t, fleet.CertificateSerial(cert.SerialNumber), issued.Serial)
	require.Equal(t, cert.NotAfter, issued.NotAfter)
	require.WithinDuration(t, time.Now().Add(365*24*time.Hour), cert.NotAfter, time.Minute)
	require.NoError(t, verify(cert, a, "web1.example.com", x509.ExtKeyUsageServerAuth))
	require.Error(t, verify(cert, a, "web1.example.com", x509.ExtKeyUsageClientAuth))
	require.Error(t, verify(cert, a, "web2.example.com", x509.ExtKeyUsageServerAuth))
	_, err = tls.X509KeyPair([]byte(issued.Certificate), []byte(issued.Key.Reveal()))
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v", issued), "PRIVATE KEY")

	named, err := a.IssueHost(fleet.HostIdentity{FQDN: strings.Repeat("a", 63) + ".example.com", Address: "web1.internal"})
	require.NoError(t, err)
	cert = parse(t, named.Certificate)
	require.Empty(t, cert.IPAddresses)
	require.Equal(t, []string{strings.Repeat("a", 63) + ".example.com"}, cert.DNSNames)
}

func TestTheCertificateOfAHostSignsNothing(t *testing.T) {
	t.Parallel()
	a := open(t, config(t.TempDir()))
	ca, _ := a.Certificates()
	require.True(t, parse(t, ca).MaxPathLenZero, "nor does an authority below ours")
	issued, err := a.IssueHost(fleet.HostIdentity{FQDN: "web1.example.com"})
	require.NoError(t, err)
	host, err := tls.X509KeyPair([]byte(issued.Certificate), []byte(issued.Key.Reveal()))
	require.NoError(t, err)
	forged := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"web2.example.com"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, forged, host.Leaf, host.Leaf.PublicKey, host.PrivateKey)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	between := x509.NewCertPool()
	between.AddCert(host.Leaf)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots(a), Intermediates: between, DNSName: "web2.example.com"})
	require.Error(t, err)
}

func TestSerialNumbersAreRandom(t *testing.T) {
	t.Parallel()
	a := open(t, config(t.TempDir()))
	seen, bits := map[string]bool{}, 0
	for range 100 {
		issued, err := a.IssueHost(fleet.HostIdentity{FQDN: "web1.example.com"})
		require.NoError(t, err)
		require.False(t, seen[issued.Serial])
		seen[issued.Serial] = true
		bits = max(bits, parse(t, issued.Certificate).SerialNumber.BitLen())
	}
	require.Greater(t, bits, 120)
	require.LessOrEqual(t, bits, 128)
}

func TestTheManagersCertificateIsRenewedAfterTwoThirdsOfItsTimeForTheSameKey(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	now := time.Now()
	c.Now = func() time.Time { return now }
	a := open(t, c)
	made, err := a.KeepClient()
	require.NoError(t, err)
	require.True(t, made)
	first, key := read(t, c.ClientFile), read(t, c.ClientKey)
	cert := parse(t, first)
	require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, cert.ExtKeyUsage)
	require.Error(t, verify(cert, a, "", x509.ExtKeyUsageServerAuth))

	due := cert.NotAfter.Add(-cert.NotAfter.Sub(cert.NotBefore) / 3)
	now = due.Add(-time.Second)
	made, err = a.KeepClient()
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, first, read(t, c.ClientFile))

	now = due
	made, err = a.KeepClient()
	require.NoError(t, err)
	require.True(t, made)
	renewed := parse(t, read(t, c.ClientFile))
	require.True(t, renewed.NotAfter.After(cert.NotAfter))
	require.Equal(t, cert.PublicKey, renewed.PublicKey)
	require.Equal(t, key, read(t, c.ClientKey))
}

func TestAManagersCertificateOfAnotherAuthorityIsLeftAlone(t *testing.T) {
	t.Parallel()
	c, other := config(t.TempDir()), config(t.TempDir())
	_, err := open(t, other).KeepClient()
	require.NoError(t, err)
	open(t, c)
	c.ClientFile, c.ClientKey = other.ClientFile, other.ClientKey
	c.Now = func() time.Time { return time.Now().Add(364 * 24 * time.Hour) }
	a := open(t, c)
	before := read(t, c.ClientFile)
	made, err := a.KeepClient()
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, before, read(t, c.ClientFile))

	require.NoError(t, os.Remove(c.ClientKey))
	_, err = a.KeepClient()
	require.ErrorContains(t, err, "needs its key")
}

func TestTheRevocationListIsSignedAndItsNumberGrows(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	now := time.Now().UTC().Truncate(time.Second)
	c.Now = func() time.Time { return now }
	a := open(t, c)
	list := func(revoked ...fleet.RevokedCertificate) *x509.RevocationList {
		text, err := a.RevocationList(revoked)
		require.NoError(t, err)
		block, _ := pem.Decode([]byte(text))
		require.Equal(t, "X509 CRL", block.Type)
		parsed, err := x509.ParseRevocationList(block.Bytes)
		require.NoError(t, err)
		ca, _ := a.Certificates()
		require.NoError(t, parsed.CheckSignatureFrom(parse(t, ca)))
		return parsed
	}
	first := list()
	require.Empty(t, first.RevokedCertificateEntries)
	now = now.Add(time.Millisecond)
	second := list(fleet.RevokedCertificate{Serial: "0aff", RevokedAt: now.Add(-time.Hour)})
	require.Len(t, second.RevokedCertificateEntries, 1)
	require.Equal(t, "0aff", fleet.CertificateSerial(second.RevokedCertificateEntries[0].SerialNumber))
	require.Equal(t, 1, second.Number.Cmp(first.Number))
}

func TestNothingIsSignedBeyondTheEndOfTheAuthorityOrJustBeforeIt(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	a := open(t, c)
	ca, _ := a.Certificates()
	end := parse(t, ca).NotAfter
	now := end.Add(-24 * time.Hour)
	c.Now = func() time.Time { return now }
	a = open(t, c)
	issued, err := a.IssueHost(fleet.HostIdentity{FQDN: "web1.example.com"})
	require.NoError(t, err)
	require.Equal(t, end, issued.NotAfter)
	now = now.Add(time.Second)
	_, err = a.IssueHost(fleet.HostIdentity{FQDN: "web1.example.com"})
	require.ErrorContains(t, err, "the authority's own certificate ends on")
}

func TestTheAuthorityOfTheSimulatedFleetServesToo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	a := open(t, config(dir))
	made, err := a.KeepClient()
	require.NoError(t, err)
	require.False(t, made)
	issued, err := a.IssueHost(fleet.HostIdentity{FQDN: "web1.example.com"})
	require.NoError(t, err)
	require.NoError(t, verify(parse(t, issued.Certificate), a, "web1.example.com", x509.ExtKeyUsageServerAuth))
}

func TestCertificatesBesideTheAuthoritysOwnAreItsChain(t *testing.T) {
	t.Parallel()
	c, other := config(t.TempDir()), config(t.TempDir())
	mine, _ := open(t, c).Certificates()
	theirs, _ := open(t, other).Certificates()
	require.NoError(t, os.WriteFile(c.CAFile, []byte(theirs+mine), 0o600))
	ca, chain := open(t, c).Certificates()
	require.Equal(t, mine, ca)
	require.Equal(t, mine+theirs, chain)
}

func TestAKeyThatStandsInTheFileOfTheCertificatesIsNotHandedOut(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	mine, _ := open(t, c).Certificates()
	require.NoError(t, os.WriteFile(c.CAFile, []byte(read(t, c.CAKeyFile)+mine+read(t, c.CAKeyFile)), 0o600))
	ca, chain := open(t, c).Certificates()
	require.Equal(t, mine, ca)
	require.Equal(t, mine, chain)
}

func TestExpiryIsThatOfTheFilesWhoeverMadeThem(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	require.Equal(t, pki.Expiry{}, pki.ReadExpiry(c.CAFile, c.ClientFile))
	a := open(t, c)
	_, err := a.KeepClient()
	require.NoError(t, err)
	ca, _ := a.Certificates()
	e := pki.ReadExpiry(c.CAFile, c.ClientFile)
	require.Equal(t, parse(t, ca).NotAfter, *e.CA)
	require.Equal(t, parse(t, read(t, c.ClientFile)).NotAfter, *e.Client)
}
