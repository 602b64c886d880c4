package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// golden is the hash of the first 10,000 updates of sim://?seed=7&rate=2 from
// the first second of the year 2000 on. Whoever changes the model on purpose
// changes it.
const golden = "a5b051738ecbd6a9a043cb58464c47a2548794544b512f77a5ff8643372eb845"

func TestSameSeedAndClockGiveTheSameMarket(t *testing.T) {
	for range 2 {
		synctest.Test(t, func(t *testing.T) { // whose clock begins with the year 2000
			if got := hashOf(first(t, "sim://?seed=7&rate=2", 10_000)); got != golden {
				t.Errorf("hash %s, want %s", got, golden)
			}
		})
	}
}

func TestOtherSeedGivesAnotherMarket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if hashOf(first(t, "sim://?seed=8", 10_000)) == golden {
			t.Error("seed 8 gives what seed 7 gives")
		}
	})
}

func TestMoreSymbolsChangeNoOther(t *testing.T) {
	apple := func(c config, listings []listing, step time.Duration) (list []string) {
		play(c, listings, step, 10*time.Minute, func(u feed.Update) {
			if u.Symbol.String() == "AAPL" {
				list = append(list, text(u))
			}
		})
		return list
	}
	for _, rawURL := range []string{"sim://?seed=7", "sim://?seed=7&burst=0"} {
		t.Run(rawURL, func(t *testing.T) {
			c := configOf(t, rawURL)
			alone := apple(c, pick(0, "AAPL"), time.Second)
			if len(alone) < 600 {
				t.Fatalf("only %d updates", len(alone))
			}
			if diff := cmp.Diff(alone, apple(c, universe(5), 20*time.Millisecond)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// first are the first n updates of a feed.
func first(t *testing.T, rawURL string, n int) []feed.Update {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var updates []feed.Update
	err := opened(t, rawURL).Source.Run(ctx, &feed.Demand{}, func(u feed.Update) {
		if len(updates) < n {
			updates = append(updates, u)
		} else {
			cancel()
		}
	})
	if len(updates) < n {
		t.Fatalf("ended after %d updates: %v", len(updates), err)
	}
	return updates
}

func hashOf(updates []feed.Update) string {
	sum := sha256.Sum256([]byte(strings.Join(texts(updates), "\n")))
	return hex.EncodeToString(sum[:])
}

func texts(updates []feed.Update) []string {
	list := make([]string, len(updates))
	for i, u := range updates {
		list[i] = text(u)
	}
	return list
}

// text is an update with all that it says.
func text(u feed.Update) string {
	b := fmt.Appendf(nil, "%s %d %s %d", u.Symbol, u.Kind, u.Time.Format(time.RFC3339Nano), u.TradeID)
	for _, d := range []decimal.Decimal{u.Price, u.Size} {
		b = quotes.AppendDecimal(append(b, ' '), d)
	}
	b = fmt.Appendf(b, " %t %t %t %t %t", u.MovesLast, u.MovesRange, u.CountsVolume, u.Regular, u.Halted)
	for _, d := range []decimal.NullDecimal{u.Bid, u.BidSize, u.Ask, u.AskSize, u.PreviousClose, u.Open, u.High, u.Low, u.Volume} {
		b = append(b, ' ')
		if d.Valid {
			b = quotes.AppendDecimal(b, d.Decimal)
		}
	}
	return string(b)
}
