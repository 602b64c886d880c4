package feed

import (
	"testing"

	"github.com/tickboard/tickboard/quotes"
)

// TestTheTradesOfATapeHaveTheirPlaceFromTheFifth: a symbol that is traded takes its
// memory at the begin, one that hardly is takes little.
func TestTheTradesOfATapeHaveTheirPlaceFromTheFifth(t *testing.T) {
	p := print{price: quotes.MustDecimal("141.50"), size: quotes.MustDecimal("100")}
	var r prints
	for n := range 2 * recentTrades {
		ids, ring := cap(r.ids), cap(r.ring)
		r.add(&p)
		if moved := cap(r.ids) != ids || cap(r.ring) != ring; moved != (n == 0 || n == 4) {
			t.Errorf("trade %d: from places for %d and %d to %d and %d", n+1, ids, ring, cap(r.ids), cap(r.ring))
		}
		if n < 4 && cap(r.ring) > recentTrades/8 {
			t.Errorf("%d trades take the place of %d", n+1, cap(r.ring))
		}
	}
}
