package alert

import (
	"bytes"
	"time"
)

// Entry is one notification as streams send it. It is made once and shared:
// nobody changes it.
type Entry struct {
	ID    int64
	Frame []byte

	to      addressee
	expires time.Time
}

// entry encodes n, by way of scratch.
func (l *Log) entry(scratch []byte, n *Notification) (*Entry, []byte) {
	scratch = l.encode(scratch[:0], *n)
	return &Entry{ID: n.ID, Frame: bytes.Clone(scratch), to: addresseeOf(n), expires: n.Expires}, scratch
}

// ring holds the newest entries, a bounded number of them, with no number
// missing in between: first to last, none when first is above last.
type ring struct {
	slots       []*Entry // the entry of a number is in the slot number % len
	first, last int64
}

// newRing makes a ring that is empty and expects the number after last.
func newRing(size int, last int64) ring {
	return ring{slots: make([]*Entry, size), first: last + 1, last: last}
}

// push adds the next entry. Where retention was faster than the reader and a
// number is missing, the ring begins anew.
func (r *ring) push(e *Entry) {
	if e.ID != r.last+1 {
		clear(r.slots)
		r.first = e.ID
	}
	size := int64(len(r.slots))
	r.slots[e.ID%size] = e
	r.last = e.ID
	r.first = max(r.first, e.ID-size+1)
}

// holds says that every entry after the number id is here.
func (r *ring) holds(id int64) bool { return id >= r.first-1 }

// appendAfter appends the entries after id, which the ring holds, that may be for
// an audience, as far as dst has room, and returns up to which number it looked.
func (r *ring) appendAfter(dst []*Entry, id int64, a Audience) ([]*Entry, int64) {
	for id = r.skip(id, a); id < r.last && len(dst) < cap(dst); id = r.skip(id+1, a) {
		dst = append(dst, r.slots[(id+1)%int64(len(r.slots))])
	}
	return dst, id
}

// skip is the last number after id, which the ring holds, up to which no entry
// is for an audience.
func (r *ring) skip(id int64, a Audience) int64 {
	for size := int64(len(r.slots)); id < r.last && !a.mayBe(r.slots[(id+1)%size].to); id++ {
	}
	return id
}

// len is the number of entries held.
func (r *ring) len() int { return int(r.last - r.first + 1) }
