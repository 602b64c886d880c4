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

	"github.com/tickboard/tickboard/feed"
)

// bufferSize is all that is read ahead of the row that plays, once compressed
// and once not, and the length at which a line is too long.
const bufferSize = 64 << 10

// rows reads one file from its first row to its last. It is for one goroutine.
type rows struct {
	path    string
	file    *os.File
	lines   *bufio.Reader
	line    int // the number of the line last read, from 1
	symbols symbols
	skipped func() // called for each malformed row that is passed over; nil refuses them
}

// openRows opens the file and reads its first line. The caller closes what it
// returns. skipped says that malformed rows are passed over, and is called for
// each of them; it may be nil.
func openRows(path string, skipped func()) (*rows, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	r := &rows{path: path, file: file, symbols: make(symbols), skipped: skipped}
	if err := r.begin(); err != nil {
		_ = file.Close() // it was only read from; err says more
		return nil, err
	}
	return r, nil
}

// Close closes the file.
func (r *rows) Close() error { return r.file.Close() }

// begin looks whether the file is compressed, and reads the header.
func (r *rows) begin() error {
	r.line = 1
	r.lines = bufio.NewReaderSize(r.file, bufferSize)
	if magic, _ := r.lines.Peek(2); string(magic) == "\x1f\x8b" { // RFC 1952, section 2.3.1
		unzipped, err := gzip.NewReader(r.lines)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return r.broken(err)
		}
		r.lines = bufio.NewReaderSize(unzipped, bufferSize)
	}
	line, err := r.lines.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return r.broken(err)
	}
	if first := string(trimEnd(line)); first != header {
		return r.malformed(fmt.Errorf("the first line is %q; it has to be %s", clip(first), header))
	}
	return nil
}

// next returns the next row. Its errors are io.EOF after the last one, ctx's,
// the system's, and permanent ones for what another reading would meet again.
func (r *rows) next(ctx context.Context) (feed.Update, error) {
	for ctx.Err() == nil {
		line, err := r.lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			if len(line) == 0 {
				return feed.Update{}, io.EOF
			}
			err = nil // a last line without an end
		}
		r.line++
		var u feed.Update
		switch {
		case err == nil:
			u, err = r.symbols.parseRow(trimEnd(line))
		case errors.Is(err, bufio.ErrBufferFull):
			err = fmt.Errorf("the line is longer than %d bytes", bufferSize)
		default:
			return feed.Update{}, r.broken(err)
		}
		if err == nil {
			return u, nil
		}
		if err := r.skip(ctx, line, err); err != nil {
			return feed.Update{}, err
		}
	}
	return feed.Update{}, ctx.Err()
}

// skip passes over the malformed line of which what was read begins, with the
// rest of it, or refuses the file for the reason.
func (r *rows) skip(ctx context.Context, read []byte, reason error) error {
	if r.skipped == nil {
		return r.malformed(reason)
	}
	r.skipped()
	cut := len(read) == bufferSize && read[len(read)-1] != '\n'
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
