//go:build linux

package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickboard/tickboard/e2e/load/market"
)

// The states of a stream.
const (
	closed int8 = iota
	opening
	inHead // waits for the end of the response's head
	inBody
)

// stream is one client's connection.
type stream struct {
	target  string // of the request
	watched []watched
	single  bool
	stalled bool // never reads

	fd      int
	state   int8
	chunked bool
	chunks  chunks
	hello   bool
	id      string // that the symbols call takes, when the fleet keeps it
	began   time.Time
	rest    []byte // the beginning of an event that is not complete
}

// watched is one of a stream's symbols.
type watched struct {
	symbol  int
	version int64 // the last one that came, 0 for none
	gone    bool  // was taken off the stream: what is under way may still come
}

// newStream returns a stream of symbols that is not yet open. maxRate 0 asks for
// none.
func newStream(symbols []int, maxRate float64) *stream {
	st := &stream{single: len(symbols) == 1}
	names := make([]string, len(symbols))
	for i, symbol := range symbols {
		st.watched = append(st.watched, watched{symbol: symbol})
		names[i] = market.Name(symbol)
	}
	st.target = "/stream?symbols=" + strings.Join(names, ",") + "&"
	if st.single {
		st.target = "/stream/" + names[0] + "?"
	}
	if maxRate > 0 {
		st.target += "max_rate=" + strconv.FormatFloat(maxRate, 'g', -1, 64)
	}
	st.target = strings.TrimRight(st.target, "?&")
	return st
}

// begin makes it a new connection.
func (st *stream) begin(fd int, now time.Time) {
	st.fd, st.state, st.began = fd, opening, now
	st.chunked, st.chunks, st.hello, st.rest = false, chunks{}, false, nil
	for i := range st.watched {
		st.watched[i].version = 0
	}
}

// served says whether it has a quote of every symbol. A stalled one cannot say.
func (st *stream) served() bool {
	if st.stalled {
		return st.state == inBody
	}
	for i := range st.watched {
		if st.watched[i].version == 0 && !st.watched[i].gone {
			return false
		}
	}
	return true
}

func (st *stream) find(symbol int) *watched {
	for i := range st.watched {
		if st.watched[i].symbol == symbol {
			return &st.watched[i]
		}
	}
	return nil
}

// take goes through what was read: the head first, then events. p is the
// fleet's, and only until the next read.
func (f *fleet) take(st *stream, p []byte, now int64) {
	if st.state == inHead {
		var ok bool
		if p, ok = f.head(st, p); !ok {
			return
		}
	}
	if st.chunked {
		var ok bool
		if p, ok = st.chunks.decode(p); !ok {
			f.end(st, "chunks", "bad chunk, or the last one")
			return
		}
	}
	if len(st.rest) > 0 {
		p = append(st.rest, p...)
	}
	for {
		end := bytes.Index(p, []byte("\n\n"))
		if end < 0 {
			break
		}
		f.counts.frames++
		if what, err := f.event(st, p[:end], now); err != nil {
			f.end(st, what, fmt.Sprintf("%v: %.200q", err, p[:end]))
			return
		}
		p = p[end+2:]
	}
	if st.rest = nil; len(p) > 0 {
		st.rest = bytes.Clone(p)
	}
}

// head waits for the end of the head, and returns what comes after it.
func (f *fleet) head(st *stream, p []byte) (body []byte, ok bool) {
	p = append(st.rest, p...)
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 {
		st.rest = p
		return nil, false
	}
	head := bytes.ToLower(p[:end])
	if !bytes.HasPrefix(head, []byte("http/1.1 200 ")) || !bytes.Contains(head, []byte("\r\ncontent-type: text/event-stream")) {
		f.end(st, "status", fmt.Sprintf("%.200q", p))
		return nil, false
	}
	st.chunked = bytes.Contains(head, []byte("\r\ntransfer-encoding: chunked"))
	st.rest, st.state = nil, inBody
	f.pending--
	f.open++
	return p[end+4:], true
}

// event checks one; what names the fault that ends the stream.
func (f *fleet) event(st *stream, b []byte, now int64) (what string, err error) {
	var ev frame
	if err := ev.parse(b); err != nil {
		return "framing", err
	}
	if f.pushes {
		if err := ev.unwrap(); err != nil {
			return "push", err
		}
	}
	switch string(ev.name) {
	case "hello":
		if st.hello {
			return "hello", fmt.Errorf("a second hello")
		}
		if st.hello = true; f.onHello != nil {
			f.onHello(st, ev.data)
		}
		return "", nil
	case "stock_quote":
	case "busy", "bye":
		return string(ev.name), fmt.Errorf("refused")
	default:
		return "", nil
	}
	if f.wantHello && !st.hello {
		return "hello", fmt.Errorf("a quote before hello")
	}
	q, err := f.scanner.scan(ev.data)
	if err != nil {
		return "json", err
	}
	return f.quote(st, ev, q, now)
}

// quote checks a quote against what the stream has had, and measures it.
func (f *fleet) quote(st *stream, ev frame, q quote, now int64) (what string, err error) {
	w := st.find(q.symbol)
	if w == nil {
		return "symbol", fmt.Errorf("a symbol that was not asked for")
	}
	if q.version <= w.version {
		return "order", fmt.Errorf("version %d after %d", q.version, w.version)
	}
	if f.ids && st.single {
		if id, ok := number(ev.id); !ok || id != q.version {
			return "id", fmt.Errorf("id %s for version %d", ev.id, q.version)
		}
	}
	if f.onQuote != nil {
		f.onQuote(st, q, now)
	}
	if w.version > 0 { // the first is the state, however old
		f.counts.quotes++
		f.latency.add(now - q.time)
		f.entry.add(now - q.version)
	}
	w.version = q.version
	f.newest[q.symbol] = max(f.newest[q.symbol], q.version)
	return "", nil
}

// lost waits until every open stream has of each symbol a quote that is no older
// than the newest that any stream has now. Those that have not by then have lost
// something: with conflation, quotes between are not sent, but the newest is.
func (f *fleet) lost(limit time.Duration) {
	newest := slices.Clone(f.newest)
	deadline := time.Now().Add(limit)
	for f.behind(newest) != nil && time.Now().Before(deadline) {
		f.poll(time.Now().Add(50 * time.Millisecond))
	}
	for _, st := range f.behind(newest) {
		f.faults.add("lost", fmt.Sprintf("%s has not all that others had %v before", st.target, limit))
	}
}

func (f *fleet) behind(newest []int64) (list []*stream) {
	for _, st := range f.streams {
		if st.state != inBody || st.stalled {
			continue
		}
		if slices.ContainsFunc(st.watched, func(w watched) bool { return !w.gone && w.version < newest[w.symbol] }) {
			list = append(list, st)
		}
	}
	return list
}
