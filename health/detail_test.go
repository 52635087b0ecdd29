package health_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

// inside is a word that answers have in every place, and that nobody may read who can only make a check.
const inside = "hunter2"

func TestNothingOfAnAnswerIsInTheDetail(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Name, z.Comment, z.Extra = inside, inside, []byte(inside)
	_, err := z.Write([]byte(inside))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	const head = "HTTP/1.1 200 OK\r\n"
	for name, answer := range map[string]string{
		"body":              head + "\r\n" + inside,
		"found body":        head + "\r\n" + inside + " ok",
		"body of an error":  "HTTP/1.1 500 " + inside + "\r\n\r\n" + inside,
		"status text":       "HTTP/1.1 200 " + inside + "\r\n\r\n",
		"status":            "HTTP/1.1 " + inside + " OK\r\n\r\n",
		"protocol":          inside + "/1.1 200 OK\r\n\r\n",
		"header":            head + inside + ": " + inside + "\r\n\r\n",
		"header's name":     head + inside + " " + inside + ": x\r\n\r\n",
		"no header":         head + inside + "\r\n\r\n",
		"length":            head + "Content-Length: " + inside + "\r\n\r\n",
		"two lengths":       head + "Content-Length: 1\r\nContent-Length: 2" + inside + "\r\n\r\n",
		"transfer encoding": head + "Transfer-Encoding: " + inside + "\r\n\r\n",
		"content encoding":  head + "Content-Encoding: " + inside + "\r\n\r\n",
		"chunk":             head + "Transfer-Encoding: chunked\r\n\r\n" + inside + "\r\n",
		"chunk's extension": head + "Transfer-Encoding: chunked\r\n\r\n1;" + inside + "\r\nx\r\n0\r\n" + inside + "\r\n\r\n",
		"packed":            head + "Content-Encoding: gzip\r\n\r\n" + packed.String(),
		"cut off, packed":   head + "Content-Encoding: gzip\r\n\r\n" + packed.String()[:packed.Len()-4],
		"not packed":        head + "Content-Encoding: gzip\r\n\r\n" + inside + inside,
		"interim":           "HTTP/1.1 103 " + inside + "\r\nLink: " + inside + "\r\n\r\n" + "HTTP/1.1 404 " + inside + "\r\n\r\n",
		"switch":            "HTTP/1.1 101 " + inside + "\r\nConnection: upgrade\r\nUpgrade: " + inside + "\r\n\r\n",
		"another protocol":  "SSH-2.0-" + inside + "\r\n",
		"nothing of HTTP":   inside,
		"location":          "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/" + inside + "\r\n\r\n",
		"location's host":   "HTTP/1.1 302 Found\r\nLocation: http://" + inside + ".invalid/\r\n\r\n",
		"location's scheme": "HTTP/1.1 302 Found\r\nLocation: " + inside + "://h/\r\n\r\n",
		"location's port":   "HTTP/1.1 302 Found\r\nLocation: http://h:" + inside + "/\r\n\r\n",
		"location's user":   "HTTP/1.1 302 Found\r\nLocation: http://" + inside + "@h/\r\n\r\n",
		"location's escape": "HTTP/1.1 302 Found\r\nLocation: /%zz" + inside + "\r\n\r\n",
	} {
		for _, redirects := range []int{0, 5} {
			p := health.NewProber(health.Config{Timeout: 5 * time.Second, Rules: onLoopback, Redirects: redirects})
			result := p.HTTP(t.Context(), fleet.Check{URL: raw(t, answer, false), ExpectedBody: "ok", BasicAuthUser: "u"}, "p-"+inside)
			require.NotContains(t, result.Detail, inside, name)
			require.NotEmpty(t, result.Detail, name)
		}
	}
}

func TestNothingOfACertificateIsInTheDetail(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for name, change := range map[string]func(*x509.Certificate){
		"authority": func(*x509.Certificate) {},
		"expired":   func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) },
		"usage":     func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
		"no names":  func(c *x509.Certificate) { c.DNSNames = nil },
	} {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: inside, Organization: []string{inside}},
			DNSNames: []string{inside + ".example"}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
		change(template)
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		require.NoError(t, err)
		server := httptest.NewUnstartedServer(body("ok"))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		server.StartTLS()
		t.Cleanup(server.Close)
		result := probe(t, fmt.Sprintf("https://%s/", server.Listener.Addr()), "ok", func(c *fleet.Check) { c.IgnoreCertErrors = false })
		requireUnhealthy(t, result, "certificate can not be verified")
		require.NotContains(t, result.Detail, inside, name)
	}
}
