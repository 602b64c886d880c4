// Package market gives the servers that tickboard is measured against the
// market that tickboard's own simulation makes for load: the same symbols, an
// even drip, quotes of the same fields and size. It costs them next to nothing.
//
//	market.go   which symbol is due when, and its quote
//	request.go  what a client asks for
package market

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// pause is the least time between two looks at the clock, as in the simulation:
// what is due within it goes out together.
const pause = 2 * time.Millisecond

// Market is a number of symbols that all change at one rate, one after the
// other. One goroutine at a time may use it.
type Market struct {
	names    []string
	versions []int64
	gap      time.Duration // between the updates of two symbols
	next     time.Time     // when the next update is due
	symbol   int           // of the next update
}

// New returns a market of symbols that each change rate times a second, from
// now on.
func New(symbols int, rate float64) *Market {
	m := &Market{
		names:    make([]string, symbols),
		versions: make([]int64, symbols),
		gap:      time.Duration(float64(time.Second) / rate / float64(symbols)),
		next:     time.Now(),
	}
	for i := range m.names {
		m.names[i] = Name(i)
	}
	return m
}

// Name is the name of the n-th symbol.
func Name(n int) string { return fmt.Sprintf("SIM%04d", n) }

// Symbols is how many there are.
func (m *Market) Symbols() int { return len(m.names) }

// Wait is how long to sleep after a look at the clock at now.
func (m *Market) Wait(now time.Time) time.Duration { return max(m.next.Sub(now), pause) }

// Due calls update for each symbol whose quote has changed at now, with the time
// at which the change was due.
func (m *Market) Due(now time.Time, update func(symbol int, due time.Time)) {
	if now.Sub(m.next) > time.Second { // what is older is left out
		m.next = now
	}
	for !m.next.After(now) {
		update(m.symbol, m.next)
		m.symbol = (m.symbol + 1) % len(m.names)
		m.next = m.next.Add(m.gap)
	}
}

// Version gives the symbol's next quote its version.
func (m *Market) Version(symbol int, now time.Time) int64 {
	m.versions[symbol] = max(m.versions[symbol]+1, now.UnixMicro())
	return m.versions[symbol]
}

// AppendQuote appends the symbol's quote, one line of JSON.
func (m *Market) AppendQuote(dst []byte, symbol int, due time.Time, version int64) []byte {
	dst = append(dst, `{"symbol":"`...)
	dst = append(dst, m.names[symbol]...)
	dst = append(dst, `","price":12.`...)
	dst = strconv.AppendInt(dst, 10+version%90, 10)
	dst = append(dst, `,"change":0.05,"change_percent":0.39,"previous_close":12.93,"open":12.93,"high":13.06,"low":12.02,"volume":1652182,"bid":12.98,"bid_size":100,"ask":12.99,"ask_size":200,"currency":"USD","time":"`...)
	dst = due.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	dst = append(dst, `","version":`...)
	dst = strconv.AppendInt(dst, version, 10)
	return append(dst, `,"session":"regular","timeliness":"simulated","source":"sim"}`...)
}

// Run publishes every change until ctx ends. The quote is the receiver's to keep.
func (m *Market) Run(ctx context.Context, publish func(symbol int, version int64, quote []byte)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		m.Due(now, func(symbol int, due time.Time) {
			version := m.Version(symbol, now)
			publish(symbol, version, m.AppendQuote(make([]byte, 0, 512), symbol, due, version))
		})
		timer.Reset(m.Wait(time.Now()))
	}
}
