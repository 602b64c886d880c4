//go:build linux

package main

import (
	"fmt"
	"math"
	"time"
)

// workload is what the clients of a server ask for and what its market does.
type workload struct {
	Name    string  `json:"name"`
	Streams int     `json:"streams"`
	Symbols int     `json:"symbols"`           // of the market
	Each    int     `json:"symbols_a_stream"`  // symbols of each stream
	Rate    float64 `json:"rate"`              // changes a second and symbol
	MaxRate float64 `json:"max_rate"`          // that the streams ask for; 50 is as good as none
	Stalled int     `json:"stalled,omitempty"` // further streams that never read
}

// The three loads that the field is compared with.
func hot() workload {
	return workload{Name: "hot", Streams: 5000, Symbols: 1, Each: 1, Rate: 20, MaxRate: 50}
}

func board() workload {
	return workload{Name: "board", Streams: 2000, Symbols: 100, Each: 10, Rate: 5, MaxRate: 50}
}

func idle() workload {
	return workload{Name: "idle", Streams: 15_000, Symbols: 100, Each: 1, Rate: 1, MaxRate: 50}
}

// paced is a workload in turns of 50 ms.
func paced(w workload) workload {
	w.Name += "20"
	w.MaxRate = 20
	return w
}

// spread is hot with the streams over many symbols, so that no quote waits for
// 5,000 writes of the same moment.
func spread() workload {
	w := hot()
	w.Name, w.Symbols = "spread", 100
	return w
}

// scaled has so many times the streams.
func (w workload) scaled(scale float64) workload {
	w.Streams = max(1, int(math.Round(float64(w.Streams)*scale)))
	w.Stalled = int(math.Round(float64(w.Stalled) * scale))
	return w
}

// perSecond is how many changes a second the streams watch together; with a pace
// fewer come.
func (w workload) perSecond() float64 { return float64(w.Streams) * float64(w.Each) * w.Rate }

// settle is how long to wait until every stream has had quotes of its own.
func (w workload) settle() time.Duration {
	return max(time.Second, time.Duration(1.5*float64(time.Second)/w.Rate))
}

func (w workload) String() string {
	text := fmt.Sprintf("%s: %d streams × %d of %d symbols × %g/s", w.Name, w.Streams, w.Each, w.Symbols, w.Rate)
	if w.MaxRate < 50 {
		text += fmt.Sprintf(", max_rate=%g", w.MaxRate)
	}
	if w.Stalled > 0 {
		text += fmt.Sprintf(", and %d that never read", w.Stalled)
	}
	return text
}

// streams makes them: every symbol has as many watchers as any other.
func (w workload) streams() []*stream {
	list := make([]*stream, 0, w.Streams+w.Stalled)
	for i := range w.Streams + w.Stalled {
		symbols := make([]int, w.Each)
		for k := range symbols {
			symbols[k] = (i*7 + k*w.Symbols/w.Each) % w.Symbols
		}
		st := newStream(symbols, w.MaxRate)
		st.stalled = i >= w.Streams
		list = append(list, st)
	}
	return list
}
