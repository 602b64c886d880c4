package sse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

// maxEvent bounds a line, and the data of an event, that a Reader takes.
const maxEvent = 1 << 20

// ErrTooLong says that an event has more than 1 MiB.
var ErrTooLong = errors.New("sse: event of more than 1 MiB")

// Reader reads events from a stream's body as a browser does. One goroutine at
// a time may use it.
type Reader struct {
	src    *bufio.Reader
	begun  bool   // the first bytes, which may be a byte order mark, are past
	skipLF bool   // the last line ended with CR, whose LF may follow
	line   []byte // the line being read
	lastID string
	retry  time.Duration
}

// NewReader returns a reader of r, which it reads ahead of what it returns.
func NewReader(r io.Reader) *Reader { return &Reader{src: bufio.NewReader(r)} }

// LastID returns what a browser would send as Last-Event-ID now.
func (r *Reader) LastID() string { return r.lastID }

// Retry returns how long the server asked to wait before the next connection;
// 0 when it said nothing.
func (r *Reader) Retry() time.Duration { return r.retry }

// Next returns the next event with data, with the ID and Retry of its own block
// alone; the lines of its data are joined by LF. Its Data is the caller's.
//
// The error is io.EOF where the body ends between two events and
// io.ErrUnexpectedEOF where it ends within one, which is not returned;
// ErrTooLong; or that of the body. After an error the reader is of no more use.
func (r *Reader) Next() (Event, error) {
	var b block
	for {
		line, err := r.readLine()
		switch {
		case errors.Is(err, io.EOF) && b.lines > 0:
			return Event{}, io.ErrUnexpectedEOF
		case err != nil:
			return Event{}, err
		case len(line) > 0:
			if err := b.add(line); err != nil {
				return Event{}, err
			}
			continue
		}
		r.note(&b)
		if b.hasData {
			return b.event, nil
		}
		b = block{}
	}
}

// note keeps what outlasts the event.
func (r *Reader) note(b *block) {
	if b.hasID {
		r.lastID = b.event.ID
	}
	if b.hasRetry {
		r.retry = b.event.Retry
	}
}

// readLine returns the next line without its end, valid until the next call.
// A line that the body's end cuts is an io.ErrUnexpectedEOF.
func (r *Reader) readLine() ([]byte, error) {
	if !r.begun {
		r.begun = true
		if bom, _ := r.src.Peek(3); string(bom) == "\xef\xbb\xbf" {
			r.discard(3)
		}
	}
	r.line = r.line[:0]
	for {
		chunk, err := r.buffered()
		if err != nil {
			if errors.Is(err, io.EOF) && len(r.line) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if r.skipLF {
			r.skipLF = false
			if chunk[0] == '\n' {
				r.discard(1)
				continue
			}
		}
		end := bytes.IndexAny(chunk, "\r\n")
		if end < 0 {
			r.line = append(r.line, chunk...)
			r.discard(len(chunk))
		} else {
			r.line = append(r.line, chunk[:end]...)
			r.skipLF = chunk[end] == '\r'
			r.discard(end + 1)
		}
		if len(r.line) > maxEvent {
			return nil, ErrTooLong
		}
		if end >= 0 {
			return r.line, nil
		}
	}
}

// buffered returns at least one byte, without taking it.
func (r *Reader) buffered() ([]byte, error) {
	if _, err := r.src.Peek(1); err != nil {
		return nil, err
	}
	return r.src.Peek(r.src.Buffered())
}

// discard takes bytes that are buffered, which cannot fail.
func (r *Reader) discard(n int) { _, _ = r.src.Discard(n) }

// block is an event as its lines come in.
type block struct {
	event                    Event
	lines                    int
	hasData, hasID, hasRetry bool
}

func (b *block) add(line []byte) error {
	b.lines++
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		if b.hasData {
			b.event.Data = append(b.event.Data, '\n')
		}
		b.event.Data = append(b.event.Data, value...)
		b.hasData = true
	case "event":
		b.event.Name = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			b.event.ID, b.hasID = string(value), true
		}
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil && value[0] != '+' {
			b.event.Retry, b.hasRetry = time.Duration(ms)*time.Millisecond, true
		}
	}
	if len(b.event.Data) > maxEvent {
		return ErrTooLong
	}
	return nil
}
