package web

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// maxRequestsPerConnection is how many requests a browser may have under way on
// one HTTP/2 connection, with all of its tabs. What goes beyond hangs without a
// word, so the limit of streams per address, which says why, is to come first.
const maxRequestsPerConnection = 500

// Certificate is a TLS certificate with its key, of two PEM files that can be
// read anew while it is used. Its methods may be called by any number at once.
type Certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

// LoadCertificate reads a certificate.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile}
	if err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload reads the files again, for connections from now on. With an error the
// certificate is what it was.
func (c *Certificate) Reload() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("the TLS certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	return nil
}

// ReloadOn reads the files again at every signal until ctx ends. A bad pair costs a
// line in the log, and the one before stays.
func (c *Certificate) ReloadOn(ctx context.Context, signals <-chan os.Signal, log *slog.Logger) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-signals:
		}
		if err := c.Reload(); err != nil {
			log.Error("the certificate stays as it was; put a good pair there and send SIGHUP again", "error", err)
			continue
		}
		log.Info("new certificate", "names", strings.Join(c.Names(), " "), "expires", c.Expires())
	}
}

// Expires is when browsers stop to accept it.
func (c *Certificate) Expires() time.Time { return c.current.Load().Leaf.NotAfter }

// Names are the hosts that it is for.
func (c *Certificate) Names() []string {
	leaf := c.current.Load().Leaf
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// serve makes server one that speaks TLS with the certificate, HTTP/2 included.
// A client that takes nothing for writeTimeout loses its HTTP/2 connection.
func (c *Certificate) serve(server *http.Server, writeTimeout time.Duration) {
	server.TLSConfig = &tls.Config{
		MinVersion: tls.VersionTLS12,
		// A turn of a stream is small and leaves as one record.
		DynamicRecordSizingDisabled: true,
		GetCertificate:              func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
	server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxRequestsPerConnection, WriteByteTimeout: writeTimeout}
}
