package feed

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// lookEvery is how often the market looks at its clock: for sessions that turn,
// quotes that become stale, sources that fall silent and symbols that are given
// back.
const lookEvery = time.Second

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
	// Last are the quotes to begin with, as an earlier process had them: each is
	// published, stale, as soon as the source of its name has listed its symbol.
	Last []quotes.StockQuote
	// Cache keeps the sources' instruments over restarts; nil is none.
	Cache Cache
	// Save stores quotes, each in place of an earlier one of its symbol, so that
	// another process can begin with them; nil is none. It is called every few
	// seconds with those that have changed, and at the end of Run, by one
	// goroutine.
	Save func(context.Context, []*quotes.StockQuote) error
	// Soon names the symbols whose quotes are given to Save twice a second; nil
	// is none.
	Soon func(quotes.Symbol) bool
}

// Market runs sources side by side and publishes their quotes. Of a symbol that
// several sources have, one owns it, and only its quotes are published: the
// first of them, in the order given, that is healthy (place).
type Market struct {
	directory   *Directory
	board       *board
	demand      Demand
	versions    quotes.Versions
	publish     func(*quotes.StockQuote)
	save        func(context.Context, []*quotes.StockQuote) error
	soon        func(quotes.Symbol) bool
	log         *slog.Logger
	supervisors []*supervisor
}

// NewMarket prepares a market and starts nothing.
func NewMarket(o Options) *Market {
	m := &Market{
		directory: newDirectory(len(o.Specs), o.Names), publish: o.Publish, save: o.Save, soon: o.Soon, log: o.Logger,
		board: &board{places: make(map[quotes.Symbol]*place)},
	}
	stored := make(map[string]map[quotes.Symbol]quotes.StockQuote)
	for _, q := range o.Last {
		if q.Time.IsZero() {
			continue // it tells nothing of the market
		}
		if stored[q.Source] == nil {
			stored[q.Source] = make(map[quotes.Symbol]quotes.StockQuote)
		}
		stored[q.Source][q.Symbol] = q
		m.versions.Next(time.UnixMicro(q.Version)) // the clock may have been set back since
	}
	names := make(map[string]int)
	for i, spec := range o.Specs {
		name := spec.Source.Name()
		if names[name]++; names[name] > 1 {
			name += "-" + strconv.Itoa(names[name])
		}
		m.supervisors = append(m.supervisors, &supervisor{
			index: i, name: name, spec: spec, log: o.Logger, cache: o.Cache, publish: o.Publish,
			directory: m.directory, board: m.board, demand: &m.demand, versions: &m.versions,
			places: make(map[quotes.Symbol]*place), stored: stored[name],
			state: State{Name: name, URL: spec.URL, Note: spec.Note, Timeliness: spec.Timeliness, Phase: Starting},
		})
	}
	m.board.sources = m.supervisors
	return m
}

// Run runs all sources until ctx ends, and returns nil then. That every source
// has ended does not end it: the last quotes stay and become stale.
func (m *Market) Run(ctx context.Context) error {
	if m.save != nil {
		keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
		var kept sync.WaitGroup
		kept.Go(func() { m.keep(keeping) })
		defer kept.Wait()
		defer stop() // after the sources, so that their last word is stored
	}
	var wg sync.WaitGroup
	for _, s := range m.supervisors {
		wg.Go(func() { s.live(ctx) })
	}
	wg.Go(func() { m.passTime(ctx) })
	wg.Wait()
	return nil
}

func (m *Market) passTime(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := time.Now()
			for _, s := range m.supervisors {
				s.account.look(now)
				s.watch(now)
			}
			m.board.look(now, m.publish)
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

// Last returns the newest quote of each symbol whose version is above one that
// it returned before, 0 for all, and the version to ask with the next time. It is
// what is to be stored. The quotes are shared and must not be changed.
func (m *Market) Last(above int64) (changed []*quotes.StockQuote, newest int64) {
	// A quote gets its version and is its place's last in one step: every
	// version up to this one is there, or will have been replaced.
	newest = m.versions.Newest()
	for _, p := range m.board.all() {
		if q := p.newest(above); q != nil {
			changed = append(changed, q)
		}
	}
	return changed, newest
}

// Complete says that of every symbol that a source has listed there is a quote
// that is not one of an earlier process. A market whose sources follow Demand may
// never be.
func (m *Market) Complete() bool { return int(m.board.told.Load()) >= m.directory.Len() }

// Ready says that the market has quotes, or that no source is expected to give
// any: each has ended for good.
func (m *Market) Ready() bool {
	if m.board.quoted.Load() > 0 {
		return true
	}
	for _, s := range m.supervisors {
		if phase := s.snapshot().Phase; phase != Finished && phase != Failed {
			return false
		}
	}
	return true
}
