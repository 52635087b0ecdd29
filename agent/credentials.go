package agent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// credentials are the site's CA and the manager's certificate, read again when a file changes, so that a renewed
// certificate needs no restart.
type credentials struct {
	files [3]string // CA, certificate, key
	log   *slog.Logger

	mu     sync.Mutex
	stamps [3]stamp
	config *tls.Config
}

// stamp tells one version of a file from the next.
type stamp struct {
	modified time.Time
	size     int64
}

func newCredentials(cfg Config) (*credentials, error) {
	c := &credentials{files: [3]string{cfg.CAFile, cfg.CertFile, cfg.KeyFile}, log: cfg.Logger}
	stamps, err := c.stat()
	if err != nil {
		return nil, fmt.Errorf("read agent credentials: %w", err)
	}
	c.stamps = stamps
	if c.config, err = c.read(); err != nil {
		return nil, fmt.Errorf("read agent credentials: %w", err)
	}
	return c, nil
}

// forHost returns the configuration for one host, whose name the certificate must carry whatever address is dialled.
func (c *credentials) forHost(fqdn string) *tls.Config {
	config := c.current().Clone()
	config.ServerName = fqdn
	return config
}

// current keeps what was read last while the files can not be read or do not fit together: whoever renews them writes
// one after the other.
func (c *credentials) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps, err := c.stat()
	if err == nil && stamps == c.stamps {
		return c.config
	}
	var config *tls.Config
	if err == nil {
		config, err = c.read()
	}
	if stamps != c.stamps && err != nil {
		c.log.Warn("agent credentials changed and can not be used; the former ones stay", "error", err)
	}
	c.stamps = stamps
	if err == nil {
		c.config = config
	}
	return c.config
}

func (c *credentials) stat() (stamps [3]stamp, err error) {
	for i, name := range c.files {
		info, err := os.Stat(name)
		if err != nil {
			return [3]stamp{}, err
		}
		stamps[i] = stamp{modified: info.ModTime(), size: info.Size()}
	}
	return stamps, nil
}

func (c *credentials) read() (*tls.Config, error) {
	pem, err := os.ReadFile(c.files[0])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New(c.files[0] + ": no certificate in it")
	}
	pair, err := tls.LoadX509KeyPair(c.files[1], c.files[2])
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", c.files[1], c.files[2], err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		RootCAs:    roots,
		// Sent whatever authorities the agent names: an agent that lists none, or an older CA, gets it too and decides.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
	}, nil
}
