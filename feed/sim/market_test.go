package sim

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// start is when the played markets of the tests begin.
const start = int64(1_799_971_200_000_000_000)

// play runs a market by hand for a while, in steps of a given length (at most a
// second, or what is due is left out), or from update to update with step 0.
func play(c config, listings []listing, step, length time.Duration, emit func(feed.Update)) {
	ctx := context.Background()
	m := newMarket(c, listings, start)
	m.begin(ctx, start, emit)
	for now := start; now < start+int64(length); {
		now += int64(step)
		if step == 0 {
			now = m.next()
		}
		m.advance(ctx, now, emit)
	}
}

func configOf(t testing.TB, rawURL string) config {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(u)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pick are the named ones of the universe.
func pick(count int, symbols ...string) []listing {
	var some []listing
	for _, l := range universe(count) {
		for _, s := range symbols {
			if l.symbol.String() == s {
				some = append(some, l)
			}
		}
	}
	return some
}

func TestDripIsEven(t *testing.T) {
	phases := make(map[int64]int)
	last := make(map[quotes.Symbol]time.Time)
	counts := make(map[quotes.Symbol]int)
	c := config{seed: 3, rate: 8, burst: false}
	listings := universe(200)
	begun := 0
	play(c, listings, time.Millisecond, 10*time.Second, func(u feed.Update) {
		if u.Time.UnixNano() == start {
			begun++
			return
		}
		if before, ok := last[u.Symbol]; !ok {
			phases[(u.Time.UnixNano()-start-1)*10/(125*1e6)]++
		} else if u.Time.Sub(before) != 125*time.Millisecond {
			t.Fatalf("%v: %v after the one before", u.Symbol, u.Time.Sub(before))
		}
		last[u.Symbol] = u.Time
		counts[u.Symbol]++
	})
	if begun != 4*len(listings) {
		t.Errorf("%d updates at the start, want 4 a symbol", begun)
	}
	for sym, n := range counts {
		if n != 80 {
			t.Errorf("%v: %d updates in 10 s, want 80", sym, n)
		}
	}
	for tenth := range int64(10) {
		if phases[tenth] < 10 {
			t.Errorf("%d of %d symbols begin in tenth %d of the interval", phases[tenth], len(listings), tenth)
		}
	}
}

func TestUpdatesComeInTheOrderOfTheirTimes(t *testing.T) {
	var last time.Time
	play(config{seed: 1, rate: 20, burst: true}, universe(10), 700*time.Microsecond, 10*time.Second, func(u feed.Update) {
		if u.Time.Before(last) {
			t.Fatalf("%v at %v after %v", u.Symbol, u.Time, last)
		}
		last = u.Time
	})
}

func TestLongSleepIsLeftOut(t *testing.T) {
	for _, burst := range []bool{false, true} {
		c := config{seed: 1, rate: 2, burst: burst}
		listings := universe(0)
		m := newMarket(c, listings, start)
		last := make(map[quotes.Symbol]time.Time)
		trades := make(map[quotes.Symbol]uint64)
		var emitted int
		emit := func(u feed.Update) {
			if u.Time.Before(last[u.Symbol]) || u.Kind == feed.Trade && u.TradeID <= trades[u.Symbol] {
				t.Fatalf("%v goes back", u.Symbol)
			}
			last[u.Symbol] = u.Time
			if u.Kind == feed.Trade {
				trades[u.Symbol] = u.TradeID
			}
			emitted++
		}
		m.begin(context.Background(), start, emit)
		m.advance(context.Background(), start+int64(time.Minute)/100, emit)

		emitted = 0
		awake := start + int64(8*time.Hour)
		m.advance(context.Background(), awake, func(u feed.Update) {
			if u.Time.UnixNano() < awake-backlog {
				t.Fatalf("%v: an update %v old", u.Symbol, time.Duration(awake-u.Time.UnixNano()))
			}
			emit(u)
		})
		if most := 5 * len(listings); emitted == 0 || emitted > most {
			t.Errorf("burst %t: %d updates after a sleep, want 1 to %d", burst, emitted, most)
		}
		emitted = 0
		for now := awake; now < awake+int64(time.Minute); now += int64(pause) {
			m.advance(context.Background(), now, emit)
		}
		if want := 120 * len(listings); emitted < want/2 || emitted > want*2 {
			t.Errorf("burst %t: %d updates in the minute after a sleep, want about %d", burst, emitted, want)
		}
	}
}

func TestPricesAreOnTheGridAndTradesAtBidOrAsk(t *testing.T) {
	for _, l := range universe(20) {
		var bid, ask decimal.Decimal
		play(config{seed: 5, rate: 10, burst: true}, []listing{l}, time.Second, time.Minute, func(u feed.Update) {
			for _, p := range []decimal.NullDecimal{quotes.Some(u.Price), u.Bid, u.Ask, u.PreviousClose, u.Open, u.High, u.Low} {
				if p.Valid && !p.Decimal.IsZero() && (p.Decimal.Exponent() != -l.decimals || p.Decimal.Sign() <= 0) {
					t.Fatalf("%v: price %v is not on the grid", l.symbol, p.Decimal)
				}
			}
			switch u.Kind {
			case feed.Quote:
				bid, ask = u.Bid.Decimal, u.Ask.Decimal
				if bid.GreaterThan(ask) && !l.national || u.BidSize.Decimal.Sign() <= 0 || u.AskSize.Decimal.Sign() <= 0 {
					t.Fatalf("%v: quote %s", l.symbol, text(u))
				}
			case feed.Trade:
				if u.MovesLast && !u.Price.Equal(bid) && !u.Price.Equal(ask) || u.Size.Sign() <= 0 || u.TradeID == 0 || !u.Regular {
					t.Fatalf("%v: trade %s between %v and %v", l.symbol, text(u), bid, ask)
				}
				if ordinary := u.MovesLast && u.MovesRange && u.CountsVolume; !ordinary && !l.national {
					t.Fatalf("%v: trade %s is not an ordinary one", l.symbol, text(u))
				}
			}
		})
	}
}

func TestDayAtTheStartAgreesWithItsTrade(t *testing.T) {
	for hour := range 24 {
		from := start - start%int64(day) + int64(hour)*int64(time.Hour)
		days := make(map[quotes.Symbol]feed.Update)
		newMarket(config{seed: uint64(hour), rate: 1, burst: true}, universe(50), from).begin(context.Background(), from, func(u feed.Update) {
			if u.Kind == feed.Day {
				days[u.Symbol] = u
			}
			if u.Kind == feed.Break {
				return
			}
			d := days[u.Symbol]
			if u.Kind == feed.Trade && (u.Price.GreaterThan(d.High.Decimal) || u.Price.LessThan(d.Low.Decimal)) {
				t.Errorf("%v: trade at %v outside of %v to %v", u.Symbol, u.Price, d.Low.Decimal, d.High.Decimal)
			}
			if !d.PreviousClose.Valid || !d.Open.Valid || !d.High.Valid || !d.Low.Valid || d.Volume.Decimal.Sign() <= 0 {
				t.Errorf("%v: day %s is not whole", u.Symbol, text(d))
			}
		})
	}
}
