package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// pair is a certificate with its key in two files.
type pair struct {
	cert, key string
	roots     *x509.CertPool // that trust it
	t         testing.TB
}

func newPair(t testing.TB, name string) *pair {
	t.Helper()
	dir := t.TempDir()
	p := &pair{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), roots: x509.NewCertPool(), t: t}
	p.renew(name)
	return p
}

// renew writes a new certificate with a new key, for loopback and a name.
func (p *pair) renew(name string) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name, "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(p.cert, "CERTIFICATE", der)
	p.write(p.key, "PRIVATE KEY", secret)
	p.roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func (p *pair) write(path, kind string, der []byte) {
	p.t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) flags() []string { return []string{"--tls-cert", p.cert, "--tls-key", p.key} }

// browser is a client that trusts the pair, over HTTP/1.1 or HTTP/2, and counts
// its connections.
func (p *pair) browser(major int) (client *http.Client, connections *atomic.Int32) {
	connections = new(atomic.Int32)
	var protocols http.Protocols
	protocols.SetHTTP1(major == 1)
	protocols.SetHTTP2(major == 2)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: p.roots}, Protocols: &protocols, DisableCompression: true, ResponseHeaderTimeout: patience,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			connections.Add(1)
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, connections
}

func (s *server) openBy(client *http.Client, path string, headers ...string) *stream {
	s.t.Helper()
	st, err := s.tryOpenBy(client, path, headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(st.close)
	st.t = s.t
	return st
}

func (s *server) getBy(client *http.Client, path string, headers ...string) answer {
	s.t.Helper()
	req, err := newRequest(s.t.Context(), http.MethodGet, s.URL+path, "", headers)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{request: resp.Proto + " " + path, status: resp.StatusCode, header: resp.Header, body: string(text)}
}

func TestStreamsLiveOverTLS(t *testing.T) {
	t.Parallel()
	p := newPair(t, "quotes.example.com")
	for major, name := range map[int]string{1: "HTTP/1.1", 2: "HTTP/2.0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feed := recording(t, "1", // after a quiet time far longer than a write may take
				"2024-08-09T10:00:00Z,AAA,trade,141.50,100,,,,",
				"2024-08-09T10:00:04Z,AAA,trade,142.25,50,,,,",
				"2024-08-09T11:00:00Z,AAA,trade,0.01,1,,,,",
			)
			s := start(t, append(p.flags(), "--feed", feed, "--symbols", "AAA", "--heartbeat", "700ms", "--write-timeout", "300ms")...)
			client, _ := p.browser(major)
			if a := s.getBy(client, "/healthz"); a.status != http.StatusOK || !strings.HasPrefix(a.request, name) {
				t.Errorf("%s: %d", a.request, a.status)
			}
			st, page := s.openBy(client, "/stream/AAA"), s.openBy(client, "/events")
			if got := st.header.Get("Connection"); major == 2 && got != "" {
				t.Errorf("Connection: %s", got)
			}
			st.hello()
			page.hello()
			if q := st.quote(); q.Price != "141.50" {
				t.Errorf("price %s", q.Price)
			}
			for range 4 {
				st.await("heartbeat")
				page.await("heartbeat")
			}
			if q := st.quote(); q.Price != "142.25" {
				t.Errorf("price %s", q.Price)
			}
			s.process.signal(syscall.SIGTERM)
			for _, st := range []*stream{st, page} {
				if bye := st.await("bye"); bye.Retry < time.Second || bye.Retry > 5*time.Second {
					t.Errorf("retry %v", bye.Retry)
				}
				st.ended()
			}
			if status := s.process.wait(t); status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

func TestEverythingSpeaksOfHTTPS(t *testing.T) {
	t.Parallel()
	p := newPair(t, "quotes.example.com")
	s := startStillTLS(t, p)
	client, _ := p.browser(2)
	if !strings.HasPrefix(s.URL, "https://127.0.0.1:") {
		t.Errorf("the printed address is %s", s.URL)
	}
	if log := s.process.stderr.String(); !strings.Contains(log, "public_url="+s.URL) || !strings.Contains(log, "quotes.example.com") {
		t.Errorf("the log's line at the start:\n%s", tail(log, 3))
	}
	if body := s.getBy(client, "/embed").body; !strings.Contains(body, s.URL+"/embed/quote/") {
		t.Error("the snippet has another address")
	}
	if got := s.getBy(client, "/healthz").header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security: %q", got)
	}
	if got := s.getBy(client, "/healthz", "Host", "localhost").header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("localhost: Strict-Transport-Security: %q", got)
	}
	if got := s.metrics()["tickboard_tls_certificate_expiry_timestamp_seconds"]; time.Until(time.Unix(int64(got), 0)).Round(time.Hour) != 24*time.Hour {
		t.Errorf("the certificate expires at %v", got)
	}
	if a, err := try(http.MethodGet, "http://"+s.host()+"/", ""); err != nil || a.status != http.StatusBadRequest {
		t.Errorf("without TLS: %d, %v", a.status, err)
	}
}

// startStillTLS is startStill with TLS; it does not wait for the quotes.
func startStillTLS(t testing.TB, p *pair, args ...string) *server {
	t.Helper()
	return start(t, append(append(p.flags(), "--feed", still(t), "--symbols", "AAA,BTC/USD"), args...)...)
}

func TestManyTabsShareOneConnection(t *testing.T) {
	t.Parallel()
	p := newPair(t, "quotes.example.com")
	s := startStillTLS(t, p)
	client, connections := p.browser(2)
	s.getBy(client, "/").want(t, http.StatusOK)
	const tabs = 300
	for range tabs {
		s.openBy(client, "/events?symbols=AAA").hello()
	}
	s.getBy(client, "/api/v1/quotes?symbols=AAA").want(t, http.StatusOK)
	if n, open := connections.Load(), s.metrics()["tickboard_streams"]; n != 1 || open != tabs {
		t.Errorf("%d connections for %v streams", n, open)
	}
	if took := s.stop(); took > 2*time.Second && !raceEnabled {
		t.Errorf("the stop took %v", took)
	}
}

// stalling is a connection that is not read any more, from a moment on.
type stalling struct {
	net.Conn
	stalled *atomic.Bool
	closed  chan struct{}
	once    sync.Once
}

func (c *stalling) Read(p []byte) (int, error) {
	if c.stalled.Load() {
		<-c.closed
	}
	return c.Conn.Read(p)
}

func (c *stalling) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// sockets is how many the process has open.
func (p *process) sockets(t testing.TB) (n int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", p.pid())
	links, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(filepath.Join(dir, link.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

func TestHTTP2ClientThatTakesNothingLosesItsConnection(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("counts sockets in /proc")
	}
	p := newPair(t, "quotes.example.com")
	s := start(t, append(p.flags(), "--feed", "sim://?count=200&rate=20&burst=0", "--write-timeout", "500ms")...)
	before := s.process.sockets(t)
	var stalled atomic.Bool
	client, _ := p.browser(2)
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		_ = conn.(*net.TCPConn).SetReadBuffer(4096)
		return &stalling{Conn: conn, stalled: &stalled, closed: make(chan struct{})}, nil
	}
	var symbols []string
	for i := range 200 {
		symbols = append(symbols, fmt.Sprintf("SIM%04d", i))
	}
	st := s.openBy(client, "/stream?max_rate=50&symbols="+strings.Join(symbols, ","))
	st.hello()
	st.quote()
	stalled.Store(true)
	eventually(t, "the stream has ended", func() bool { return s.metrics()[`tickboard_streams_ended_total{reason="write_timeout"}`] == 1 })
	eventually(t, "the connection has ended", func() bool { return s.process.sockets(t) <= before })
}

// served returns the name that the certificate of a new connection is for.
func (p *pair) served(s *server) string {
	p.t.Helper()
	conn, err := tls.Dial("tcp", s.host(), &tls.Config{RootCAs: p.roots})
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestHangupTakesANewCertificateAndKeepsTheOldOneInsteadOfABadOne(t *testing.T) {
	t.Parallel()
	p := newPair(t, "first.example")
	s := startStillTLS(t, p, "--heartbeat", "200ms")
	client, _ := p.browser(1)
	st := s.openBy(client, "/events")
	st.hello()
	hangup := func(says string) {
		t.Helper()
		before := strings.Count(s.process.stderr.String(), says)
		s.process.signal(syscall.SIGHUP)
		eventually(t, "the log says "+says, func() bool { return strings.Count(s.process.stderr.String(), says) > before })
	}

	p.renew("second.example")
	if got := p.served(s); got != "first.example" {
		t.Errorf("before the signal: %s", got)
	}
	hangup("new certificate")
	if got := p.served(s); got != "second.example" {
		t.Errorf("after the signal: %s", got)
	}

	stays := "the certificate stays as it was"
	other := newPair(t, "other.example")
	for name, spoil := range map[string]func() error{
		"the key of another": func() error {
			key, err := os.ReadFile(other.key)
			if err != nil {
				return err
			}
			return os.WriteFile(p.key, key, 0o600)
		},
		"no certificate": func() error { return os.WriteFile(p.cert, []byte("-----BEGIN"), 0o600) },
		"no file":        func() error { return os.Remove(p.cert) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		hangup(stays)
		if got := p.served(s); got != "second.example" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if log := s.process.stderr.String(); !strings.Contains(log, p.cert) || !strings.Contains(log, p.key) {
		t.Errorf("the log does not name the files\n%s", tail(log, 4))
	}

	p.renew("third.example")
	hangup("new certificate")
	if got := p.served(s); got != "third.example" {
		t.Errorf("after a good pair again: %s", got)
	}
	st.await("heartbeat")
	s.stop()
	if ev := st.await("bye"); string(ev.Data) != `{"reason":"drain"}` {
		t.Errorf("the stream of the first certificate ended with %s", ev.Data)
	}
}

func TestWrongCertificatesAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	p, other := newPair(t, "quotes.example.com"), newPair(t, "other.example")
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"--tls-cert", p.cert}, []string{"--tls-cert", "--tls-key", "both"}},
		{[]string{"--tls-key", p.key}, []string{"--tls-cert", "--tls-key", "both"}},
		{[]string{"--tls-cert", p.cert + "x", "--tls-key", p.key}, []string{p.cert + "x", "no such file"}},
		{[]string{"--tls-cert", p.cert, "--tls-key", other.key}, []string{p.cert, other.key, "match"}},
		{[]string{"--tls-cert", p.key, "--tls-key", p.key}, []string{p.key, "certificate"}},
	} {
		line := refused(t, nil, append([]string{"--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", filepath.Join(t.TempDir(), "data")}, c.args...)...)
		for _, word := range c.says {
			if !strings.Contains(line, word) {
				t.Errorf("%v: %q is not in %q", c.args, word, line)
			}
		}
	}
}
