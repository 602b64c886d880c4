package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// Source plays one file. It is made by the Scheme. One Run at a time; Skipped
// may be called at any.
type Source struct {
	rec     recording
	opt     options
	skipped atomic.Int64
	// played are the symbols of which the Tape may know something, from
	// earlier rounds and earlier Runs.
	played map[quotes.Symbol]struct{}
}

func newSource(rec recording, opt options) *Source {
	return &Source{rec: rec, opt: opt, played: make(map[quotes.Symbol]struct{})}
}

// Name implements feed.Source.
func (s *Source) Name() string { return name }

// Skipped returns how many malformed rows lenient=1 has passed over, all rounds
// of a loop together.
func (s *Source) Skipped() int64 { return s.skipped.Load() }

// Run implements feed.Source. All symbols of the file are played, whatever the
// demand.
func (s *Source) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	before := s.Skipped()
	err := s.round(ctx, emit)
	s.report(s.Skipped() - before) // later rounds skip the same rows
	for err == nil && s.opt.loop {
		err = s.round(ctx, emit)
	}
	return err
}

// round plays the file once.
func (s *Source) round(ctx context.Context, emit func(feed.Update)) error {
	r, err := openRows(s.rec, s.skip())
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read from

	e, err := r.next(ctx)
	if errors.Is(err, io.EOF) {
		return r.malformed(s.rec.empty())
	}
	if err != nil {
		return err
	}
	p := &pace{speed: s.opt.speed, base: s.opt.from.base(e.due)}
	if err := s.breakAll(ctx, e.Time, emit); err != nil {
		return err
	}
	for err == nil {
		if err := p.wait(ctx, e.due); err != nil {
			return err
		}
		s.played[e.Symbol] = struct{}{}
		emit(e.Update)
		e, err = r.next(ctx)
	}
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case !p.started():
		return r.malformed(fmt.Errorf("from=%s is after every row; write an earlier one", s.opt.from.text))
	}
	return p.rest(ctx)
}

// breakAll makes the Tape forget what earlier rounds said. It returns ctx's
// error.
func (s *Source) breakAll(ctx context.Context, at time.Time, emit func(feed.Update)) error {
	for _, sym := range slices.SortedFunc(maps.Keys(s.played), quotes.Symbol.Compare) {
		if ctx.Err() != nil {
			break
		}
		emit(feed.Update{Symbol: sym, Kind: feed.Break, Time: at})
	}
	return ctx.Err()
}

// skip counts a malformed row, or is nil where there may be none.
func (s *Source) skip() func() {
	if !s.opt.lenient {
		return nil
	}
	return func() { s.skipped.Add(1) }
}

// report logs how many rows a round skipped.
func (s *Source) report(rows int64) {
	if rows > 0 {
		slog.Warn("replay skipped malformed rows", "path", s.rec.path, "rows", rows)
	}
}
