package sse

import (
	"context"
	"net"
	"net/http"
)

// sendBuffer is what SetWriteBuffer is given for a connection that carries a
// stream; Linux doubles it for its own bookkeeping. The kernel's buffer is the
// one queue that cannot be conflated, and it grows to megabytes if left alone:
// minutes of old quotes for a slow client, and nothing taken for longer than any
// deadline.
const sendBuffer = 16 << 10

// unsent is how many of the bytes in a taken-over connection's send buffer may
// not have been sent yet, for Linux to take more.
const unsent = 4 << 10

// Listen wraps a listener of TCP below TLS, so that streams over HTTP/1.1 with TLS
// can be taken over too. Whoever serves TLS on a listener that is not wrapped has
// streams that keep their goroutine.
func Listen(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &wire{TCPConn: tcp}, err
	}
	return conn, err
}

// wire is what lies below TLS. Once its stream is taken over, what TLS has sealed
// goes to the stream's socket.
type wire struct {
	*net.TCPConn
	socket interface{ emit(sealed []byte) }
}

func (w *wire) Write(p []byte) (int, error) {
	if w.socket == nil {
		return w.TCPConn.Write(p)
	}
	w.socket.emit(p)
	return len(p), nil
}

type connKey struct{}

// ConnContext is for the http.Server's field of that name. It lets streams over
// HTTP/1 shrink the send buffer of their connection, TLS or not; the answer then
// announces that the connection closes after it. Without it, and over HTTP/2,
// where other answers share the connection, the kernel's own size stays.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// shrink makes the send buffer of the request's connection small, and tells
// whether it did.
func shrink(r *http.Request) bool {
	if r.ProtoMajor != 1 {
		return false
	}
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	if secure, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = secure.NetConn()
	}
	b, ok := c.(interface{ SetWriteBuffer(int) error })
	return ok && b.SetWriteBuffer(sendBuffer) == nil
}
