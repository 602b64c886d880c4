//go:build linux

package main

import (
	"time"
)

const (
	stormSpread = 5 * time.Second
	stormRest   = 2 * time.Second // after which everything is as before
	stormLimit  = 30 * time.Second
)

// storm closes every stream at the same moment and lets all come back.
func (l *lab) storm(o options, c contender, say *findings) error {
	w := idle().scaled(o.scale)
	t, err := l.start(o, c, w, "")
	if err != nil {
		return err
	}
	defer say.end(t)
	t.fleet.poll(time.Now().Add(w.settle() + restTime))
	before, err := l.observe(t, w)
	if err != nil {
		return err
	}
	resident, err := memory(t.server.pid(), "VmRSS")
	if err != nil {
		return err
	}
	if err := forgetPeak(t.server.pid()); err != nil {
		return err
	}
	for _, st := range t.fleet.streams {
		t.fleet.drop(st)
	}
	began := time.Now()
	if err := t.fleet.connect(t.fleet.streams, stormSpread, stormLimit); err != nil {
		return err
	}
	took := time.Since(began)
	served := len(t.fleet.streams) - unservedOrClosed(t.fleet.streams)
	peak, err := memory(t.server.pid(), "VmHWM")
	if err != nil {
		return err
	}
	t.fleet.poll(time.Now().Add(stormRest))
	after, err := l.observe(t, w)
	if err != nil {
		return err
	}
	t.fleet.lost(catchUp)
	say.note("%d clients", len(t.fleet.streams))
	say.fact("not served", "clients", float64(len(t.fleet.streams)-served), 0)
	say.fact("last one served after", "s", took.Seconds(), 0)
	say.fact("peak memory / memory before", "", ratio(float64(peak), float64(resident)), 1.5)
	say.fact("memory afterwards / before", "", ratio(after.Resident, before.Resident), 0)
	say.fact("p99 before", "ms", before.P99, 0)
	say.fact("p99 from 2 s after the return on", "ms", after.P99, 0)
	say.fact("p99 afterwards / before", "", ratio(after.P99, before.P99), 1.5)
	say.fact("others on the core", "%", 100*max(before.Others, after.Others), 0)
	return nil
}

func unservedOrClosed(streams []*stream) (n int) {
	for _, st := range streams {
		if st.state == closed || !st.served() {
			n++
		}
	}
	return n
}
