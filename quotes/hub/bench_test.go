package hub_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/hub"
)

// quote is as big as what the hub carries in earnest.
type quote struct {
	price int64
	_     [440]byte
}

func encodeQuote(dst []byte, q quote) []byte { return strconv.AppendInt(dst, q.price, 10) }

// BenchmarkPublish: the cost does not depend on how many readers share a bell.
func BenchmarkPublish(b *testing.B) {
	for _, readers := range []int{0, 1_000, 10_000} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			h := hub.New[string](encodeQuote)
			defer h.Close()
			bell := hub.NewBell()
			for range readers {
				h.Subscribe(bell, "AAPL")
			}
			b.ReportAllocs()
			version := int64(0)
			for b.Loop() {
				version++
				h.Publish("AAPL", quote{price: version}, version)
			}
		})
	}
}

// BenchmarkPublishParked is the publisher's own time with readers that wait in
// Next, each on its own bell. "rested": all are parked and a processor is idle
// when the next value comes; one reader then shows what waking an idle
// processor costs by itself. "flat out": the publisher does nothing else.
func BenchmarkPublishParked(b *testing.B) {
	for _, readers := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("readers=%d/rested", readers), func(b *testing.B) {
			publishParked(b, readers, 2*time.Millisecond)
		})
		b.Run(fmt.Sprintf("readers=%d/flat out", readers), func(b *testing.B) {
			publishParked(b, readers, 0)
		})
	}
}

func publishParked(b *testing.B, readers int, rest time.Duration) {
	h := hub.New[string](encodeQuote)
	newest := make([]atomic.Int64, readers)
	var own []time.Duration
	version := int64(0)
	park(b, h, newest)
	for b.Loop() {
		if rest > 0 {
			awaitAll(newest, version)
			for since := time.Now(); time.Since(since) < rest; {
			}
		}
		version++
		q := quote{price: version}
		start := time.Now()
		h.Publish("AAPL", q, version)
		own = append(own, time.Since(start))
	}
	reportOwn(b, own)
}

func awaitAll(newest []atomic.Int64, version int64) {
	for i := range newest {
		for newest[i].Load() < version {
			runtime.Gosched()
		}
	}
}

// park starts readers of AAPL that wait in Next and note the version that they
// have; it ends them with the benchmark.
func park(b *testing.B, h *hub.Hub[string, quote], newest []atomic.Int64) {
	var wg sync.WaitGroup
	for i := range newest {
		r := h.Subscribe(nil, "AAPL")
		wg.Go(func() {
			dst := make([]*hub.Frame[string, quote], 0, 1)
			for {
				got, err := r.Next(context.Background(), dst)
				if err != nil {
					return
				}
				newest[i].Store(got[0].Version())
			}
		})
	}
	b.Cleanup(func() {
		h.Close()
		wg.Wait()
	})
}

// reportOwn reports how long the publishes took, and not what was done between.
func reportOwn(b *testing.B, own []time.Duration) {
	var sum time.Duration
	for _, d := range own {
		sum += d
	}
	slices.Sort(own)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(sum.Nanoseconds())/float64(len(own)), "own-ns")
	b.ReportMetric(float64(own[len(own)/2]), "p50-ns")
	b.ReportMetric(float64(own[len(own)*99/100]), "p99-ns")
	b.ReportMetric(float64(own[len(own)-1]), "max-ns")
}

// BenchmarkTake is a Take of ten keys, and that of a writer loop with very many
// keys that answers its bell 1,000 times a second while 20,000 values a second
// are published. take-ns and take-allocs are of the Take alone, the others with
// the publishing.
func BenchmarkTake(b *testing.B) {
	for _, c := range []struct{ keys, changed int }{{10, 1}, {10, 10}, {1_000, 20}, {10_000, 20}} {
		b.Run(fmt.Sprintf("keys=%d/changed=%d", c.keys, c.changed), func(b *testing.B) {
			benchmarkTake(b, symbols(c.keys), c.changed)
		})
	}
}

func benchmarkTake(b *testing.B, keys []string, changed int) {
	h := hub.New[string](encodeQuote)
	r := h.Subscribe(nil, keys...)
	dst := make([]*hub.Frame[string, quote], 0, len(keys))
	version := int64(0)
	publish := func() {
		for range changed {
			version++
			h.Publish(keys[version*7919%int64(len(keys))], quote{}, version)
		}
	}
	for range 2 * len(keys) / changed {
		publish()
	}
	r.Take(dst)
	without := testing.AllocsPerRun(100, publish)
	with := testing.AllocsPerRun(100, func() { publish(); r.Take(dst) })
	var taking time.Duration
	n := 0
	for b.Loop() {
		publish()
		start := time.Now()
		if got := r.Take(dst); len(got) != changed {
			b.Fatalf("took %d values of %d", len(got), changed)
		}
		taking += time.Since(start)
		n++
	}
	b.ReportMetric(float64(taking.Nanoseconds())/float64(n), "take-ns")
	b.ReportMetric(with-without, "take-allocs")
}

// BenchmarkSubscribe opens and closes one more reader beside 10,000 with their
// own bells.
func BenchmarkSubscribe(b *testing.B) {
	for _, others := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			h := hub.New[string](encodeQuote)
			h.Publish("AAPL", quote{}, 1)
			for range others {
				h.Subscribe(nil, "AAPL")
			}
			b.ReportAllocs()
			for b.Loop() {
				h.Subscribe(nil, "AAPL").Close()
			}
		})
	}
}

func symbols(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("SIM%05d", i)
	}
	return keys
}
