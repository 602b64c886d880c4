package alert_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

// noStore forgets everything at once.
type noStore struct{ *ruleMemory }

func (noStore) Fire(_ context.Context, batch []alert.Firing) ([]alert.Fired, error) {
	return make([]alert.Fired, len(batch)), nil
}

// walk are quotes of many symbols whose prices take steps of some ticks around
// 100, as a market's do.
func walk(symbols, count int) []*quotes.StockQuote {
	dice := rand.New(rand.NewPCG(1, 2))
	prices := make([]int64, symbols)
	list := make([]*quotes.StockQuote, count)
	for i := range list {
		n := i % symbols
		prices[n] += dice.Int64N(11) - 5
		price := decimal.New(10_000+prices[n], -2)
		list[i] = &quotes.StockQuote{
			Symbol: benchSymbol(n), Price: quotes.Some(price), PreviousClose: quotes.Some(decimal.New(10_000, -2)),
			High: quotes.Some(price), Low: quotes.Some(price), Bid: quotes.Some(price), Ask: quotes.Some(price),
			Session: quotes.Regular, Time: begin.Add(time.Duration(i) * 50 * time.Microsecond), Version: int64(i + 1),
		}
	}
	return list
}

func benchSymbol(n int) quotes.Symbol { return quotes.MustSymbol(fmt.Sprint("S", n)) }

// watching is an engine with rules spread over symbols: most wait for a price from
// nearest ticks to ten dollars more away, some for percents.
func watching(b *testing.B, rules, symbols int, nearest int64) *alert.Engine {
	b.Helper()
	dice := rand.New(rand.NewPCG(3, 4))
	e := alert.NewEngine(noStore{newRuleMemory()}, alert.EngineOptions{Instrument: acmeInstrument})
	conditions := []alert.Condition{alert.Above, alert.Below, alert.CrossesUp, alert.CrossesDown, alert.Crosses, alert.PercentDay}
	for i := range rules {
		r := alert.Rule{
			ID: alert.RuleID(i + 1), Version: 1, Profile: 1, Symbol: benchSymbol(i % symbols), Condition: conditions[dice.IntN(len(conditions))],
			Repeat: alert.Always, Cooldown: time.Second, Sessions: alert.RegularOnly,
		}
		far := decimal.New(dice.Int64N(1000)+nearest, -2)
		switch r.Condition {
		case alert.PercentDay:
			r.Level = quotes.Some(far)
		case alert.Below, alert.CrossesDown:
			r.Level = quotes.Some(decimal.New(100, 0).Sub(far))
		default:
			r.Level = quotes.Some(decimal.New(100, 0).Add(far))
		}
		e.Set(r)
	}
	return e
}

// BenchmarkObserveOneSymbol shows the cost of a quote against the number of
// rules of its symbol, while its price comes to none of them.
func BenchmarkObserveOneSymbol(b *testing.B) {
	for _, rules := range []int{0, 1, 10, 100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint("rules=", rules), func(b *testing.B) { benchmarkObserve(b, rules, 1, 5000) })
	}
}

// BenchmarkObserve has rules of 5,000 symbols and prices that come to them. It
// tells the share of a core that 20,000 quotes a second take.
func BenchmarkObserve(b *testing.B) {
	for _, rules := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint("rules=", rules), func(b *testing.B) { benchmarkObserve(b, rules, 5_000, 1) })
	}
}

func benchmarkObserve(b *testing.B, rules, symbols int, nearest int64) {
	const round = 200_000
	e, list := watching(b, rules, symbols, nearest), walk(symbols, round)
	b.ReportAllocs()
	i, version := 0, int64(0)
	for b.Loop() {
		q := *list[i]
		version++
		q.Version, q.Time = version, begin.Add(time.Duration(version)*50*time.Microsecond)
		e.Observe(&q)
		if i++; i == round {
			i = 0
		}
		if version%1000 == 0 { // as the committer does, every 50 ms at 20,000 a second
			if err := e.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	st := e.Stats()
	b.ReportMetric(float64(st.Fired)/float64(b.N), "fired/op")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)*20_000/1e9*100, "%core")
}

// BenchmarkObserveNoRule is what the engine costs a quote of a symbol without
// rules: there are 5,000 of them, and as many with 100,000 rules beside them or none.
func BenchmarkObserveNoRule(b *testing.B) {
	for _, rules := range []int{0, 100_000} {
		b.Run(fmt.Sprint("others=", rules), func(b *testing.B) {
			e, list := watching(b, rules, 5_000, 1), walk(5_000, 10_000)
			for _, q := range list {
				q.Symbol = quotes.MustSymbol("T" + q.Symbol.String())
			}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				list[i].Version += int64(len(list))
				e.Observe(list[i])
				if i++; i == len(list) {
					i = 0
				}
			}
		})
	}
}
