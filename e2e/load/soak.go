//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tickboard/tickboard/e2e/load/market"
)

const (
	soakStreams = 19_000
	// movesPerSecond is how many streams get another symbol.
	movesPerSecond = 50
	soakSlice      = 100 * time.Millisecond
	// moveTime bounds the time from the answer to a move until the new symbol's
	// quote is there and the old one's are no more.
	moveTime = 15 * time.Second
	// meanTime is how long memory is averaged over, for it swings with the
	// garbage collector.
	meanTime = 15 * time.Second
)

// soak keeps streams of two symbols open and moves one of the two, stream by
// stream, for as long as the options say.
func (l *lab) soak(o options, c contender, say *findings) error {
	w := workload{Name: "soak", Streams: soakStreams, Symbols: 200, Each: 2, Rate: 0.5, MaxRate: 50}.scaled(o.scale)
	t, err := l.startSoak(o, c, w)
	if err != nil {
		return err
	}
	defer say.end(t)
	mv := newMover(t.fleet, w.Symbols, t.server.host)
	defer mv.close()
	settled := min(time.Minute, o.soak/5)
	mv.poll(settled)
	first, err := mv.meanResident(t.server.pid(), min(meanTime, o.soak/5))
	if err != nil {
		return err
	}
	t.fleet.reset()
	mv.poll(o.soak - settled)
	last, err := mv.meanResident(t.server.pid(), min(meanTime, o.soak/5))
	if err != nil {
		return err
	}
	mv.finish()
	t.fleet.lost(catchUp)
	say.note("%d streams for %v", w.Streams, o.soak)
	say.fact("streams lost", "", float64(w.Streams-t.fleet.open), 0)
	say.fact("symbols moved", "", float64(mv.moved), 0)
	say.fact("events", "", float64(t.fleet.counts.quotes), 0)
	say.fact("p99", "ms", t.fleet.latency.at(0.99).Seconds()*1e3, 0)
	say.fact("resident memory at the end", "MB", last/(1<<20), 0)
	say.fact("resident memory, end / first minute", "", ratio(last, first), 1.02)
	return nil
}

// startSoak opens the streams and keeps their ids.
func (l *lab) startSoak(o options, c contender, w workload) (*trial, error) {
	keep := func(st *stream, data []byte) {
		var hello struct{ Stream string }
		if json.Unmarshal(data, &hello) == nil {
			st.id = hello.Stream
		}
	}
	if err := checkDescriptors(w.Streams); err != nil {
		return nil, err
	}
	l.onHello = keep
	defer func() { l.onHello = nil }()
	return l.start(o, c, w, "")
}

// mover changes the symbols of streams; it belongs to the fleet's goroutine, and
// has one of its own for the calls.
type mover struct {
	fleet   *fleet
	symbols int
	calls   chan *move
	answers chan *move
	open    int
	next    int // stream
	moved   int
	waiting []*move // answered; of which the new symbol's quote, or the end of the old one's, is due
}

// move is one stream's.
type move struct {
	stream      *stream
	id          string
	add, remove int
	err         error
	answered    time.Time
}

func newMover(f *fleet, symbols int, host string) *mover {
	m := &mover{fleet: f, symbols: symbols, calls: make(chan *move, movesPerSecond), answers: make(chan *move, movesPerSecond)}
	go callAll(host, m.calls, m.answers)
	return m
}

// callAll makes the calls until there are no more.
func callAll(host string, calls <-chan *move, answers chan<- *move) {
	client := &http.Client{Timeout: moveTime}
	defer client.CloseIdleConnections()
	defer close(answers)
	for c := range calls {
		c.err = c.call(client, host)
		answers <- c
	}
}

func (c *move) call(client *http.Client, host string) error {
	body := fmt.Sprintf(`{"add":[%q],"remove":[%q]}`, market.Name(c.add), market.Name(c.remove))
	resp, err := client.Post("http://"+host+"/stream/"+c.id+"/symbols", "application/json", bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Symbols []string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK || len(answer.Symbols) != 2 {
		return fmt.Errorf("%s, symbols %q: %w", resp.Status, answer.Symbols, err)
	}
	return nil
}

// poll moves symbols while the fleet reads.
func (m *mover) poll(d time.Duration) {
	end := time.Now().Add(d)
	for time.Now().Before(end) {
		for range int(movesPerSecond * soakSlice / time.Second) {
			m.begin()
		}
		m.fleet.poll(time.Now().Add(soakSlice))
		m.collect()
	}
}

// begin sends the next stream a symbol that it does not have, unless the calls
// do not keep up.
func (m *mover) begin() {
	if m.open == cap(m.calls) {
		return
	}
	st := m.fleet.streams[m.next%len(m.fleet.streams)]
	m.next++
	if st.state != inBody || st.id == "" || len(st.watched) != 2 { // a move of it is under way
		return
	}
	add := (st.watched[1].symbol + 1 + m.next) % m.symbols
	for st.find(add) != nil {
		add = (add + 1) % m.symbols
	}
	c := &move{stream: st, id: st.id, add: add, remove: st.watched[0].symbol}
	st.watched = append(st.watched, watched{symbol: add})
	st.watched[0].gone = true
	m.open++
	m.calls <- c
}

// collect takes the answers, and looks at what was moved moveTime ago.
func (m *mover) collect() {
	for {
		select {
		case c := <-m.answers:
			m.open--
			if c.err != nil {
				m.fleet.faults.add("move", c.err.Error())
			}
			c.answered = time.Now()
			m.waiting = append(m.waiting, c)
			continue
		default:
		}
		break
	}
	for len(m.waiting) > 0 && time.Since(m.waiting[0].answered) > moveTime {
		m.settle(m.waiting[0])
		m.waiting = m.waiting[1:]
	}
}

// settle wants the new symbol's quote; from now on the old one's is a fault.
func (m *mover) settle(c *move) {
	st := c.stream
	if st.state != inBody || c.err != nil {
		return
	}
	if w := st.find(c.add); w == nil || w.version == 0 {
		m.fleet.faults.add("move", "no quote of an added symbol within "+moveTime.String())
	}
	st.watched = append([]watched(nil), st.watched[1:]...)
	m.moved++
}

// finish waits for what is under way.
func (m *mover) finish() {
	for end := time.Now().Add(2 * moveTime); m.open+len(m.waiting) > 0 && time.Now().Before(end); {
		m.fleet.poll(time.Now().Add(soakSlice))
		m.collect()
	}
}

// close ends the calls.
func (m *mover) close() {
	close(m.calls)
	for range m.answers { // until the goroutine has ended
		continue
	}
}

// meanResident is resident memory over a while.
func (m *mover) meanResident(pid int, d time.Duration) (float64, error) {
	var sum float64
	const parts = 15
	for range parts {
		m.poll(d / parts)
		n, err := memory(pid, "VmRSS")
		if err != nil {
			return 0, err
		}
		sum += float64(n)
	}
	return sum / parts, nil
}
