//go:build linux

package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	// connecting is how many connections may be under way at once.
	connecting = 500
	// sources is how many addresses of the loopback the clients come from, so
	// that ports last for many that come and go.
	sources = 16
	// soIPBindNoPort leaves the choice of a port to connect (ip(7)).
	soIPBindNoPort = 24
	// stalledBuffer is the receive buffer of a client that never reads.
	stalledBuffer = 4096
)

// fleet is all clients: one epoll loop on the goroutine that calls it. Nothing
// happens between two calls of poll.
type fleet struct {
	server    [4]byte
	port      int
	host      string
	wantHello bool
	ids       bool // events of a stream of one symbol have the version as id
	pushes    bool // quotes come in centrifuge's protocol

	epoll   int
	streams []*stream
	byFD    []*stream
	buf     []byte
	events  [1024]syscall.EpollEvent
	pending int // connections that are not yet open
	open    int
	newest  []int64 // by symbol: the newest version that any stream has had
	scanner scanner

	counts   counts
	latency  *latencies // by the quotes' time; of the quotes that came since reset
	entry    *latencies // by their version, which they get where they enter the server
	faults   faults
	onQuote  func(st *stream, q quote, now int64) // nil for none
	onHello  func(st *stream, data []byte)        // nil for none
	nextAddr byte
}

// counts are what came since the last reset.
type counts struct{ quotes, frames, bytes, reads int64 }

// newFleet returns the clients of a server on 127.0.0.1 whose market has so many
// symbols, without any stream.
func newFleet(host string, port, symbols int) (*fleet, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	f := &fleet{
		server: [4]byte{127, 0, 0, 1}, port: port, host: host, epoll: epoll,
		buf: make([]byte, 256<<10), newest: make([]int64, symbols), faults: faults{},
	}
	f.reset()
	return f, nil
}

// reset begins a new measurement.
func (f *fleet) reset() {
	f.counts = counts{}
	f.latency, f.entry = new(latencies), new(latencies)
}

// close ends every stream.
func (f *fleet) close() {
	for _, st := range f.streams {
		f.drop(st)
	}
	_ = syscall.Close(f.epoll)
}

// drop closes one stream from this side.
func (f *fleet) drop(st *stream) {
	switch st.state {
	case closed:
		return
	case opening, inHead:
		f.pending--
	case inBody:
		f.open--
	}
	st.state = closed
	f.byFD[st.fd] = nil
	_ = syscall.Close(st.fd)
}

// end is drop for a stream that should have gone on.
func (f *fleet) end(st *stream, what, detail string) {
	f.faults.add(what, detail)
	f.drop(st)
}

// dial begins a stream; poll finishes it.
func (f *fleet) dial(st *stream) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if st.stalled {
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, stalledBuffer)
	}
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, soIPBindNoPort, 1)
	f.nextAddr = (f.nextAddr + 1) % sources
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 2 + f.nextAddr}}); err != nil {
		_ = syscall.Close(fd)
		return os.NewSyscallError("bind", err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: f.server, Port: f.port}); err != nil && err != syscall.EINPROGRESS {
		_ = syscall.Close(fd)
		return os.NewSyscallError("connect", err)
	}
	ev := syscall.EpollEvent{Events: syscall.EPOLLOUT, Fd: int32(fd)}
	if err := syscall.EpollCtl(f.epoll, syscall.EPOLL_CTL_ADD, fd, &ev); err != nil {
		_ = syscall.Close(fd)
		return os.NewSyscallError("epoll_ctl", err)
	}
	for fd >= len(f.byFD) {
		f.byFD = append(f.byFD, nil)
	}
	st.begin(fd, time.Now())
	f.byFD[fd] = st
	f.pending++
	return nil
}

// connect opens the streams, evenly over spread or as fast as they go, and
// returns when each has said what it begins with, or at the deadline.
func (f *fleet) connect(streams []*stream, spread, limit time.Duration) error {
	began := time.Now()
	for i, st := range streams {
		due := began.Add(spread * time.Duration(i) / time.Duration(len(streams)))
		for f.pending >= connecting && time.Since(began) < limit {
			f.poll(time.Now().Add(10 * time.Millisecond))
		}
		f.poll(due)
		if err := f.dial(st); err != nil {
			return err
		}
	}
	for time.Since(began) < limit {
		if waiting := unserved(streams); waiting == 0 {
			return nil
		}
		f.poll(time.Now().Add(20 * time.Millisecond))
	}
	f.faults.add("unserved", fmt.Sprintf("%d streams got nothing within %v", unserved(streams), limit))
	return nil
}

func unserved(streams []*stream) (n int) {
	for _, st := range streams {
		if st.state != closed && !st.served() {
			n++
		}
	}
	return n
}

// poll reads what comes until a time, at least once.
func (f *fleet) poll(until time.Time) {
	for {
		wait := max(time.Until(until), 0)
		n, err := syscall.EpollWait(f.epoll, f.events[:], int((wait+time.Millisecond-1)/time.Millisecond))
		if err != nil && err != syscall.EINTR {
			panic(err) // of a descriptor of ours
		}
		for _, ev := range f.events[:max(n, 0)] {
			if st := f.byFD[ev.Fd]; st != nil {
				f.ready(st)
			}
		}
		if wait == 0 {
			return
		}
	}
}

func (f *fleet) ready(st *stream) {
	if st.state == opening {
		f.request(st)
		return
	}
	n, errno := read(st.fd, f.buf)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		return
	case errno != 0:
		f.end(st, "cut", errno.Error())
		return
	case n == 0:
		f.end(st, "ended", "the server closed a stream")
		return
	}
	f.counts.reads++
	f.counts.bytes += int64(n)
	f.take(st, f.buf[:n], time.Now().UnixMicro())
}

// request asks for the stream on a connection that has come about.
func (f *fleet) request(st *stream) {
	if errno, err := syscall.GetsockoptInt(st.fd, syscall.SOL_SOCKET, syscall.SO_ERROR); err != nil || errno != 0 {
		f.end(st, "refused", syscall.Errno(errno).Error())
		return
	}
	head := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", st.target, f.host)
	if _, err := syscall.Write(st.fd, []byte(head)); err != nil {
		f.end(st, "refused", err.Error())
		return
	}
	st.state = inHead
	events := uint32(syscall.EPOLLIN | syscall.EPOLLRDHUP)
	if st.stalled { // takes nothing: it counts as served
		events, st.state = 0, inBody
		f.pending--
		f.open++
	}
	ev := syscall.EpollEvent{Events: events, Fd: int32(st.fd)}
	if err := syscall.EpollCtl(f.epoll, syscall.EPOLL_CTL_MOD, st.fd, &ev); err != nil {
		f.end(st, "refused", err.Error())
	}
}
