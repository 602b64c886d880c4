package feed

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// sweepEvery is how often the tapes are asked for quotes that have become stale.
const sweepEvery = time.Second

// Market runs sources side by side and publishes their quotes. Of a symbol that
// several sources have, the first of them in the order given owns it, and only
// its quotes are published: no quote mixes two sources.
type Market struct {
	directory   *Directory
	demand      Demand
	versions    quotes.Versions
	supervisors []*supervisor
	published   atomic.Int64
}

// Options are what a Market is made of. Specs, Publish and Logger are needed.
type Options struct {
	// Specs are the sources, in the order of preference.
	Specs []Spec
	// Publish gets every quote, from many goroutines at once; of two quotes of a
	// symbol it takes the one with the higher version as the newer, for they may
	// come out of order. It must not block.
	Publish func(*quotes.StockQuote)
	Logger  *slog.Logger
	// Names win over what the sources say of their instruments. A symbol that no
	// source has is not made known by them.
	Names []quotes.Instrument
}

// NewMarket prepares a market and starts nothing.
func NewMarket(o Options) *Market {
	m := &Market{directory: newDirectory(len(o.Specs), o.Names)}
	names := make(map[string]int)
	for i, spec := range o.Specs {
		name := spec.Source.Name()
		if names[name]++; names[name] > 1 {
			name += "-" + strconv.Itoa(names[name])
		}
		m.supervisors = append(m.supervisors, &supervisor{
			index: i, name: name, spec: spec, log: o.Logger,
			directory: m.directory, demand: &m.demand, versions: &m.versions,
			publish: func(q *quotes.StockQuote) { m.published.Add(1); o.Publish(q) },
			tapes:   make(map[quotes.Symbol]*Tape),
			state:   State{Name: name, URL: spec.URL, Note: spec.Note, Timeliness: spec.Timeliness, Phase: Starting},
		})
	}
	return m
}

// Run runs all sources until ctx ends, and returns nil then. That every source
// has ended does not end it: the last quotes stay and become stale.
func (m *Market) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, s := range m.supervisors {
		wg.Go(func() { s.run(ctx) })
	}
	wg.Go(func() { m.sweep(ctx) })
	wg.Wait()
	return nil
}

func (m *Market) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, s := range m.supervisors {
				s.sweep()
			}
		}
	}
}

// Directory are the instruments that the sources have.
func (m *Market) Directory() *Directory { return m.directory }

// Demand is where to say which symbols are watched.
func (m *Market) Demand() *Demand { return &m.demand }

// States says how each source is, in the order of preference.
func (m *Market) States() []State {
	states := make([]State, 0, len(m.supervisors))
	for _, s := range m.supervisors {
		states = append(states, s.snapshot())
	}
	return states
}

// Complete says that every symbol that a source has listed has a quote. A market
// whose sources follow Demand may never be.
func (m *Market) Complete() bool {
	quoted := 0
	for _, s := range m.supervisors {
		quoted += s.snapshot().Symbols
	}
	return quoted >= m.directory.Len()
}

// Ready says that the market has quotes, or that no source is expected to give
// any: each has ended for good.
func (m *Market) Ready() bool {
	if m.published.Load() > 0 {
		return true
	}
	for _, s := range m.supervisors {
		if phase := s.snapshot().Phase; phase != Finished && phase != Failed {
			return false
		}
	}
	return true
}
