//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/tickboard/tickboard/e2e/load/market"
)

const (
	secureStreams = 1000 // over HTTP/1.1
	pairs         = 200  // connections of HTTP/2
	// warming is how many streams are open before the count: the first of all
	// bring in the program's code for TLS and HTTP/2, which is no stream's memory.
	warming       = 20
	streamsEach   = 10
	firstSecure   = 72 // KB, goals
	furtherSecure = 20
	oldSecure     = 56
)

// secureMemory measures idle streams over TLS, with net/http's client.
func (l *lab) secureMemory(o options, say *findings) error {
	old := max(1, int(secureStreams*o.scale))
	err := l.secure(o, say, func(s *secureServer) error {
		of := func(int) *http.Transport { return s.transport(false) }
		if err := s.open(warming, of); err != nil {
			return err
		}
		return s.grow(old, of, "an idle stream, TLS, HTTP/1.1", oldSecure)
	})
	if err != nil {
		return err
	}
	n := max(1, int(pairs*o.scale))
	return l.secure(o, say, func(s *secureServer) error {
		conns := make([]*http.Transport, n)
		for i := range conns {
			conns[i] = s.transport(true)
		}
		of := func(i int) *http.Transport { return conns[i%n] }
		if err := s.open(warming, func(int) *http.Transport { return s.transport(true) }); err != nil {
			return err
		}
		if err := s.grow(n, of, "the first stream of an HTTP/2 connection", firstSecure); err != nil {
			return err
		}
		return s.grow(n*(streamsEach-1), of, "each further stream of an HTTP/2 connection", furtherSecure)
	})
}

// secureServer is a server with its streams.
type secureServer struct {
	*server
	say    *findings
	pool   *x509.CertPool
	client sync.WaitGroup
	ctx    context.Context //nolint:containedctx // of all streams, for as long as the measurement
	mu     sync.Mutex
	idle   []*http.Transport
}

// secure starts a server with a certificate of its own, and ends all after do.
func (l *lab) secure(o options, say *findings, do func(*secureServer) error) error {
	w := idle()
	w.Rate = 0.2
	pool := x509.NewCertPool()
	s, err := l.launch(func(dir string) *exec.Cmd {
		cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		if err := selfSigned(pool, cert, key); err != nil {
			say.Faults = append(say.Faults, err.Error())
		}
		return tickboard(o.binary, dir, w, simulated(w), "--tls-cert", cert, "--tls-key", key)
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &secureServer{server: s, say: say, pool: pool, ctx: ctx}
	time.Sleep(startRest)
	err = do(t)
	cancel()
	t.client.Wait()
	for _, transport := range t.idle {
		transport.CloseIdleConnections()
	}
	if stopErr := s.stop(); stopErr != nil {
		say.Faults = append(say.Faults, stopErr.Error())
	}
	return err
}

// transport has connections of its own.
func (s *secureServer) transport(http2 bool) *http.Transport {
	t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: http2}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, t)
	return t
}

// grow opens n streams and reports what each took.
func (s *secureServer) grow(n int, of func(i int) *http.Transport, what string, goal float64) error {
	before, err := memory(s.pid(), "VmRSS")
	if err != nil {
		return err
	}
	if err := s.open(n, of); err != nil {
		return err
	}
	time.Sleep(restTime)
	after, err := memory(s.pid(), "VmRSS")
	s.say.fact(what, "KB", float64(after-before)/1024/float64(n), goal)
	return err
}

// open opens n streams.
func (s *secureServer) open(n int, of func(i int) *http.Transport) error {
	open := make(chan error, n)
	for i := range n {
		s.client.Go(func() { s.stream(of(i), market.Name(i%100), open) })
		if i >= 50 { // no more than 50 handshakes at once
			if err := <-open; err != nil {
				return err
			}
		}
	}
	for range min(n, 50) {
		if err := <-open; err != nil {
			return err
		}
	}
	return nil
}

// stream reads one until the context ends; open gets what the first line says.
func (s *secureServer) stream(t *http.Transport, symbol string, open chan<- error) {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "https://"+s.host+"/stream/"+symbol, nil)
	if err != nil {
		open <- err
		return
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		open <- err
		return
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReader(resp.Body)
	_, err = lines.ReadString('\n')
	if err == nil && (resp.StatusCode != http.StatusOK || t.ForceAttemptHTTP2 != (resp.ProtoMajor == 2)) {
		err = fmt.Errorf("%s %s", resp.Proto, resp.Status)
	}
	open <- err
	for err == nil {
		_, err = lines.ReadString('\n')
	}
}

// selfSigned writes a certificate for the loopback that is its own authority.
func selfSigned(pool *x509.CertPool, certPath, keyPath string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	pool.AppendCertsFromPEM(text)
	if err := os.WriteFile(certPath, text, 0o600); err != nil {
		return err
	}
	return os.WriteFile(keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
}
