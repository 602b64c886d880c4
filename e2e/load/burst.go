//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tickboard/tickboard/e2e/load/market"
)

const (
	burstChanges = 100
	// burstLead is how long the recording is quiet before the burst: the time to
	// open the streams.
	burstLead = 12 * time.Second
	burstRate = 4 // that the clients ask for
	// burstGoal is how far a client may be behind beside its own pace.
	burstGoal = 300 * time.Millisecond
)

// burst plays a recording in which every symbol changes 100 times in a second.
func (l *lab) burst(o options, c contender, say *findings) error {
	w := workload{Name: "burst", Streams: 2000, Symbols: 1000, Each: 10, Rate: burstChanges, MaxRate: burstRate}.scaled(o.scale)
	w.Symbols = max(100, int(1000*min(o.scale, 1)))
	if err := checkDescriptors(w.Streams); err != nil {
		return err
	}
	began := time.Now().UTC().Truncate(time.Second)
	t, err := l.begin(c, w, func(dir string) *exec.Cmd {
		path := filepath.Join(dir, "burst.csv")
		if err := record(path, began, w.Symbols); err != nil {
			say.Faults = append(say.Faults, err.Error())
		}
		return tickboard(o.binary, dir, w, "replay://"+path+"?speed=1")
	})
	if err != nil {
		return err
	}
	watch := newBurstWatch(began.Add(burstLead).UnixMicro(), w.Symbols)
	t.fleet.onQuote = watch.quote
	cpu, err := cpuTime(t.server.pid())
	if err != nil {
		return err
	}
	t.fleet.poll(time.Now().Add(burstLead + 5*time.Second))
	after, err := cpuTime(t.server.pid())
	t.fleet.lost(catchUp)
	say.end(t)
	watch.report(w, say)
	say.fact("CPU, from the first stream to the end", "s", (after - cpu).Seconds(), 0)
	return err
}

// record writes the recording: each symbol once, and the burst.
func record(path string, began time.Time, symbols int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "time,symbol,type,price,size,bid,bid_size,ask,ask_size")
	row := func(at time.Time, symbol, n int) {
		fmt.Fprintf(out, "%s,%s,trade,100.%02d,10,,,,\n", at.Format(time.RFC3339Nano), market.Name(symbol), n%100)
	}
	for symbol := range symbols {
		row(began, symbol, 0)
	}
	changes := burstChanges * symbols
	for i := range changes {
		row(began.Add(burstLead+time.Duration(i)*time.Second/time.Duration(changes)), i%symbols, 1+i/symbols)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// burstWatch measures how far streams are behind.
type burstWatch struct {
	from      int64   // the recorded time of the burst's first change
	published []int64 // by symbol: the version before the newest one that was seen
	offset    int64   // the least difference of version and recorded time
	late      int64   // the greatest
	behind    int64
	age       *latencies
	final     int64 // arrival of the last quote
}

func newBurstWatch(from int64, symbols int) *burstWatch {
	return &burstWatch{from: from, published: make([]int64, symbols), age: new(latencies), offset: 1 << 62, late: -1 << 62}
}

// quote takes one that is not yet counted in the stream. A stream is behind from
// the change after the one that it shows, a hundredth of a second later, until
// it is told of a newer one.
func (b *burstWatch) quote(st *stream, q quote, now int64) {
	if q.time < b.from {
		return
	}
	b.offset, b.late = min(b.offset, q.version-q.time), max(b.late, q.version-q.time)
	b.age.add(now - q.version)
	b.final = now
	const between = int64(time.Second/time.Microsecond) / burstChanges
	if before := st.find(q.symbol).version; before-b.offset >= b.from {
		b.behind = max(b.behind, now-before-between)
	}
}

func (b *burstWatch) report(w workload, say *findings) {
	if b.age.total == 0 {
		say.Faults = append(say.Faults, "no quote of the burst came")
		return
	}
	say.note("%d symbols, %d clients of %d symbols at max_rate=%d", w.Symbols, w.Streams, w.Each, burstRate)
	pace := time.Second / burstRate
	say.fact("greatest distance from the newest value", "ms", float64(b.behind)/1e3, float64((burstGoal+pace)/time.Millisecond))
	say.fact("age of a quote on arrival, p50", "ms", b.age.at(0.5).Seconds()*1e3, 0)
	say.fact("age of a quote on arrival, greatest", "ms", b.age.worst.Seconds()*1e3, float64((burstGoal+pace)/time.Millisecond))
	say.fact("publisher behind its schedule, greatest", "ms", float64(b.late-b.offset)/1e3, 0)
	say.fact("quotes to the clients", "", float64(b.age.total), 0)
}
