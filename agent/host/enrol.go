package host

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	enrolTimeout = 10 * time.Second // of one request
	enrolPause   = 2 * time.Second  // between two looks whether an administrator has decided
	maxBundle    = 1 << 20          // bytes of an answer
)

// ErrDenied says that an administrator denied the enrolment.
var ErrDenied = errors.New("an administrator denied the enrolment")

// Enrolment says how a host asks a manager for its certificate.
type Enrolment struct {
	Manager string // the URL of its API: https, or http on loopback
	CA      string // a file of certificates that the manager's own is verified with; empty for those of the machine
	FQDN    string // the name that the certificate is for
	Address string // where the manager reaches the agent; empty for the address that reaches the manager
	Dir     string // where server.pem, server-key.pem and ca.pem are put
	Root    string // of the file system that is told about
}

// bundle is the answer to an approved machine.
type bundle struct {
	Status      string `json:"status"`
	CA          string `json:"ca_crt"`
	Certificate string `json:"server_crt"`
	Key         string `json:"server_key"`
}

// Enrol asks for a certificate, waits until an administrator decides or ctx ends, and puts what it gets into the folder. It fails
// with ErrDenied. Asking again takes the place of a request that still waits.
func (e Enrolment) Enrol(ctx context.Context, asked func()) error {
	base, err := e.check()
	if err != nil {
		return err
	}
	client, err := e.client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	token, err := e.request(ctx, client, base)
	if err != nil {
		return err
	}
	asked()
	for {
		got, err := poll(ctx, client, base+"/api/v1/enroll/status/"+url.PathEscape(token))
		if err != nil {
			return err
		}
		switch got.Status {
		case "approved":
			return e.keep(got)
		case "denied":
			return ErrDenied
		case "pending":
		default:
			return errors.New("the manager does not know the request any more: ask again")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(enrolPause):
		}
	}
}

// check returns the manager's URL without a slash at its end.
func (e Enrolment) check() (string, error) {
	u, err := url.Parse(e.Manager)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("manager: must be a URL such as https://patches.example.com")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return "", errors.New("manager: must be reached by https, since a key is sent; http is for loopback alone")
	}
	if !strings.Contains(e.FQDN, ".") {
		return "", fmt.Errorf("fqdn: %q is no full name; give the one that the manager shall know the host by", e.FQDN)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

func (e Enrolment) client() (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if e.CA != "" {
		pem, err := os.ReadFile(e.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s has no certificate", e.CA)
		}
	}
	return &http.Client{
		Timeout: enrolTimeout, Transport: &http.Transport{TLSClientConfig: config},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (e Enrolment) request(ctx context.Context, client *http.Client, base string) (token string, err error) {
	address := e.Address
	if address == "" {
		if address, err = ownAddress(ctx, base); err != nil {
			return "", err
		}
	}
	root := files(e.Root)
	id, version := root.osRelease()
	body, err := json.Marshal(map[string]any{
		"machine_id": root.read("/etc/machine-id"), "fqdn": e.FQDN, "ip_address": address,
		"os_details": map[string]any{"id": id, "version_id": version},
	})
	if err != nil {
		return "", err
	}
	var answer struct {
		PollingToken string `json:"polling_token"`
	}
	status, problem, err := ask(ctx, client, http.MethodPost, base+"/api/v1/enroll", body, &answer)
	switch {
	case err != nil:
		return "", err
	case status != http.StatusAccepted || answer.PollingToken == "":
		return "", fmt.Errorf("ask the manager: it answered %d: %s", status, problem)
	}
	return answer.PollingToken, nil
}

// ownAddress is the address of this machine that reaches the manager. Nothing is sent for it.
func ownAddress(ctx context.Context, base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return "", fmt.Errorf("find the address that reaches the manager: %w", err)
	}
	defer conn.Close()
	host, _, err := net.SplitHostPort(conn.LocalAddr().String())
	return host, err
}

// poll asks once. A manager that is away for now is one that has not decided yet.
func poll(ctx context.Context, client *http.Client, at string) (bundle, error) {
	var got bundle
	status, _, err := ask(ctx, client, http.MethodGet, at, nil, &got)
	if ctx.Err() != nil {
		return bundle{}, ctx.Err()
	}
	if err != nil || status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		return bundle{Status: "pending"}, nil //nolint:nilerr // it is asked again until ctx ends
	}
	return got, nil
}

// ask sends a request and reads the answer into out, and what it says of a problem.
func ask(ctx context.Context, client *http.Client, method, at string, body []byte, out any) (status int, problem string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, "", fmt.Errorf("ask the manager: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBundle))
	if err != nil {
		return 0, "", fmt.Errorf("ask the manager: %w", err)
	}
	var said struct{ Detail string }
	if json.Unmarshal(text, &said) == nil {
		problem = said.Detail
	}
	if err := json.Unmarshal(text, out); err != nil {
		return response.StatusCode, "no JSON; is this the address of a Patch Manager?", nil //nolint:nilerr // the status tells
	}
	return response.StatusCode, problem, nil
}

// keep puts what was handed out into the folder, which nobody else reads.
func (e Enrolment) keep(b bundle) error {
	if _, err := tls.X509KeyPair([]byte(b.Certificate), []byte(b.Key)); err != nil {
		return fmt.Errorf("what the manager handed out is no certificate with its key: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(b.CA)) {
		return errors.New("what the manager handed out has no certificate of its authority")
	}
	if err := os.MkdirAll(e.Dir, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for name, text := range map[string]string{"server-key.pem": b.Key, "server.pem": b.Certificate, "ca.pem": b.CA} {
		if err := replaceFile(filepath.Join(e.Dir, name), text); err != nil {
			return err
		}
	}
	return nil
}

func replaceFile(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // for its owner alone
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}
