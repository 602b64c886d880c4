package sse

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Options are a server's settings. The zero value works.
type Options struct {
	Heartbeat    time.Duration // a stream that wrote nothing for so long says so; 0 means 15 s
	WriteTimeout time.Duration // a client that takes nothing for so long is cut; 0 means 30 s
	Logger       *slog.Logger  // one line for each stream's end, at debug, or warn where its content failed; nil means none

	// Remote names a request's client in the log; nil means its RemoteAddr.
	Remote func(*http.Request) string

	MaxStreams    int // at once; more are told `busy`; 0 means no limit
	MaxPerAddress int // at once from one Address; 0 means no limit
	MaxPerSecond  int // new ones, and as many at a stroke after a quiet second; 0 means no limit

	// Address says what MaxPerAddress counts a request's stream by: its client's
	// address, or a network that is one client's. The zero Prefix is not counted;
	// nil means that none is.
	Address func(*http.Request) netip.Prefix

	// Drain is the time over which a drain spreads its goodbyes; 0 means all at
	// once. The `retry:` of a goodbye is from 1 s to 1 s + Drain, at least 5 s.
	Drain time.Duration

	// Desk makes what the contents of streams share that are served together;
	// nil where they share nothing, and Ring each for itself.
	Desk func(Bells) Desk
}

// ErrUnsupported says that a ResponseWriter cannot carry a stream.
var ErrUnsupported = errors.New("sse: this http.ResponseWriter cannot stream: it needs Flush and SetWriteDeadline, its own or by Unwrap; pass the server's own, not a wrapper")

const (
	minBusyRetry = 10 * time.Second
	maxBusyRetry = 30 * time.Second

	// goodbyeTimeout is how long a client may take over the last bytes of a
	// stream. It bounds what a stuck one costs a shutdown.
	goodbyeTimeout = 900 * time.Millisecond
)

// Server opens streams and knows those that are open. Its methods may be called
// by any number at once.
type Server struct {
	opts    Options
	counts  counts
	beats   heartbeats
	batches sync.Pool // of *batch
	sockets sockets   // nil where connections cannot be taken over
	loops   loops

	mu       sync.Mutex
	streams  map[*Stream]struct{}
	limits   limits
	draining bool
	drained  chan struct{} // closed when draining and no stream is left
}

// New returns a server without streams.
func New(opts Options) *Server {
	opts.Heartbeat = cmp.Or(opts.Heartbeat, 15*time.Second)
	opts.WriteTimeout = cmp.Or(opts.WriteTimeout, 30*time.Second)
	opts.Logger = cmp.Or(opts.Logger, slog.New(slog.DiscardHandler))
	if opts.Remote == nil {
		opts.Remote = func(r *http.Request) string { return r.RemoteAddr }
	}
	return &Server{
		opts:    opts,
		batches: sync.Pool{New: func() any { return new(batch) }},
		sockets: systemSockets(),
		streams: make(map[*Stream]struct{}),
		limits:  newLimits(opts),
		drained: make(chan struct{}),
	}
}

// Open answers the request with a stream of what open returns, paced at rate
// turns a second (SetRate). It may block until the stream's end or return long
// before: the end is when the content is closed.
//
// open is called before anything is written, with the desk that the content is
// to share, and an error of it is returned as it is. With an error nothing was
// written, and the caller answers: open's own, or ErrUnsupported. Over a limit or
// while draining Open answers `busy` itself, without a call of open, and returns
// nil.
//
// w is the server's own writer: a wrapper that swallows errors of Write or Flush
// keeps dead streams alive. Headers that are set already go out too.
func (s *Server) Open(w http.ResponseWriter, r *http.Request, rate float64, open func(*Stream, Desk) (Content, error)) error {
	c, err := s.carrierFor(w, r)
	if err != nil {
		return err
	}
	st := &Stream{server: s, carrier: c, remote: s.opts.Remote(r), address: s.limits.of(r), opened: time.Now()}
	st.rest.Store(int64(restOf(rate)))
	if refusal := s.admit(st); refusal != "" {
		c.release()
		return s.Busy(w, refusal)
	}
	if err := s.fill(st, open); err != nil {
		return err
	}
	s.counts.opened.Add(1)
	c.serve(st)
	return nil
}

// fill gives an admitted stream its content, or forgets it.
func (s *Server) fill(st *Stream, open func(*Stream, Desk) (Content, error)) (err error) {
	defer func() {
		if st.content == nil { // an error or a panic
			st.carrier.release()
			s.forget(st)
		}
	}()
	content, err := open(st, st.carrier.desk())
	if err != nil {
		return err
	}
	if content == nil {
		panic("sse: open returned neither a content nor an error")
	}
	st.content = content
	return nil
}

// Busy answers 200 with one `busy` event, a retry between 10 and 30 s, and the
// end: any other status makes a browser give up for good. The reason is one of a
// few constant words. The error is ErrUnsupported, and then nothing was written;
// a client that is gone meanwhile is none.
//
// Over HTTP/1 the connection ends with the answer: those who were refused would
// keep it for minutes, and with enough of them the server could take nobody's.
func (s *Server) Busy(w http.ResponseWriter, reason string) error {
	if !canStream(w) {
		return ErrUnsupported
	}
	s.counts.refuse(reason)
	// The deadline stays: it also bounds the end of the answer, and net/http
	// clears it after that.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.opts.WriteTimeout))
	if has[http.Hijacker](w) { // over HTTP/2 others share it
		w.Header().Set("Connection", "close")
	}
	writeHead(w)
	_, _ = w.Write(farewell("busy", reason, RandomRetry(minBusyRetry, maxBusyRetry)))
	return nil
}

// admit enters the stream, or returns why not.
func (s *Server) admit(st *Stream) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return ReasonDrain
	}
	if refusal := s.limits.enter(len(s.streams), st.address); refusal != "" {
		return refusal
	}
	s.streams[st] = struct{}{}
	return ""
}

func (s *Server) forget(st *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, st)
	s.limits.leave(st.address)
	if s.draining && len(s.streams) == 0 {
		close(s.drained)
	}
}

// ended counts and logs a stream's end.
func (s *Server) ended(st *Stream, report Report) {
	s.counts.end(report.Reason)
	level := slog.LevelDebug
	attrs := []slog.Attr{
		slog.String("remote", st.remote),
		slog.String("reason", report.Reason),
		slog.Duration("duration", report.Duration),
		slog.Int64("events", report.Events),
		slog.Int64("bytes", report.Bytes),
	}
	if report.Err != nil {
		attrs = append(attrs, slog.Any("error", report.Err))
	}
	if report.Reason == ReasonError {
		level = slog.LevelWarn
	}
	s.opts.Logger.LogAttrs(context.Background(), level, "stream ended", attrs...)
}

// writeHead writes the head of every answer of this package.
func writeHead(w http.ResponseWriter) {
	setHeaders(w.Header())
	w.WriteHeader(http.StatusOK)
}

func setHeaders(h http.Header) {
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx holds an answer back otherwise
}

// farewell is the last event of a stream.
func farewell(name, reason string, retry time.Duration) []byte {
	data, err := json.Marshal(struct {
		Reason string `json:"reason"`
	}{reason})
	if err != nil {
		panic(err) // a string always encodes
	}
	return AppendEvent(nil, Event{Name: name, Retry: retry, Data: data})
}

// canStream tells whether w, or what it wraps, can do what a stream needs.
func canStream(w http.ResponseWriter) bool {
	return (has[interface{ FlushError() error }](w) || has[http.Flusher](w)) &&
		has[interface{ SetWriteDeadline(time.Time) error }](w)
}

func has[T any](w http.ResponseWriter) bool {
	for {
		if _, ok := w.(T); ok {
			return true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}
