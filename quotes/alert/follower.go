package alert

import (
	"context"
	"time"
)

// Follower is a stream's place in the log. It costs its cursor and no
// goroutine, and nobody waits for it. One goroutine at a time uses it.
type Follower struct {
	log      *Log
	audience Audience
	bell     chan<- struct{}
	cursor   int64 // the number of the last entry taken or passed over
	lost     bool
	closed   bool
}

// Follow returns a follower that takes the entries for an audience after the
// number after, usually a Start's ID. Its bell, a channel of capacity 1, is rung
// without waiting whenever the log grew, and at once if there are entries
// already; any number of followers may share one. Close gives it back.
func (l *Log) Follow(bell chan<- struct{}, after int64, a Audience) *Follower {
	l.bellsMu.Lock()
	l.bells[bell]++
	l.bellsMu.Unlock()
	f := &Follower{log: l, audience: a, bell: bell, cursor: max(after, 0)}
	if f.Behind() { // asked after the bell hangs, so that no entry is missed in between
		ringBell(bell)
	}
	return f
}

// Behind says that Take has not looked at every entry that there is.
func (f *Follower) Behind() bool { return f.cursor < f.log.Last() }

// Pass moves over the next entries in memory that are for another profile, and
// says whether Take would look at any that is left. It costs no more than a look,
// so that a stream is not woken for what it does not get.
func (f *Follower) Pass() bool {
	l := f.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ring.holds(f.cursor) {
		f.cursor = l.ring.skip(f.cursor, f.audience)
	}
	return f.cursor < l.ring.last
}

// Lost says that retention has removed entries before they were taken that may have
// been for the audience. A stream
// that was told of no gap when it began ends then, before it sends what Take
// returned: its client comes back with the number it has, and is told.
func (f *Follower) Lost() bool { return f.lost }

// Take appends the next entries for the audience to dst, oldest first, as far as
// dst has room, and returns it; fewer than there is room for, or none, need not be
// the last (Behind). From memory it does not block or allocate; entries that are
// older are read from the database, and an error is the database's or the
// context's; then nothing is taken.
func (f *Follower) Take(ctx context.Context, dst []*Entry) ([]*Entry, error) {
	for room := cap(dst) - len(dst); room > 0; {
		took, older := f.takeHeld(dst)
		if older == 0 {
			return took, nil
		}
		took, err := f.takeStored(ctx, dst, room, older)
		if err != nil || len(took) > len(dst) {
			return took, err
		}
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
	if !l.ring.holds(f.cursor) {
		defer l.mu.Unlock()
		return dst, l.ring.first - 1 - f.cursor
	}
	took, f.cursor = l.ring.appendAfter(dst, f.cursor, f.audience)
	l.mu.Unlock()
	if len(took) > len(dst) {
		took = f.audience.keep(took, len(dst), time.Now())
	}
	return took, 0
}

// takeStored takes from the database, where older numbers lie between the cursor
// and what is in memory.
func (f *Follower) takeStored(ctx context.Context, dst []*Entry, limit int, older int64) ([]*Entry, error) {
	f.log.counts.oldReads.Add(1)
	rows, err := f.log.store.AfterFor(ctx, f.audience.Profile, f.cursor, limit)
	if err != nil {
		return dst, err
	}
	if err := f.notePruned(ctx, rows); err != nil {
		return dst, err
	}
	if f.cursor += older; len(rows) > 0 && (len(rows) == limit || rows[len(rows)-1].ID > f.cursor) {
		f.cursor = rows[len(rows)-1].ID
	}
	var scratch []byte
	took := dst
	for i := range rows {
		var e *Entry
		e, scratch = f.log.entry(scratch, &rows[i])
		took = append(took, e)
	}
	return f.audience.keep(took, len(dst), time.Now()), nil
}

// notePruned finds out whether retention has removed what may have been among
// rows, which were read after the cursor. Where no number is missing it was not.
func (f *Follower) notePruned(ctx context.Context, rows []Notification) error {
	if f.lost || len(rows) > 0 && rows[0].ID == f.cursor+1 {
		return nil
	}
	pruned, err := f.log.store.PrunedFor(ctx, f.audience.Profile)
	if err != nil || pruned <= f.cursor {
		return err
	}
	f.lost = true
	f.log.counts.lost.Add(1)
	return nil
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
