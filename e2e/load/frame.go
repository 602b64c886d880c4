//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tickboard/tickboard/e2e/load/market"
)

// frame is one event, as it came; its fields lie in the buffer it was read into.
type frame struct{ id, name, data []byte }

var (
	errField   = errors.New("a line that is no field of an event")
	errData    = errors.New("not one data line")
	errPush    = errors.New("a push with a channel that is no publication")
	errJSON    = errors.New("not a flat JSON object")
	errNoQuote = errors.New("a quote without symbol, time or version")
)

// parse takes an event without the empty line at its end. A comment has no data.
func (f *frame) parse(b []byte) error {
	*f = frame{}
	for len(b) > 0 {
		line := b
		if end := bytes.IndexByte(b, '\n'); end >= 0 {
			line, b = b[:end], b[end+1:]
		} else {
			b = nil
		}
		switch {
		case bytes.HasPrefix(line, []byte("data: ")):
			if f.data != nil {
				return errData
			}
			f.data = line[6:]
		case bytes.HasPrefix(line, []byte("event: ")):
			f.name = line[7:]
		case bytes.HasPrefix(line, []byte("id: ")):
			f.id = line[4:]
		case bytes.HasPrefix(line, []byte("retry: ")), bytes.HasPrefix(line, []byte(":")):
		default:
			return errField
		}
	}
	if f.data == nil && f.name != nil {
		return errData
	}
	return nil
}

var quoteName = []byte("stock_quote")

// unwrap makes a quote's event of one without a name that is a publication in
// centrifuge's protocol: {"channel":"SIM0000","pub":{"data":QUOTE}}. What has no
// channel, as the answer to the connect, stays as it is.
func (f *frame) unwrap() error {
	push, ok := bytes.CutPrefix(f.data, []byte(`{"channel":"`))
	if f.name != nil || !ok {
		return nil
	}
	channel, publication, ok1 := bytes.Cut(push, []byte(`","pub":{"data":`))
	data, ok2 := bytes.CutSuffix(publication, []byte("}}"))
	if !ok1 || !ok2 || !isPlain(channel) {
		return errPush
	}
	f.name, f.data = quoteName, data
	return nil
}

// quote is what the client needs of one.
type quote struct {
	symbol  int
	version int64
	time    int64 // microseconds since 1970
}

// scanner reads quotes without allocating: it checks that the data is one flat
// JSON object. Every sampled one is decoded by encoding/json as well.
type scanner struct {
	scanned  int
	day      [10]byte // the date whose midnight is known
	midnight int64    // in microseconds
}

// sampled is how many quotes are scanned for each that is decoded as well.
const sampled = 1000

func (s *scanner) scan(data []byte) (q quote, err error) {
	if s.scanned++; s.scanned%sampled == 0 {
		if err := decodes(data); err != nil {
			return q, err
		}
	}
	var have int
	rest, ok := bytes.CutPrefix(data, []byte("{"))
	for ok {
		var key, value []byte
		if key, value, rest, ok = member(rest); !ok {
			break
		}
		switch string(key) {
		case "symbol":
			q.symbol, ok = market.Number(inside(value))
			have |= 1
		case "version":
			q.version, ok = number(value)
			have |= 2
		case "time":
			q.time, ok = s.micros(inside(value))
			have |= 4
		}
		if ok && len(rest) == 1 && rest[0] == '}' {
			if have != 7 {
				return q, errNoQuote
			}
			return q, nil
		}
		if ok {
			rest, ok = bytes.CutPrefix(rest, []byte(","))
		}
	}
	return q, errJSON
}

// member cuts `"key":value` off.
func member(b []byte) (key, value, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, nil, false
	}
	end := bytes.IndexByte(b[1:], '"') + 1
	if end == 0 || len(b) < end+3 || b[end+1] != ':' {
		return nil, nil, nil, false
	}
	key, b = b[1:end], b[end+2:]
	if !isPlain(key) {
		return nil, nil, nil, false
	}
	if b[0] == '"' {
		if end = bytes.IndexByte(b[1:], '"') + 1; end == 0 || !isPlain(b[1:end]) {
			return nil, nil, nil, false
		}
		return key, b[:end+1], b[end+1:], true
	}
	end = 0
	for end < len(b) && b[end] != ',' && b[end] != '}' {
		end++
	}
	value = b[:end]
	return key, value, b[end:], isNumber(value) || string(value) == "true" || string(value) == "false"
}

// isPlain says whether b stands in a JSON string as it is, escaping nothing.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == '\\' {
			return false
		}
	}
	return true
}

// isNumber says whether b is a JSON number in plain notation.
func isNumber(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	if len(b) > 1 && b[0] == '0' && b[1] != '.' {
		return false
	}
	digits, dots := 0, 0
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && i > 0 && i < len(b)-1:
			dots++
		default:
			return false
		}
	}
	return digits > 0 && dots <= 1
}

func inside(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return nil
	}
	return value[1 : len(value)-1]
}

func number(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0 && len(b) < 17
}

// micros reads an RFC 3339 time in UTC.
func (s *scanner) micros(b []byte) (int64, bool) {
	const form = "2006-01-02T15:04:05"
	if len(b) < len(form)+1 || b[len(b)-1] != 'Z' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	if !bytes.Equal(b[:10], s.day[:]) {
		day, err := time.Parse(time.DateOnly, string(b[:10]))
		if err != nil {
			return 0, false
		}
		copy(s.day[:], b)
		s.midnight = day.UnixMicro()
	}
	hours, ok1 := number(b[11:13])
	minutes, ok2 := number(b[14:16])
	seconds, ok3 := number(b[17:19])
	us := s.midnight + ((hours*60+minutes)*60+seconds)*1e6
	if fraction := b[19 : len(b)-1]; len(fraction) > 0 {
		unit := int64(1e5)
		for _, c := range fraction[1:] {
			us += int64(c-'0') * unit
			unit /= 10
		}
	}
	return us, ok1 && ok2 && ok3
}

// decodes is the whole check of a sample.
func decodes(data []byte) error {
	var q struct {
		Symbol  string
		Price   json.Number
		Time    time.Time
		Version int64
	}
	if err := json.Unmarshal(data, &q); err != nil {
		return fmt.Errorf("not a quote: %w", err)
	}
	if q.Symbol == "" || q.Price == "" || q.Time.IsZero() || q.Version == 0 {
		return errNoQuote
	}
	return nil
}
