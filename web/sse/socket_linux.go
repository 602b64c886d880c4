package sse

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

func systemSockets() sockets { return tcpSockets{} }

// tcpSockets takes over HTTP/1 connections, with TLS those of a listener of Listen.
type tcpSockets struct{}

func (tcpSockets) able(w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 || !has[http.Hijacker](w) {
		return false
	}
	switch conn := r.Context().Value(connKey{}).(type) {
	case *net.TCPConn:
		return r.TLS == nil
	case *tls.Conn:
		_, ok := conn.NetConn().(*wire)
		return ok
	}
	return false
}

func (tcpSockets) take(w http.ResponseWriter) (socket, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	switch conn := conn.(type) {
	case *net.TCPConn:
		return newTCPSocket(conn)
	case *tls.Conn:
		if below, ok := conn.NetConn().(*wire); ok {
			return newTLSSocket(conn, below)
		}
	}
	_ = conn.Close()
	return nil, errors.New("sse: the connection is not the one that was accepted")
}

func newTCPSocket(tcp *net.TCPConn) (*tcpSocket, error) {
	s := &tcpSocket{conn: tcp}
	raw, err := tcp.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			s.fd = int(fd)
			shallow(s.fd)
		})
	}
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	return s, nil
}

// tcpNotSentLowat is TCP_NOTSENT_LOWAT, which package syscall does not have.
const tcpNotSentLowat = 25

// shallow keeps the kernel's queue of a connection small: what is sent and on its
// way has room for a far client, what waits to be sent has not. A kernel that
// does not know how is no reason to refuse the client.
func shallow(fd int) {
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, sendBuffer)
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpNotSentLowat, unsent)
}

// tcpSocket is one connection. It keeps the *net.TCPConn alive, whose finalizer
// would close the descriptor; the number is good until close, for nobody else
// has the connection.
type tcpSocket struct {
	conn *net.TCPConn
	fd   int
}

func (s *tcpSocket) fetch() { touch(int64(s.fd)) }

// send is one bare system call: the socket never blocks, so that the scheduler
// needs not be told, which costs a third of the call.
func (s *tcpSocket) send(p []byte, more bool) (int, error) {
	flags := uintptr(syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL)
	if more {
		flags |= msgMore
	}
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(s.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0) //nolint:gosec // the call takes an address
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EAGAIN:
			return 0, nil
		case syscall.EINTR:
		default:
			return 0, os.NewSyscallError("sendto", errno)
		}
	}
}

func (s *tcpSocket) held() bool { return false }

func (s *tcpSocket) descriptor() int { return s.fd }

// msgMore is MSG_MORE, which package syscall does not have.
const msgMore = 0x8000

// drainSize is how much of what a client sends is dropped at a time.
const drainSize = 4 << 10

func (s *tcpSocket) drain() (more bool, err error) {
	var trash [drainSize]byte
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(s.fd),
			uintptr(unsafe.Pointer(&trash)), drainSize, syscall.MSG_DONTWAIT, 0, 0) //nolint:gosec // the call takes an address
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return false, nil
		case errno != 0:
			return false, os.NewSyscallError("recvfrom", errno)
		case n == 0:
			return false, io.EOF
		default:
			return true, nil
		}
	}
}

func (s *tcpSocket) unacked() int {
	var n int32
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(s.fd), syscall.TIOCOUTQ,
		uintptr(unsafe.Pointer(&n))) //nolint:gosec // the call takes an address
	if errno != 0 {
		return 0
	}
	return int(n)
}

func (s *tcpSocket) shut() { _ = s.conn.CloseWrite() } // fails where the client is gone, which the next read tells

func (s *tcpSocket) close() { _ = s.conn.Close() } // nothing is left to be written

func (tcpSockets) newPoller() (poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err == nil {
		err = file.SetDeadline(time.Time{}) // fails if the runtime cannot wait for it
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &epoll{file: file, raw: raw, streams: make(map[int32]*looped)}, nil
}

// epoll watches the sockets of a loop. It is itself watched by the runtime, so
// that its goroutine waits without a thread of its own.
type epoll struct {
	file *os.File
	raw  syscall.RawConn

	mu      sync.Mutex
	streams map[int32]*looped // guarded by mu, by their descriptor
}

// descriptor is a socket's number.
type descriptor interface{ descriptor() int }

// watch asks for notice of changes only: what there is to read is read until
// there is nothing, and a socket is written until it is full.
func (e *epoll) watch(s socket, c *looped) error {
	d, ok := s.(descriptor)
	if !ok {
		return nil // a relay tells by itself
	}
	fd := d.descriptor()
	e.mu.Lock()
	e.streams[int32(fd)] = c
	e.mu.Unlock()
	return e.control(syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | epollET, Fd: int32(fd),
	})
}

// epollET is EPOLLET, which package syscall has as a negative number.
const epollET = 1 << 31

func (e *epoll) control(op, fd int, event *syscall.EpollEvent) (err error) {
	if cerr := e.raw.Control(func(ep uintptr) { err = syscall.EpollCtl(int(ep), op, fd, event) }); cerr != nil {
		return cerr
	}
	return os.NewSyscallError("epoll_ctl", err)
}

// forget needs no system call: a socket that is closed leaves by itself.
func (e *epoll) forget(s socket) {
	if d, ok := s.(descriptor); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.streams, int32(d.descriptor()))
	}
}

func (e *epoll) run(poke func(*looped)) {
	var events [128]syscall.EpollEvent
	for {
		n := 0
		err := e.raw.Read(func(ep uintptr) bool {
			var err error
			n, err = syscall.EpollWait(int(ep), events[:], 0)
			return n > 0 || err != nil && err != syscall.EINTR && err != syscall.EAGAIN
		})
		if err != nil || n < 0 {
			return // closed
		}
		for _, event := range events[:n] {
			// A number that has just been given to another stream does no harm.
			e.mu.Lock()
			c := e.streams[event.Fd]
			e.mu.Unlock()
			if c != nil {
				poke(c)
			}
		}
	}
}

func (e *epoll) close() { _ = e.file.Close() }
