// Package frame reads the message of a vendor: one JSON text (RFC 8259), walked
// once from front to end, without reflection and almost without allocation.
// Keys match as they are written, so that "t" and "T" are two fields, and a
// number keeps its text until it is an exact decimal. What nobody asks for is
// skipped, and of that only the brackets and quotes are checked.
//
//   - frame.go   Reader: objects, arrays, and the order of a walk
//   - values.go  the scalars: texts, decimals, whole numbers, times
package frame

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrMalformed is what every error of a Reader wraps.
var ErrMalformed = errors.New("malformed message")

// Reader walks one JSON text. The first error stays, ends every loop, and is
// told by Err; no method panics, whatever the text is. A walk looks like this:
//
//	r := frame.New(message)
//	for r.Object(); r.Next(); {
//		switch string(r.Key()) {
//		case "price":
//			price = r.Decimal()
//		case "sizes":
//			for r.Array(); r.More(); {
//				sizes = append(sizes, r.Decimal())
//			}
//		}
//	}
//	if err := r.End(); err != nil {
//
// A loop over an object or array runs to its end, not out by break. A copy of a
// Reader keeps its place, so that a value can be walked later, when what tells
// its meaning has been read. One goroutine uses a Reader.
type Reader struct {
	data []byte
	at   int
	key  []byte
	// opened: a bracket was just read, no comma is needed before the next value.
	// unread: a value begins here that nobody has read. none: the object or
	// array is null, and its loop has no turn.
	opened, unread, none bool
	err                  error
}

// New returns a Reader at the front of a text.
func New(text []byte) Reader { return Reader{data: text, unread: true} }

// Object goes into the object that comes next; null is an empty one.
func (r *Reader) Object() { r.open('{') }

// Array goes into the array that comes next; null is an empty one.
func (r *Reader) Array() { r.open('[') }

// Next goes to the next field of the object, over a value that was not read, and
// says whether there is one; Key is its name.
func (r *Reader) Next() bool {
	if !r.advance('}') {
		return false
	}
	if r.peek() != '"' {
		r.fail("a field's name is missing")
		return false
	}
	r.key = r.str()
	if r.peek() != ':' {
		r.fail("a colon is missing")
		return false
	}
	r.at++
	r.unread = r.err == nil
	return r.unread
}

// More goes to the next value of the array, over one that was not read, and says
// whether there is one.
func (r *Reader) More() bool {
	r.unread = r.advance(']')
	return r.unread
}

// Key is the name of the field that Next has found, valid until the next call of
// Next.
func (r *Reader) Key() []byte { return r.key }

// Err is the first error of the walk.
func (r *Reader) Err() error { return r.err }

// End is Err, or says that something follows the text.
func (r *Reader) End() error {
	if r.err == nil && r.peek() != 0 {
		r.fail("something follows its end")
	}
	return r.err
}

// Skip passes over the value that comes next.
func (r *Reader) Skip() {
	r.unread = false
	switch c := r.peek(); c {
	case '{', '[':
		r.skipNested()
	case '"':
		r.skipString()
	default:
		r.literal()
	}
}

// open reads the bracket of an object or array.
func (r *Reader) open(bracket byte) {
	r.unread = false
	switch c := r.peek(); {
	case c == bracket:
		r.at++
		r.opened = true
	case c == 'n' && string(r.literal()) == "null":
		r.none = true
	default:
		r.fail("it has another type of value than expected")
	}
}

// advance goes to where the next value of an object or array begins, and says
// whether there is one before the closing bracket.
func (r *Reader) advance(closing byte) bool {
	if r.none {
		r.none = false
		return false
	}
	if r.unread {
		r.Skip()
	}
	if r.err != nil {
		return false
	}
	first := r.opened
	r.opened = false
	switch c := r.peek(); {
	case c == closing:
		r.at++
		return false
	case first:
		return true
	case c == ',':
		r.at++
		if r.peek() == closing {
			r.fail("a comma is followed by nothing")
		}
		return r.err == nil
	}
	r.fail("a comma or bracket is missing")
	return false
}

// peek returns the next byte that is not white space, 0 at the end.
func (r *Reader) peek() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		case 0:
			r.fail("it has a zero byte")
			return 0
		default:
			return c
		}
	}
	return 0
}

func (r *Reader) skipNested() {
	depth := 0
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			r.skipString()
			continue
		}
		r.at++
		if depth == 0 {
			return
		}
	}
	r.fail("it ends within an object or array")
}

// skipString passes over a string and returns what stands between its quotes,
// and whether that has escapes.
func (r *Reader) skipString() (raw []byte, escaped bool) {
	begin := r.at + 1
	for at := begin; at < len(r.data); at++ {
		quote := bytes.IndexByte(r.data[at:], '"')
		if quote < 0 {
			break
		}
		end := at + quote
		slashes := 0
		for end-slashes > begin && r.data[end-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			r.at = end + 1
			raw = r.data[begin:end]
			return raw, bytes.IndexByte(raw, '\\') >= 0
		}
		at = end
	}
	r.fail("it ends within a string")
	return nil, false
}

// literal reads what is neither string nor object nor array: a number, true,
// false, null. Whether it is a good one is for who makes a value of it.
func (r *Reader) literal() []byte {
	if r.err != nil {
		return nil
	}
	begin := r.at
	for r.at < len(r.data) && isLiteral(r.data[r.at]) {
		r.at++
	}
	if r.at == begin {
		r.fail("a value is missing")
	}
	return r.data[begin:r.at]
}

func isLiteral(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '.' || c == '-' || c == '+' || c == 'E'
}

// fail keeps the first error, and goes to the end so that nothing more is read.
func (r *Reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s, at byte %d", ErrMalformed, what, r.at)
	}
	r.at = len(r.data)
}
