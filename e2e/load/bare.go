//go:build linux

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/tickboard/tickboard/e2e/load/market"
)

// bareTurn is the turn of the bare writer that gathers.
const bareTurn = 50 * time.Millisecond

// bare is the least that a server can do: one thread that calls write(2) for
// every event and connection, or, gathering, one for every connection and turn.
// No timer, no deadline, no memory of what a slow client missed: one that cannot
// take an event whole loses it, or its connection.
type bare struct {
	market    *market.Market
	gather    bool
	epoll     int
	listener  int
	conns     []*bareConn   // by descriptor
	watchers  [][]*bareConn // by symbol
	frames    [2][][]byte   // by symbol; the second has the version as id
	turns     []int64       // by symbol: the turn in which it changed
	turn      int64
	turned    time.Time
	buf       []byte
	pollEvent [256]syscall.EpollEvent
}

// bareConn is one client.
type bareConn struct {
	fd      int
	request []byte
	symbols []int
	single  int // 1 for a stream of one symbol, whose events have an id
	turned  int64
}

// serveBare serves until the process ends.
func serveBare(m *market.Market, gather bool) error {
	b := &bare{market: m, gather: gather, watchers: make([][]*bareConn, m.Symbols()), turns: make([]int64, m.Symbols())}
	b.frames[0], b.frames[1] = make([][]byte, m.Symbols()), make([][]byte, m.Symbols())
	if err := b.listen(); err != nil {
		return err
	}
	for {
		now := time.Now()
		b.market.Due(now, b.update(now))
		if b.gather && now.Sub(b.turned) >= bareTurn {
			b.turned = now
			b.sweep()
		}
		wait := b.market.Wait(time.Now())
		if b.gather {
			wait = min(wait, max(time.Until(b.turned.Add(bareTurn)), 0))
		}
		if err := b.poll(wait); err != nil {
			return err
		}
	}
}

func (b *bare) listen() (err error) {
	if b.listener, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := syscall.Bind(b.listener, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := syscall.Listen(b.listener, 4096); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if b.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	if err := b.watch(b.listener); err != nil {
		return err
	}
	name, err := syscall.Getsockname(b.listener)
	if err != nil {
		return fmt.Errorf("getsockname: %w", err)
	}
	announce(net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port)))
	return nil
}

func (b *bare) watch(fd int) error {
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(b.epoll, syscall.EPOLL_CTL_ADD, fd, &ev))
}

// update encodes a changed quote once, and writes it unless turns gather it.
func (b *bare) update(now time.Time) func(int, time.Time) {
	return func(symbol int, due time.Time) {
		version := b.market.Version(symbol, now)
		frame := b.frames[0][symbol][:0]
		frame = append(frame, "event: stock_quote\ndata: "...)
		frame = b.market.AppendQuote(frame, symbol, due, version)
		frame = append(frame, "\n\n"...)
		b.frames[0][symbol] = frame
		withID := strconv.AppendInt(append(b.frames[1][symbol][:0], "id: "...), version, 10)
		b.frames[1][symbol] = append(append(withID, '\n'), frame...)
		if b.turns[symbol] = b.turn; b.gather {
			return
		}
		for _, c := range b.watchers[symbol] {
			b.write(c, b.frames[c.single][symbol])
		}
	}
}

// sweep writes to every client what changed since the turn before.
func (b *bare) sweep() {
	for _, c := range b.conns {
		if c == nil || c.symbols == nil {
			continue
		}
		b.buf = b.buf[:0]
		for _, symbol := range c.symbols {
			if b.turns[symbol] >= c.turned {
				b.buf = append(b.buf, b.frames[c.single][symbol]...)
			}
		}
		if c.turned = b.turn + 1; len(b.buf) > 0 {
			b.write(c, b.buf)
		}
	}
	b.turn++
}

func (b *bare) write(c *bareConn, p []byte) {
	if c.fd < 0 || len(p) == 0 {
		return
	}
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(c.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	if errno == 0 && int(n) < len(p) || errno != 0 && errno != syscall.EAGAIN {
		_ = syscall.Shutdown(c.fd, syscall.SHUT_RDWR) // poll sees it and closes
	}
}

// poll waits for new clients and for those that leave.
func (b *bare) poll(wait time.Duration) error {
	n, err := syscall.EpollWait(b.epoll, b.pollEvent[:], int((wait+time.Millisecond-1)/time.Millisecond))
	if err != nil && err != syscall.EINTR {
		return fmt.Errorf("epoll_wait: %w", err)
	}
	for _, ev := range b.pollEvent[:max(n, 0)] {
		if int(ev.Fd) == b.listener {
			b.accept()
		} else {
			b.read(b.conns[ev.Fd])
		}
	}
	return nil
}

func (b *bare) accept() {
	for {
		fd, _, err := syscall.Accept4(b.listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		if err := cmp.Or(syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1), b.watch(fd)); err != nil {
			_ = syscall.Close(fd)
			continue
		}
		for fd >= len(b.conns) {
			b.conns = append(b.conns, nil)
		}
		b.conns[fd] = &bareConn{fd: fd}
	}
}

// read takes the request, or notices the end.
func (b *bare) read(c *bareConn) {
	var buf [2048]byte
	n, err := syscall.Read(c.fd, buf[:])
	if err == syscall.EAGAIN {
		return
	}
	if n <= 0 {
		b.remove(c)
		return
	}
	if c.symbols != nil {
		return
	}
	c.request = append(c.request, buf[:n]...)
	if !bytes.Contains(c.request, []byte("\r\n\r\n")) {
		return
	}
	if fields := bytes.Fields(c.request); len(fields) > 1 {
		b.subscribe(c, string(fields[1]))
	}
	c.request = nil
}

func (b *bare) subscribe(c *bareConn, target string) {
	symbols, single, err := b.market.Parse(target)
	if err != nil {
		b.write(c, []byte("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"))
		b.remove(c)
		return
	}
	if single {
		c.single = 1
	}
	c.symbols, c.turned = symbols, b.turn
	first := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n")
	for _, symbol := range symbols {
		b.watchers[symbol] = append(b.watchers[symbol], c)
		if !b.gather || b.turns[symbol] < b.turn { // the next sweep brings the others
			first = append(first, b.frames[c.single][symbol]...)
		}
	}
	b.write(c, first)
}

func (b *bare) remove(c *bareConn) {
	for _, symbol := range c.symbols {
		list := b.watchers[symbol]
		for i := range list {
			if list[i] == c {
				list[i] = list[len(list)-1]
				b.watchers[symbol] = list[:len(list)-1]
				break
			}
		}
	}
	b.conns[c.fd] = nil
	_ = syscall.Close(c.fd)
	c.fd = -1
}
