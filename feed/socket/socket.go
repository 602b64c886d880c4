// Package socket is one WebSocket connection to a vendor: it is dialled, read
// and written within times, and dead when nothing comes, not even a pong. What
// the messages say is the source's business, and so is whether to dial again.
//
//   - socket.go  Dial, Conn: read, write, close
//   - errors.go  how a connection fails
//   - wire.go    the silence on the wire, and the pings that break it
//   - base.go    a vendor's address, or the one that stands in for it
package socket

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	defaultReadLimit = 4 << 20
	defaultSilence   = 30 * time.Second
	dialTime         = 10 * time.Second
	writeTime        = 5 * time.Second
)

// Options say what is dialled.
type Options struct {
	// URL is ws, wss, http or https. What is in its query may be secret: no
	// error repeats it.
	URL    string
	Header http.Header
	// ReadLimit is the longest message in bytes, 4 MiB when 0.
	ReadLimit int64
	// Silence is how long nothing may come, not even a pong, before the
	// connection is dead, 30 s when 0. After a third of it a ping goes out.
	Silence time.Duration
}

// Conn is an open connection. One goroutine at a time reads; any may write and
// close meanwhile. After an error it is good for nothing but Close.
type Conn struct {
	ws      *websocket.Conn
	wire    *wire
	message bytes.Buffer
	failed  error // of the first Read that failed

	endPings context.CancelFunc
	pings    sync.WaitGroup
}

// Dial connects within 10 seconds. A server that does not take the upgrade is a
// *rest.StatusError; redirects are not followed, so that no credentials travel to
// another host. Whoever gets a Conn closes it.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	c := &Conn{wire: &wire{silence: cmp.Or(o.Silence, defaultSilence)}}
	transport := transportOver(c.wire)
	ws, answer, err := websocket.Dial(ctx, o.URL, &websocket.DialOptions{ //nolint:bodyclose // the library has closed it
		HTTPHeader: o.Header,
		HTTPClient: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", place(o.URL), dialError(answer, err))
	}
	ws.SetReadLimit(cmp.Or(o.ReadLimit, defaultReadLimit))
	c.ws = ws
	c.wire.watch()
	pingCtx, endPings := context.WithCancel(context.WithoutCancel(ctx))
	c.endPings = endPings
	c.pings.Go(func() { c.ping(pingCtx) })
	return c, nil
}

// transportOver makes connections that w watches. It is for one of them.
func transportOver(w *wire) *http.Transport {
	dialer := net.Dialer{Timeout: dialTime}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: dialTime,
		DisableKeepAlives:   true, // or a refused upgrade would leave a connection behind
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			w.Conn = conn
			return w, nil
		},
	}
}

// Read returns the next whole message, text or binary; it is valid until the
// next Read. It answers the server's pings while it waits. When ctx ends it
// returns ctx's error, and the connection is closed. Other errors are ErrSilent,
// ErrTooLarge, a *CloseError when the server says goodbye, and ErrCut.
func (c *Conn) Read(ctx context.Context) ([]byte, error) {
	if c.failed != nil {
		return nil, c.failed
	}
	// One watch over ctx for the whole message; the library would set one for
	// each part of a frame.
	stop := context.AfterFunc(ctx, c.wire.cut)
	defer stop()
	c.message.Reset()
	_, r, err := c.ws.Reader(context.Background())
	if err == nil {
		_, err = c.message.ReadFrom(r)
	}
	if err != nil {
		c.failed = c.readError(ctx, err)
		return nil, c.failed
	}
	return c.message.Bytes(), nil
}

// Write sends one text message within 5 seconds.
func (c *Conn) Write(ctx context.Context, msg []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, msg); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// Close ends the connection at once, without a farewell to wait for: a Read or
// Write that waits returns, and no goroutine is left.
func (c *Conn) Close() {
	c.endPings()
	c.wire.cut()
	_ = c.ws.CloseNow() // the wire is cut already
	c.pings.Wait()
}

// place is what of an address may be shown.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a malformed address"
	}
	return u.Host
}
