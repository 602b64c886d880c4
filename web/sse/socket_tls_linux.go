package sse

import "crypto/tls"

// maxSealed is how much is sealed at a time. So much at most is sealed and waits
// for room while newer quotes come; what was not sealed can still be taken anew.
const maxSealed = 4 << 10

// tlsSocket is a connection with TLS. Whatever the client sends is dropped as it
// comes, unopened: after its request it has nothing to say but its end.
type tlsSocket struct {
	tcpSocket
	tls    *tls.Conn
	sealed []byte // what there was no room for
	more   bool   // of the send that is under way
	err    error  // what broke the connection
}

func newTLSSocket(conn *tls.Conn, below *wire) (*tlsSocket, error) {
	tcp, err := newTCPSocket(below.TCPConn)
	if err != nil {
		return nil, err
	}
	s := &tlsSocket{tcpSocket: *tcp, tls: conn}
	below.socket = s
	return s, nil
}

// emit sends sealed bytes, in their order.
func (s *tlsSocket) emit(sealed []byte) {
	if s.err != nil {
		return
	}
	n := 0
	if len(s.sealed) == 0 {
		n, s.err = s.tcpSocket.send(sealed, s.more)
	}
	if n < len(sealed) {
		s.sealed = append(s.sealed, sealed[n:]...)
	}
}

func (s *tlsSocket) send(p []byte, more bool) (n int, err error) {
	if waiting := s.sealed; len(waiting) > 0 {
		s.sealed, s.more = nil, more || len(p) > 0
		s.emit(waiting)
	}
	for n < len(p) && len(s.sealed) == 0 && s.err == nil {
		next := min(n+maxSealed, len(p))
		s.more = more || next < len(p)
		if _, err := s.tls.Write(p[n:next]); err != nil {
			return n, err
		}
		n = next
	}
	return n, s.err
}

func (s *tlsSocket) held() bool { return len(s.sealed) > 0 }

func (s *tlsSocket) unacked() int { return s.tcpSocket.unacked() + len(s.sealed) }

// shut says goodbye in TLS first; where there is no room for that, TCP's has to do.
func (s *tlsSocket) shut() {
	s.more = false
	_ = s.tls.CloseWrite()
	s.tcpSocket.shut()
}
