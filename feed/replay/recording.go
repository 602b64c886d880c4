package replay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// csvFormat is the name of the format that needs no decoder.
const csvFormat = "csv"

// Format is how the raw messages of a vendor are read.
type Format struct {
	// Decoder makes the decoder of one playing.
	Decoder func() feed.Decoder
	// Basis is what the vendor's previous close is.
	Basis quotes.Basis
	// Coins says that the vendor trades coins alone. Of a pair such as BTC/GBP
	// what is behind the slash is the currency.
	Coins bool
}

// recording is a file, and how it is read: nil is CSV.
type recording struct {
	path   string
	format *Format
}

func (r recording) basis() quotes.Basis {
	if r.format == nil {
		return quotes.PreviousClose
	}
	return r.format.Basis
}

// empty is the error of a file in which there is nothing to play.
func (r recording) empty() error {
	if r.format == nil {
		return errors.New("the file has no rows")
	}
	return errors.New("no message of the file tells a price")
}

// identify finds out how to read the file, by the name of the format if it is
// given, and that its begin can be read so.
func identify(path, name string, formats map[string]Format) (recording, error) {
	if name == "" {
		var err error
		if name, err = guess(path, formats); err != nil {
			return recording{}, err
		}
	}
	rec := recording{path: path}
	if name != csvFormat {
		format, ok := formats[name]
		if !ok {
			return recording{}, fmt.Errorf("unknown format %q; there are %s", name, names(formats))
		}
		rec.format = &format
	}
	r, err := openRows(rec, nil)
	if err != nil {
		return recording{}, err
	}
	return rec, r.Close()
}

func names(formats map[string]Format) string {
	return strings.Join(append([]string{csvFormat}, slices.Sorted(maps.Keys(formats))...), ", ")
}

// guessed is how many prices of the begin of a file show whose they are, and
// within how many lines.
const guessed, guessedLines = 20, 2000

// guess finds the format of a file: CSV by its header, or the vendor that most of
// its first messages tell prices of.
func guess(path string, formats map[string]Format) (string, error) {
	raw, err := isRaw(path)
	if err != nil || !raw {
		return csvFormat, err
	}
	best, most, even := "", 0, false
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		format := formats[name]
		n, err := prices(recording{path, &format})
		switch {
		case err != nil:
			return "", err
		case n > most:
			best, most, even = name, n, false
		case n == most:
			even = true
		}
	}
	if best == "" || even {
		return "", fmt.Errorf("it is not clear whose messages are in %s; add format=, one of %s", path, names(formats))
	}
	return best, nil
}

// isRaw says whether the first line of a file is like one of a recorded socket.
func isRaw(path string) (bool, error) {
	r, err := openRows(recording{path, &Format{Decoder: func() feed.Decoder { return nil }}}, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = r.Close() }() // it was only read from
	line, err := r.lines.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		r.line = 1
		return false, r.broken(err)
	}
	first := trimEnd(line)
	_, err = parseMessage(first)
	return err == nil && len(first) > 0, nil
}

// prices counts what the begin of a recording tells when it is read so.
func prices(rec recording) (int, error) {
	lines := 0
	r, err := openRows(rec, func() { lines++ })
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }() // it was only read from
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	parse := r.parse
	r.parse = func(line []byte, add func(event)) error {
		if lines++; lines > guessedLines {
			cancel()
		}
		return parse(line, add)
	}
	n := 0
	for ; n < guessed && err == nil; n++ {
		_, err = r.next(ctx)
	}
	if err != nil {
		n--
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
		return 0, err
	}
	return n, nil
}
