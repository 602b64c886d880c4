//go:build linux

package main

import "time"

// latencyAtHalf finds out how many streams take half of the core, and measures
// the latency with them.
func (l *lab) latencyAtHalf(o options, c contender, say *findings) error {
	w := spread().scaled(o.scale / 2)
	for range 4 { // the cost of an event depends a little on how many there are
		x, err := l.steady(c, w)
		if err != nil {
			return err
		}
		if 0.45 < x.Share && x.Share < 0.55 {
			break
		}
		w.Streams = max(1, int(float64(w.Streams)*0.5/max(x.Share, 0.01)))
		w.Streams = min(w.Streams, int(19_000*o.scale))
	}
	x, err := l.quietest(o, c, w)
	if err != nil {
		return err
	}
	say.Faults = append(say.Faults, x.Faults...)
	say.fact("streams × 20/s", "", float64(w.Streams), 0)
	say.fact("share of the core", "%", 100*x.Share, 0)
	say.fact("others on the core", "%", 100*x.Others, 0)
	say.fact("p50", "ms", x.P50, 3)
	say.fact("p99", "ms", x.P99, 15)
	say.fact("p99.9", "ms", x.P999, 40)
	return nil
}

// stalledWindow stays below --write-timeout, after which a client that takes
// nothing is closed.
const stalledWindow = 15 * time.Second

// stalledClients measures the same clients alone and beside others, a tenth of
// all, that never read.
func (l *lab) stalledClients(o options, c contender, say *findings) error {
	w := spread().scaled(o.scale * 0.45)
	longer := *l
	longer.window = min(2*l.window, stalledWindow)
	l = &longer
	without, err := l.quietest(o, c, w)
	if err != nil {
		return err
	}
	w.Stalled = max(1, w.Streams/9)
	with, err := l.quietest(o, c, w)
	if err != nil {
		return err
	}
	say.Faults = append(append(say.Faults, without.Faults...), with.Faults...)
	say.fact("p99 without", "ms", without.P99, 0)
	say.fact("p99 with", "ms", with.P99, 0)
	say.fact("p99 with / without", "", ratio(with.P99, without.P99), 1.2)
	say.fact("CPU an event without", "µs", without.CPU, 0)
	say.fact("CPU an event with", "µs", with.CPU, 0)
	say.fact("resident at the end / at the beginning, with", "", with.Growth, 0)
	say.fact("kernel memory a stream without", "KB", without.Kernel, 0)
	say.fact("kernel memory a stream with", "KB", with.Kernel, 0)
	say.fact("others on the core", "%", 100*max(without.Others, with.Others), 0)
	return nil
}
