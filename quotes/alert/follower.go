package alert

import (
	"bytes"
	"context"
)

// Follower is a stream's place in the log. It costs its cursor and no
// goroutine, and nobody waits for it. One goroutine at a time uses it.
type Follower struct {
	log    *Log
	bell   chan<- struct{}
	cursor int64 // the number of the last entry taken
	lost   bool
	closed bool
}

// Follow returns a follower that takes the entries after the number after,
// usually a Start's ID. Its bell, a channel of capacity 1, is rung without
// waiting whenever the log grew, and at once if there are entries already; any
// number of followers may share one. Close gives it back.
func (l *Log) Follow(bell chan<- struct{}, after int64) *Follower {
	l.bellsMu.Lock()
	l.bells[bell]++
	l.bellsMu.Unlock()
	f := &Follower{log: l, bell: bell, cursor: max(after, 0)}
	if f.Behind() { // asked after the bell hangs, so that no entry is missed in between
		ringBell(bell)
	}
	return f
}

// Behind says that Take would find entries.
func (f *Follower) Behind() bool { return f.cursor < f.log.Last() }

// Lost says that retention has removed entries before they were taken. A stream
// that was told of no gap when it began ends then, before it sends what Take
// returned: its client comes back with the number it has, and is told.
func (f *Follower) Lost() bool { return f.lost }

// Take appends the next entries to dst, oldest first, as far as dst has room,
// and returns it; nothing is appended when there are none, and fewer than there
// is room for need not be the last (Behind). From memory it does not block or
// allocate; entries that are older are read from the database, and an error is
// the database's or the context's; then nothing is taken.
func (f *Follower) Take(ctx context.Context, dst []*Entry) ([]*Entry, error) {
	for room := cap(dst) - len(dst); room > 0; {
		took, older := f.takeHeld(dst)
		if older == 0 {
			return took, nil
		}
		took, err := f.takeStored(ctx, dst, int(min(int64(room), older)))
		if err != nil || len(took) > len(dst) {
			return took, err
		}
		f.moveTo(f.cursor + older) // retention has removed them all
	}
	return dst, nil
}

// TakeHeld is Take from memory alone: it never blocks and has no error. It
// reports false, and takes nothing, where the next entries are older than what
// is there and Take would read the database.
func (f *Follower) TakeHeld(dst []*Entry) (took []*Entry, held bool) {
	took, older := f.takeHeld(dst)
	return took, older == 0
}

// takeHeld takes from memory, or says how many numbers lie between the cursor
// and what is there.
func (f *Follower) takeHeld(dst []*Entry) (took []*Entry, older int64) {
	l := f.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ring.holds(f.cursor) {
		return dst, l.ring.first - 1 - f.cursor
	}
	took = l.ring.appendAfter(dst, f.cursor)
	if len(took) > len(dst) {
		f.cursor = took[len(took)-1].ID
	}
	return took, 0
}

// takeStored takes from the database.
func (f *Follower) takeStored(ctx context.Context, dst []*Entry, limit int) ([]*Entry, error) {
	f.log.counts.oldReads.Add(1)
	rows, err := f.log.store.After(ctx, f.cursor, limit)
	if err != nil {
		return dst, err
	}
	var scratch []byte
	for _, n := range rows {
		scratch = f.log.encode(scratch[:0], n)
		dst = append(dst, &Entry{ID: n.ID, Frame: bytes.Clone(scratch)})
		f.moveTo(n.ID - 1)
		f.cursor = n.ID
	}
	return dst, nil
}

// moveTo moves the cursor over numbers that are no longer there.
func (f *Follower) moveTo(id int64) {
	if f.cursor >= id {
		return
	}
	f.cursor = id
	if !f.lost {
		f.lost = true
		f.log.counts.lost.Add(1)
	}
}

// Close takes the bell down; it is not rung again. Calling it twice does
// nothing. A Take may be under way.
func (f *Follower) Close() {
	if f.closed {
		return
	}
	f.closed = true
	l := f.log
	l.bellsMu.Lock()
	defer l.bellsMu.Unlock()
	if l.bells[f.bell]--; l.bells[f.bell] == 0 {
		delete(l.bells, f.bell)
	}
}
