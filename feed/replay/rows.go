package replay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/tickboard/tickboard/feed"
)

const (
	// bufferSize is all that is read ahead of the row that plays, once
	// compressed and once not, and the length at which a row is too long.
	bufferSize = 64 << 10
	// longestMessage is that for the raw messages of a vendor.
	longestMessage = 4 << 20
)

// event is an update and the time of the recording that it is played at.
type event struct {
	feed.Update
	due time.Time
}

// parser makes the events of one line without its end, and calls add for each.
// The error says what is wrong, not where; what was added before it holds.
type parser func(line []byte, add func(event)) error

// rows reads one file from its first row to its last. It is for one goroutine.
type rows struct {
	path    string
	file    *os.File
	lines   *bufio.Reader
	line    int // the number of the line last read, from 1
	longest int // length of a line
	parse   parser
	add     func(event) // to events
	events  []event     // of the line last read
	played  int         // how many of them were returned
	skipped func()      // called for each malformed row that is passed over; nil refuses them
}

// openRows opens the file and reads its first line. The caller closes what it
// returns. skipped says that malformed rows are passed over, and is called for
// each of them; it may be nil.
func openRows(rec recording, skipped func()) (*rows, error) {
	file, err := os.Open(rec.path)
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	r := &rows{path: rec.path, file: file, longest: bufferSize, skipped: skipped}
	r.add = func(e event) { r.events = append(r.events, e) }
	if err := r.begin(rec.format); err != nil {
		_ = file.Close() // it was only read from; err says more
		return nil, err
	}
	return r, nil
}

// Close closes the file.
func (r *rows) Close() error { return r.file.Close() }

// begin looks whether the file is compressed, and reads the header where there
// is one.
func (r *rows) begin(format *Format) error {
	if err := r.unzip(); err != nil {
		return err
	}
	if format != nil {
		r.longest = longestMessage
		r.lines = bufio.NewReaderSize(r.lines, longestMessage)
		r.parse = messages(format.Decoder())
		return nil
	}
	r.parse = make(symbols).events
	r.line = 1
	line, err := r.lines.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return r.broken(err)
	}
	if first := string(trimEnd(line)); first != header {
		return r.malformed(fmt.Errorf("the first line is %q; it has to be %s", clip(first), header))
	}
	return nil
}

func (r *rows) unzip() error {
	r.lines = bufio.NewReaderSize(r.file, bufferSize)
	magic, err := r.lines.Peek(2)
	if string(magic) != "\x1f\x8b" { // RFC 1952, section 2.3.1
		if err != nil && !errors.Is(err, io.EOF) {
			r.line = 1
			return r.broken(err)
		}
		return nil
	}
	unzipped, err := gzip.NewReader(r.lines)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		r.line = 1
		return r.broken(err)
	}
	r.lines = bufio.NewReaderSize(unzipped, bufferSize)
	return nil
}

// next returns the next event. Its errors are io.EOF after the last one, ctx's,
// the system's, and permanent ones for what another reading would meet again.
func (r *rows) next(ctx context.Context) (event, error) {
	for ctx.Err() == nil {
		if r.played < len(r.events) {
			r.played++
			return r.events[r.played-1], nil
		}
		r.events, r.played = r.events[:0], 0
		line, err := r.lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			if len(line) == 0 {
				return event{}, io.EOF
			}
			err = nil // a last line without an end
		}
		r.line++
		switch {
		case err == nil:
			err = r.parse(trimEnd(line), r.add)
		case errors.Is(err, bufio.ErrBufferFull):
			err = fmt.Errorf("the line is longer than %d bytes", r.longest)
		default:
			return event{}, r.broken(err)
		}
		if err == nil {
			continue
		}
		if err := r.skip(ctx, line, err); err != nil {
			return event{}, err
		}
	}
	return event{}, ctx.Err()
}

// skip passes over the malformed line of which what was read begins, with the
// rest of it, or refuses the file for the reason.
func (r *rows) skip(ctx context.Context, read []byte, reason error) error {
	if r.skipped == nil {
		return r.malformed(reason)
	}
	r.skipped()
	cut := len(read) == r.longest && read[len(read)-1] != '\n'
	for cut && ctx.Err() == nil {
		_, err := r.lines.ReadSlice('\n')
		cut = errors.Is(err, bufio.ErrBufferFull) // the next line meets any other error again
	}
	return nil
}

func (r *rows) malformed(reason error) error {
	return feed.Permanent(fmt.Errorf("%s:%d: %w", r.path, r.line, reason))
}

// broken is the error of a file that cannot be read on. What is wrong with its
// bytes stays wrong; what the system says may pass.
func (r *rows) broken(err error) error {
	if _, system := errors.AsType[*fs.PathError](err); system {
		return fmt.Errorf("%s:%d: %w", r.path, r.line, err)
	}
	return r.malformed(fmt.Errorf("the gzip data is damaged or cut off: %w", err))
}

// trimEnd takes off the end of the line, LF or CRLF.
func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
