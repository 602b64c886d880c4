package deliver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// maxRedirects is how many redirects one request follows.
	maxRedirects = 3
	// maxHeader and maxAnswer bound what is read of an answer, in bytes.
	maxHeader = 16 << 10
	maxAnswer = 16 << 10
	// idleTime is how long a connection is kept for the next request.
	idleTime = 30 * time.Second
	// lookTime bounds the look for a name's addresses, beside the context's.
	lookTime = 5 * time.Second
)

var (
	errNotPublic = errors.New("it leads to an address that is not of the public internet, and those are refused here")
	errInsecure  = errors.New("it leads to an address without https, and those are refused here")
	errRedirects = fmt.Errorf("it redirects more than %d times; enter the last address", maxRedirects)
)

// Guard makes requests to addresses that people have given, and none to the
// network that the program runs in: only addresses of the public internet are
// connected to, which is looked at when the connection is made, by the address
// that it is made to, whatever a name or a redirect says. Any number may use it
// at once.
type Guard struct {
	private bool
	admits  func(netip.AddrPort) bool // where connections may go, without private
	client  *http.Client
}

// NewGuard makes a Guard. One with private takes every address, and http beside
// https: for a server at home, or a test.
func NewGuard(private bool) *Guard {
	g := &Guard{private: private, admits: func(to netip.AddrPort) bool { return Public(to.Addr()) && !own(to.Addr()) }}
	dialer := &net.Dialer{Timeout: lookTime, KeepAlive: -1, Control: g.control}
	g.client = &http.Client{
		Transport: &http.Transport{ // no Proxy: it would connect in our place
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: lookTime, ResponseHeaderTimeout: 0, // the request's context has the time
			MaxResponseHeaderBytes: maxHeader, IdleConnTimeout: idleTime, MaxIdleConnsPerHost: 1, MaxIdleConns: 100,
			ForceAttemptHTTP2: true, DisableCompression: true,
		},
		CheckRedirect: g.redirect,
	}
	return g
}

// Close closes the connections that wait for a next request.
func (g *Guard) Close() { g.client.CloseIdleConnections() }

// control is asked when a socket is about to connect, with the address that it
// connects to.
func (g *Guard) control(network, address string, _ syscall.RawConn) error {
	if g.private {
		return nil
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || !g.admits(to) {
		return errNotPublic
	}
	return nil
}

// own says that an address is this machine's, where more may be open than to
// others. Where the system does not tell them, none is.
func own(a netip.Addr) bool {
	list, _ := net.InterfaceAddrs()
	return slices.ContainsFunc(list, func(n net.Addr) bool {
		p, err := netip.ParsePrefix(n.String())
		return err == nil && p.Addr().Unmap() == a.Unmap()
	})
}

// redirect follows those that keep the message, and does not say where they came
// from: the address is a secret between its owner and the first receiver.
func (g *Guard) redirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errRedirects
	}
	if r.Method != via[0].Method {
		return http.ErrUseLastResponse
	}
	if r.URL.Scheme != "https" && (!g.private || via[len(via)-1].URL.Scheme == "https") {
		return errInsecure
	}
	r.Header.Del("Referer")
	return nil
}

// CheckURL says whether an address that somebody gives may be used at all, by its
// form. Every error wraps ErrInvalid.
func (g *Guard) CheckURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Opaque != "", u.Hostname() == "":
		return nil, fmt.Errorf("%w: the address is malformed; write it as https://example.com/path", ErrInvalid)
	case u.Scheme == "http" && !g.private:
		return nil, fmt.Errorf("%w: the address begins with http:; only https: is allowed here", ErrInvalid)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%w: the address begins with %.20q; write it as https://example.com/path", ErrInvalid, u.Scheme+":")
	case u.Fragment != "":
		return nil, fmt.Errorf("%w: the address has a part after #, which is sent to nobody; leave it out", ErrInvalid)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("%w: %.20q is no port", ErrInvalid, port)
		}
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !g.private && (!Public(a) || own(a)) {
		return nil, fmt.Errorf("%w: the address is not one of the public internet, and others are refused here", ErrInvalid)
	}
	return u, nil
}

// Resolve says whether the name in an address leads to an address that may be
// connected to. An error that wraps ErrInvalid says that it does not; any other,
// that it cannot be known now.
func (g *Guard) Resolve(ctx context.Context, u *url.URL) error {
	if g.private {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if failed, ok := errors.AsType[*net.DNSError](err); ok && failed.IsNotFound {
		return fmt.Errorf("%w: the name %.100q has no address; look for a slip of the pen", ErrInvalid, u.Hostname())
	}
	if err != nil {
		return errors.New("its name cannot be looked up now")
	}
	if !slices.ContainsFunc(list, func(a netip.Addr) bool { return Public(a) && !own(a) }) {
		return fmt.Errorf("%w: the address is not one of the public internet, and others are refused here", ErrInvalid)
	}
	return nil
}

// Do makes the request. It returns the answer without its body, but for the
// first bytes where that is text, and an error only when there is no answer: one
// that may be shown to whoever gave the address.
func (g *Guard) Do(r *http.Request) (*http.Response, []byte, error) {
	answer, err := g.client.Do(r) //nolint:gosec // this is what control, and all of this, is for
	if err != nil {
		return nil, nil, explain(err)
	}
	defer answer.Body.Close()                                     //nolint:errcheck // it was only read from
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // the status says enough
	return answer, body, nil
}

// explain says why there was no answer, without addresses.
func explain(err error) error {
	for _, known := range []error{errNotPublic, errInsecure, errRedirects} {
		if errors.Is(err, known) {
			return known
		}
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("its name cannot be found")
	}
	if failed, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("its certificate is not good: %w", failed.Err)
	}
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout():
		return errors.New("it does not answer in time")
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("it refuses the connection")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return errors.New("it cannot be reached")
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return errors.New("it does not speak https")
	}
	return errors.New("the connection broke off")
}
