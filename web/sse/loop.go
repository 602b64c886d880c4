package sse

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// turnsAtOnce is how many turns a loop makes before it looks at its bell,
	// its wheel and its inbox again: about a millisecond.
	turnsAtOnce = 256
	// turnsByOneClock is how many it makes before it reads the clock again.
	turnsByOneClock = 16
)

// loop serves many streams from one goroutine: what is new is swept together by
// one bell, all that waits is in one wheel, and what others want of a stream is
// in one inbox. A stream that waits costs its own few hundred bytes.
type loop struct {
	server *Server
	desk   Desk // nil where there is none
	bell   Bell // rung by publishers, and by whoever puts something into the inbox
	poller poller
	load   int         // streams, guarded by loops.mu
	over   atomic.Bool // no stream is left and none will come

	mu    sync.Mutex
	inbox []*looped // guarded by mu, as are their pokes

	// The loop's own.
	epoch time.Time
	clock time.Time     // read now and then
	now   time.Duration // the same, since epoch
	timer *time.Timer
	wheel wheel
	queue []*looped // whose turn it is; those before done have had it
	done  int
	tally tally
	rung  bool
	calm  time.Duration // until when the bell is not listened to, since epoch

	// Scratch.
	poked    []poked
	due      []*looped
	contents []Content
	batch    batch
}

// poke is what others want of a stream.
type poke uint8

const (
	pokeServe poke = 1 << iota // it is there
	pokeRing
	pokeUrgent
	pokeRate // its rest has changed
	pokeEnd  // it is to end
	pokeIO   // its socket is to be looked at
)

type poked struct {
	c    *looped
	what poke
}

func newLoop(s *Server) (*loop, error) {
	p, err := s.sockets.newPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{server: s, bell: make(Bell, 1), poller: p, epoch: time.Now(), timer: time.NewTimer(time.Hour)}
	l.desk = s.newDesk(Bells{Paced: l.bell, Urgent: l.bell})
	return l, nil
}

// poke puts a stream into the inbox. It does not block.
func (l *loop) poke(c *looped, what poke) {
	l.mu.Lock()
	if c.pokes == 0 {
		l.inbox = append(l.inbox, c)
	}
	c.pokes |= what
	l.mu.Unlock()
	l.bell.Ring()
}

func (l *loop) pokeIO(c *looped) { l.poke(c, pokeIO) }

// run serves until no stream is left.
func (l *loop) run() {
	for !l.over.Load() {
		l.round()
		l.rest()
	}
	l.timer.Stop()
	l.poller.close()
	if l.desk != nil {
		l.desk.Close()
	}
}

// round does all that is to be done now, but for turns only so many.
func (l *loop) round() {
	l.tell()
	if l.rung {
		l.listen() // a publisher of several rings again while this loop wakes
	}
	l.collect() // after the bell, whose ring may be for what has just come in
	// After the inbox was emptied and before anything is taken, so that a stream
	// begins with what was newest when it was opened, or newer.
	if l.rung && l.desk != nil {
		l.sweep()
	}
	l.rung = false
	l.open()
	l.expire()
	l.turns()
	l.server.counts.add(&l.tally)
}

// sweep lets the desk look at what is new. When there is something that no stream
// is to have before its pace allows, the next look can wait for a tick: to be
// woken by every publisher costs more than the sweeps themselves.
func (l *loop) sweep() {
	before := len(l.queue)
	news := l.desk.Sweep()
	l.calm = 0
	if news && len(l.queue) == before && len(l.poked) == 0 {
		l.calm = l.now + wheelTick
	}
}

// tell reads the clock.
func (l *loop) tell() {
	l.clock = time.Now()
	l.now = l.clock.Sub(l.epoch)
}

// rest waits for the bell or the next that is due, unless there are turns to
// make: then it only lets others run.
func (l *loop) rest() {
	if len(l.queue) > 0 {
		runtime.Gosched()
		l.listen()
		return
	}
	now := time.Since(l.epoch)
	due, any := l.wheel.next()
	if now < l.calm {
		if !any || due > l.calm {
			due = l.calm
		}
		l.timer.Reset(due - now)
		<-l.timer.C
		l.listen()
		return
	}
	if any {
		l.timer.Reset(due - now)
	}
	select {
	case <-l.bell:
		l.rung = true
	case <-l.timer.C:
	}
}

// listen notes whether the bell was rung.
func (l *loop) listen() {
	select {
	case <-l.bell:
		l.rung = true
	default:
	}
}

// collect empties the inbox.
func (l *loop) collect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.inbox) > 0 {
		l.rung = true // there may be news with it
	}
	for _, c := range l.inbox {
		l.poked = append(l.poked, poked{c, c.pokes})
		c.pokes = 0
	}
	clear(l.inbox)
	l.inbox = l.inbox[:0]
}

// open answers what was in the inbox.
func (l *loop) open() {
	for _, p := range l.poked {
		l.answer(p.c, p.what)
	}
	clear(l.poked)
	l.poked = l.poked[:0]
}

// answer does what others want of a stream.
func (l *loop) answer(c *looped, what poke) {
	if what&pokeServe != 0 {
		l.begin(c)
	}
	if c.phase == phaseOver || c.phase == phaseNone {
		return
	}
	if what&pokeIO != 0 && !l.look(c) {
		return
	}
	if what&pokeEnd != 0 && c.phase == phaseOpen {
		l.goodbye(c, *c.stream.ending.Load(), nil)
		return
	}
	if what&(pokeRing|pokeUrgent) != 0 {
		c.ready(what&pokeUrgent != 0)
	}
	if what&pokeRate != 0 {
		c.next = 0
		l.schedule(c)
	}
}

// expire looks after those that are due.
func (l *loop) expire() {
	l.due = l.wheel.expire(l.now, l.due)
	for _, c := range l.due {
		l.attend(c)
	}
	clear(l.due)
	l.due = l.due[:0]
}

// fetch brings what the next turns need into the processor's cache, and lets the
// desk do so. Thousands of streams find nothing of theirs there; one after the
// other each would wait for the memory several times, together they wait as long
// as one.
func (l *loop) fetch(next []*looped) {
	for _, c := range next {
		l.contents = append(l.contents, c.stream.content)
		touch(c.sent + c.stream.tally.turns)
		if c.socket != nil {
			c.socket.fetch()
		}
	}
	if l.desk != nil {
		l.desk.Fetch(l.contents)
	}
	clear(l.contents)
	l.contents = l.contents[:0]
}

// touch is a use of what was read, so that it is read.
//
//go:noinline
func touch(int64) {}

// turns makes the next turns.
func (l *loop) turns() {
	last := min(l.done+turnsAtOnce, len(l.queue))
	for l.done < last {
		if l.done%turnsByOneClock == 0 {
			l.fetch(l.queue[l.done:min(l.done+turnsByOneClock, last)])
		}
		c := l.queue[l.done]
		l.queue[l.done] = nil
		c.queued = false
		if l.done++; l.done%turnsByOneClock == 0 {
			l.tell()
		}
		switch {
		case c.phase != phaseOpen:
		case c.rest == nil:
			l.turn(c)
		default:
			l.arm(c)
		}
	}
	if l.done > len(l.queue)/2 {
		n := copy(l.queue, l.queue[l.done:])
		clear(l.queue[n:])
		l.queue, l.done = l.queue[:n], 0
	}
}
