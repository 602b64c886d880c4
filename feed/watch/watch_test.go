package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/views"
)

// scripted is a source that says what its function says.
type scripted struct {
	name string
	run  func(ctx context.Context, say func(symbol, price string)) error
}

func (s scripted) Name() string { return s.name }

func (s scripted) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	return s.run(ctx, func(symbol, price string) {
		emit(feed.Update{
			Symbol: quotes.MustSymbol(symbol), Kind: feed.Trade, Time: time.Now(), Price: quotes.MustDecimal(price),
			MovesLast: true, MovesRange: true, Regular: true,
		})
	})
}

func spec(name string, run func(context.Context, func(symbol, price string)) error) feed.Spec {
	return feed.Spec{Source: scripted{name, run}, Timeliness: quotes.Live, Instruments: func(context.Context) ([]quotes.Instrument, error) {
		return []quotes.Instrument{
			{Symbol: quotes.MustSymbol("AAPL"), Name: "Apple Inc.", Decimals: 2, TimeZone: "UTC"},
			{Symbol: quotes.MustSymbol("BTC/USD"), Name: "Bitcoin", Decimals: 2, Type: quotes.Crypto},
			{Symbol: quotes.MustSymbol("BTC/EUR"), Decimals: 2, Type: quotes.Crypto},
		}, nil
	}}
}

func symbols(t *testing.T, list string) []quotes.Symbol {
	t.Helper()
	syms, err := quotes.ParseSymbols(list)
	if err != nil {
		t.Fatal(err)
	}
	return syms
}

func TestEveryChangeIsALineOfJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, notes bytes.Buffer
		err := Run(t.Context(), Options{Out: &out, Notes: &notes, Symbols: symbols(t, "AAPL"), Specs: []feed.Spec{
			spec("script", func(_ context.Context, say func(symbol, price string)) error {
				for n := range 3 {
					say("AAPL", fmt.Sprintf("10%d.50", n))
					say("BTC/USD", "60000")
					time.Sleep(time.Second)
				}
				return nil
			}),
		}})
		if err != nil {
			t.Fatal(err)
		}
		var prices []string
		for line := range strings.Lines(out.String()) {
			var q quotes.StockQuote
			if err := json.Unmarshal([]byte(line), &q); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			prices = append(prices, q.Symbol.String()+" "+quotes.FormatDecimal(q.Price.Decimal)+" "+q.Source)
		}
		want := []string{"AAPL 100.50 script", "AAPL 101.50 script", "AAPL 102.50 script"}
		if diff := cmp.Diff(want, prices); diff != "" || notes.Len() > 0 {
			t.Errorf("%s%s", diff, notes.String())
		}
	})
}

func TestUnknownSymbolsEndItWithWhatMayBeMeant(t *testing.T) {
	wait := func(ctx context.Context, _ func(symbol, price string)) error { <-ctx.Done(); return ctx.Err() }
	for _, tt := range []struct{ symbol, want string }{
		{"APPL", "no source has APPL; did you mean AAPL (Apple Inc.)?"},
		{"ALPA", "no source has ALPA"},
		{"AALP", "no source has AALP; did you mean AAPL (Apple Inc.)?"},
		{"BTCUSD", "no source has BTCUSD; did you mean BTC/USD (Bitcoin)?"},
		{"BTCUSDT", "no source has BTCUSDT; did you mean BTC/USD (Bitcoin)?"},
		{"BTC", "no source has BTC; did you mean BTC/EUR, or BTC/USD?"},
		{"ZZZZZZZZ", "no source has ZZZZZZZZ"},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := Run(t.Context(), Options{Out: new(bytes.Buffer), Notes: new(bytes.Buffer), Symbols: symbols(t, "AAPL,"+tt.symbol), Specs: []feed.Spec{spec("x", wait)}})
			if err == nil || err.Error() != tt.want {
				t.Errorf("%s: %v, want %s", tt.symbol, err, tt.want)
			}
		})
	}
}

func TestItEndsWhenNoSourceIsLeftAndSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := func(context.Context, func(symbol, price string)) error {
			return &feed.Failure{Err: errors.New("401 \x1b[2Jwrong key"), Advice: "Set TICKBOARD_X_KEY.", Permanent: true}
		}
		var notes bytes.Buffer
		err := Run(t.Context(), Options{Out: new(bytes.Buffer), Notes: &notes, Symbols: symbols(t, "AAPL"), Specs: []feed.Spec{spec("x", refused)}})
		const says = "x: failed, not tried again: 401 [2Jwrong key. Set TICKBOARD_X_KEY."
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(notes.String(), says) {
			t.Errorf("error %v, notes %q, want %q", err, notes.String(), says)
		}
	})
}

func TestASourceThatFailsIsToldOnceATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := func(context.Context, func(symbol, price string)) error { return errors.New("dial: refused") }
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		var notes bytes.Buffer
		if err := Run(ctx, Options{Out: new(bytes.Buffer), Notes: &notes, Symbols: symbols(t, "AAPL"), Specs: []feed.Spec{spec("x", failing)}}); err != nil {
			t.Error(err)
		}
		if got, want := notes.String(), "tickboard: x: down, trying again: dial: refused\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestTableIsDrawnInItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
		defer cancel()
		err := Run(ctx, Options{Form: Table, Out: &out, Symbols: symbols(t, "AAPL,BTC/USD"), Specs: []feed.Spec{
			spec("script", func(ctx context.Context, say func(symbol, price string)) error {
				say("AAPL", "189.84")
				time.Sleep(300 * time.Millisecond)
				say("AAPL", "190.10")
				<-ctx.Done()
				return ctx.Err()
			}),
		}})
		if err != nil {
			t.Fatal(err)
		}
		frames := strings.Split(out.String(), clearBelow)
		if len(frames) != 4 { // at 250 and 500 ms, at the end, and what is after it
			t.Fatalf("%d frames: %q", len(frames), frames)
		}
		if !strings.HasPrefix(frames[0], hideCursor+noWrap+"\rSymbol ") || strings.Contains(frames[0], "A\r") {
			t.Errorf("the first frame: %q", frames[0])
		}
		for _, frame := range frames[1:3] {
			if !strings.HasPrefix(frame, "\x1b[3A\rSymbol ") {
				t.Errorf("a frame does not begin where the one before it did: %q", frame)
			}
		}
		if !strings.Contains(frames[0], "189.84") || !strings.Contains(frames[0], "No quote yet") || !strings.Contains(frames[1], "190.10") || strings.Contains(frames[1], "189.84") {
			t.Errorf("frames %q", frames)
		}
		if frames[3] != wrap+showCursor {
			t.Errorf("the terminal is left with %q", frames[3])
		}
	})
}

func TestTableStaysWithinTheWindow(t *testing.T) {
	var out bytes.Buffer
	w := &watch{Options: Options{
		Form: Table, Out: &out, Symbols: symbols(t, "A,B,C,D,E,F,G,H"), Window: func() (int, int) { return 80, 6 },
	}, newest: newNewest(nil)}
	w.market = feed.NewMarket(feed.Options{Publish: func(*quotes.StockQuote) {}})
	if err := w.table.draw(w, time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 5 || !strings.Contains(out.String(), "and 5 more lines") {
		t.Errorf("%d lines: %s", n, out.String())
	}
}

func TestLinesAreAligned(t *testing.T) {
	now := time.Date(2026, 11, 20, 20, 42, 9, 0, time.UTC)
	w := &watch{newest: newNewest(nil), market: feed.NewMarket(feed.Options{Publish: func(*quotes.StockQuote) {}})}
	some := func(s string) (d quotes.StockQuote) { d.Price = quotes.Some(quotes.MustDecimal(s)); return d }
	q := some("1351.11")
	q.Symbol, q.Session, q.Timeliness, q.Source = quotes.MustSymbol("TSLA"), quotes.Post, quotes.Live, "alpaca\x1b[2J"
	q.Time = now.Add(-2 * time.Second)
	q.PreviousClose = some("1340").Price
	q.SetChange()
	q.PriceTime, q.ExtendedTime = now.Add(-time.Hour), now.Add(-3*time.Second)
	q.ExtendedPrice, q.ExtendedChange, q.ExtendedChangePercent = some("1349.75").Price, some("-1.36").Price, some("-0.1").Price
	halted := q
	halted.Symbol, halted.Session, halted.Halted, halted.Basis = quotes.MustSymbol("BTC/USD"), quotes.Regular, true, quotes.Rolling24h
	halted.PriceTime = time.Time{}
	clock := views.NewClock(now)
	var plainText, coloured []string
	for _, l := range append(append([]line{heading()}, w.lines(&q, clock)...), w.lines(&halted, clock)...) {
		plainText, coloured = append(plainText, l.text(false)), append(coloured, l.text(true))
	}
	want := []string{
		"Symbol             Last         Chg    Chg %               Bid          Ask    Volume Time            Age State                Source",
		"TSLA           1,351.11      +11.11   +0.83%                 —            —         — 19:42:09 UTC    2 s Live                 alpaca[2J",
		"               1,349.75       −1.36   −0.10%       After hours                        20:42:06 UTC",
		"BTC/USD        1,351.11      +11.11   +0.83% 24h             —            —         — 20:42:07 UTC    2 s Halted               alpaca[2J",
	}
	if diff := cmp.Diff(want, plainText); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"\x1b[32m+11.11\x1b[0m", "\x1b[31m−1.36\x1b[0m", "\x1b[33mHalted\x1b[0m"} {
		if !strings.Contains(strings.Join(coloured, "\n"), part) {
			t.Errorf("no %q in %q", part, coloured)
		}
	}
}

func TestSlowReaderSeesOnlyTheNewest(t *testing.T) {
	a, b := quotes.MustSymbol("A"), quotes.MustSymbol("B")
	n := newNewest([]quotes.Symbol{a, b})
	for _, q := range []quotes.StockQuote{
		{Symbol: b, Version: 1}, {Symbol: a, Version: 5}, {Symbol: b, Version: 3}, {Symbol: a, Version: 4},
		{Symbol: quotes.MustSymbol("C"), Version: 9},
	} {
		n.put(&q)
	}
	var got []string
	for _, q := range n.take() {
		got = append(got, fmt.Sprint(q.Symbol, " ", q.Version))
	}
	if diff := cmp.Diff([]string{"B 3", "A 5"}, got); diff != "" {
		t.Error(diff)
	}
	if left := n.take(); len(left) > 0 {
		t.Errorf("%d quotes are taken twice", len(left))
	}
}
