package alert

import (
	"time"

	"github.com/shopspring/decimal"
)

// windowParts is in how many parts a window is cut.
const windowParts = 60

// window knows the lowest and highest price of a span of time that ends with
// the newest one. It keeps those of 60 parts of the span, and of the part that
// is partly past it keeps all: so its span is never shorter than the stated one,
// and at most a sixtieth longer. Its memory is bounded by that.
type window struct {
	part  time.Duration
	parts []windowPart // oldest first, at most windowParts+2
}

type windowPart struct {
	number    int64 // of the part, since 1970
	low, high decimal.Decimal
}

func newWindow(span time.Duration) *window { return &window{part: span / windowParts} }

func (w *window) empty() bool { return len(w.parts) == 0 }

func (w *window) clear() { w.parts = w.parts[:0] }

// add counts a price of time at, and forgets what is too old. A time that goes
// back counts as the newest, unless by more than the span: then all begins anew.
func (w *window) add(price decimal.Decimal, at time.Time) {
	number := w.move(at)
	if n := len(w.parts); n > 0 && w.parts[n-1].number == number {
		p := &w.parts[n-1]
		p.low, p.high = decimal.Min(p.low, price), decimal.Max(p.high, price)
		return
	}
	w.parts = append(w.parts, windowPart{number, price, price})
}

// move lets time pass and returns the number of the part that is the newest.
func (w *window) move(at time.Time) int64 {
	number := at.UnixNano() / int64(w.part)
	if n := len(w.parts); n > 0 && number < w.parts[n-1].number {
		if newest := w.parts[n-1].number; number >= newest-windowParts {
			return newest
		}
		w.parts = w.parts[:0]
	}
	old := 0
	for old < len(w.parts) && w.parts[old].number < number-windowParts {
		old++
	}
	w.parts = append(w.parts[:0], w.parts[old:]...)
	return number
}

// extreme is the lowest or highest price.
func (w *window) extreme(lowest bool) decimal.Decimal {
	best := w.parts[0]
	for _, p := range w.parts[1:] {
		best.low, best.high = decimal.Min(best.low, p.low), decimal.Max(best.high, p.high)
	}
	if lowest {
		return best.low
	}
	return best.high
}
