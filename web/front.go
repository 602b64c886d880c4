package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/tickboard/tickboard/web/sse"
)

const (
	// drainTime and stopTime bound the two halves of a stop, beside
	// FrontOptions.Drain; together they stay below the two seconds that a stop
	// under load may take.
	drainTime = 1200 * time.Millisecond
	stopTime  = 500 * time.Millisecond
)

// FrontOptions say where a Server listens. Addr and Logger are needed.
type FrontOptions struct {
	Addr      string
	AdminAddr string // of the operator's listener; "" is off
	// AdminGiven says that AdminAddr is asked for. When it is not, it is a
	// convenience, and an address that is taken is done without.
	AdminGiven  bool
	Certificate *Certificate // of the main listener; nil is plain HTTP

	WriteTimeout time.Duration // of a client over HTTP/2 that takes nothing
	Drain        time.Duration // over which the Server spreads its goodbyes
	Logger       *slog.Logger
}

// Front is a Server's listeners. It is bound before there is a Server, so that an
// address that is taken costs nothing.
type Front struct {
	o     FrontOptions
	main  net.Listener
	admin net.Listener // nil when off
}

// Bind takes the addresses. The error says what to give instead.
func Bind(o FrontOptions) (*Front, error) {
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%w); stop what uses it, or give another --addr, as 127.0.0.1:0 for any free port", o.Addr, plain(err))
	}
	f := &Front{o: o, main: l}
	if o.AdminAddr == "" {
		return f, nil
	}
	switch f.admin, err = net.Listen("tcp", o.AdminAddr); {
	case err == nil:
	case o.AdminGiven:
		f.admin = nil
		f.Close()
		return nil, fmt.Errorf("cannot listen on %s (%w); give another --admin-addr, or an empty one to do without", o.AdminAddr, plain(err))
	default:
		f.admin = nil
		o.Logger.Warn("no metrics and profiles: the default admin address is taken; give --admin-addr", "addr", o.AdminAddr)
	}
	return f, nil
}

// Close gives the addresses back.
func (f *Front) Close() {
	for _, l := range []net.Listener{f.main, f.admin} {
		if l != nil {
			_ = l.Close() // closed already, but where Run never was
		}
	}
}

// Addr is the address of the main listener.
func (f *Front) Addr() string { return f.main.Addr().String() }

// AdminAddr is the address of the operator's listener, "off" without one.
func (f *Front) AdminAddr() string {
	if f.admin == nil {
		return "off"
	}
	return f.admin.Addr().String()
}

// URL is the address of the main listener as a person opens it.
func (f *Front) URL() *url.URL {
	host, port, err := net.SplitHostPort(f.Addr())
	if err != nil {
		panic(err) // of a listener of ours
	}
	if ip := net.ParseIP(host); ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if f.o.Certificate != nil {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}
}

// Run serves until ctx ends or a listener fails. Then it says goodbye to the
// streams, and returns when all is answered or cut.
func (f *Front) Run(ctx context.Context, s *Server) error {
	servers := f.servers(s)
	failed := make(chan error, len(servers))
	var wg sync.WaitGroup
	for listener, server := range servers {
		wg.Go(func() {
			serve := server.Serve
			if server.TLSConfig != nil {
				serve = func(l net.Listener) error { return server.ServeTLS(sse.Listen(l), "", "") }
			}
			if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", listener.Addr(), err)
			}
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	f.o.Logger.Info("stopping")
	f.stop(s, servers)
	wg.Wait()
	select {
	case late := <-failed:
		err = cmp.Or(err, late)
	default:
	}
	return err
}

func (f *Front) servers(s *Server) map[net.Listener]*http.Server {
	newServer := func(h http.Handler) *http.Server {
		return &http.Server{
			// No ReadTimeout and no WriteTimeout: they would end every stream.
			Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
			// It lets streams keep the kernel's part of their connection small.
			ConnContext: sse.ConnContext, ErrorLog: log.New(&complaints{logger: f.o.Logger}, "", 0),
		}
	}
	front := newServer(s.Handler())
	if f.o.Certificate != nil {
		f.o.Certificate.serve(front, f.o.WriteTimeout)
	}
	servers := map[net.Listener]*http.Server{f.main: front}
	if f.admin != nil {
		servers[f.admin] = newServer(s.AdminHandler())
	}
	return servers
}

// stop says goodbye to the streams, then lets the servers end what they are
// answering; what takes too long is cut.
func (f *Front) stop(s *Server, servers map[net.Listener]*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), f.o.Drain+drainTime)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		f.o.Logger.Warn("not every stream took its goodbye", "error", err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var wg sync.WaitGroup
	for _, server := range servers {
		wg.Go(func() {
			if server.Shutdown(ctx) == nil {
				return
			}
			if err := server.Close(); err != nil {
				f.o.Logger.Warn("closing the listeners", "error", err)
			}
		})
	}
	wg.Wait()
}

// plain is a network error without the operation and address, which the message
// around it has.
func plain(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		err = sys.Err
	}
	return err
}
