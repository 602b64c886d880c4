package web

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestLatencyCountsEveryObservationOnce(t *testing.T) {
	h := newLatencyHistogram()
	var tally latencyTally
	for _, d := range []time.Duration{time.Microsecond, 50 * time.Microsecond, 51 * time.Microsecond, time.Second, time.Minute} {
		tally.observe(d)
	}
	h.add(&tally)
	h.add(&tally) // it is empty now
	reg := prometheus.NewRegistry()
	reg.MustRegister(h)
	families, err := reg.Gather()
	if err != nil || len(families) != 1 {
		t.Fatal(families, err)
	}
	m := families[0].Metric[0]
	if got := m.Histogram; got.GetSampleCount() != 5 || got.GetSampleSum() < 61 || got.GetSampleSum() > 61.001 {
		t.Errorf("%v", got)
	}
	for _, b := range m.Histogram.Bucket {
		want := uint64(3)
		switch {
		case b.GetUpperBound() < 100e-6:
			want = 2
		case b.GetUpperBound() >= 1:
			want = 4
		}
		if b.GetCumulativeCount() != want {
			t.Errorf("%d up to %v, want %d", b.GetCumulativeCount(), b.GetUpperBound(), want)
		}
	}
}
