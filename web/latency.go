package web

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// latencyBounds are the upper bounds of the histogram's buckets.
var latencyBounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 10 * time.Second,
}

// middleBound lets what waited for a stream's pace be found as fast as what did
// not.
const middleBound = 7

// latencyTally are observations on their way to the histogram, of one goroutine:
// a few steps each, for there is one for each quote that is written.
type latencyTally struct {
	buckets [len(latencyBounds) + 1]uint64 // the last is of what is above all bounds
	sum     time.Duration
	count   uint64
}

func (t *latencyTally) observe(d time.Duration) {
	i := 0
	if d > latencyBounds[middleBound] {
		i = middleBound + 1
	}
	for i < len(latencyBounds) && d > latencyBounds[i] {
		i++
	}
	t.buckets[i]++
	t.sum += d
	t.count++
}

// latencyHistogram is the time from a quote's entry into the system to its write
// to a client. It implements prometheus.Collector.
type latencyHistogram struct {
	desc *prometheus.Desc

	mu    sync.Mutex
	total latencyTally // guarded by mu
}

func newLatencyHistogram() *latencyHistogram {
	return &latencyHistogram{desc: prometheus.NewDesc("tickboard_feed_to_write_seconds",
		"Time from a quote's arrival to its write to a client, of every quote written but for the snapshots at a stream's begin. "+
			"The clock is read once for up to 16 streams that are written one after the other.", nil, nil)}
}

// add takes over a tally and empties it.
func (h *latencyHistogram) add(t *latencyTally) {
	if t.count == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, n := range t.buckets {
		h.total.buckets[i] += n
	}
	h.total.sum += t.sum
	h.total.count += t.count
	*t = latencyTally{}
}

// Describe implements prometheus.Collector.
func (h *latencyHistogram) Describe(out chan<- *prometheus.Desc) { out <- h.desc }

// Collect implements prometheus.Collector.
func (h *latencyHistogram) Collect(out chan<- prometheus.Metric) {
	h.mu.Lock()
	total := h.total
	h.mu.Unlock()
	buckets := make(map[float64]uint64, len(latencyBounds))
	var below uint64
	for i, bound := range latencyBounds {
		below += total.buckets[i]
		buckets[bound.Seconds()] = below
	}
	out <- prometheus.MustNewConstHistogram(h.desc, total.count, total.sum.Seconds(), buckets)
}
