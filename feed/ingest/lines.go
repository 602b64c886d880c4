package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line, in bytes without its end but with white space.
const maxLine = 64 << 10

// errTooLong is of a line that is longer; the next one can be read.
var errTooLong = fmt.Errorf("it is longer than %d bytes", maxLine)

// lines reads lines of bounded length, and no faster than they are asked for.
type lines struct {
	r      *bufio.Reader
	number int   // of the line last read, from 1
	err    error // what ended the reading
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, maxLine+2)} }

// next returns the next line that is not empty, without white space around it;
// it is valid until the next call. The error is errTooLong, or what ended the
// reading: io.EOF after the last line. A last line without an end counts, unless
// another error has cut it.
func (l *lines) next() ([]byte, error) {
	for l.err == nil {
		l.number++
		text, err := l.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			l.err = l.skip()
			return nil, errTooLong
		}
		if l.err = err; err != nil && !errors.Is(err, io.EOF) {
			break
		}
		if text = bytes.Trim(text, " \t\r\n"); len(text) > maxLine {
			return nil, errTooLong
		} else if len(text) > 0 {
			return text, nil
		}
	}
	return nil, l.err
}

// skip reads over the rest of a line that is too long.
func (l *lines) skip() error {
	for {
		if _, err := l.r.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
