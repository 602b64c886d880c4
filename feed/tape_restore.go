package feed

import (
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// restored is what holds of a price that was stored, until the source tells one.
type restored struct {
	price bool // the price was stored
	open  bool // when its day had not closed
}

// closed says that a price of the day that begins at begin is the close before
// a day whose preceding one begins at preceding: of a stored one only if no day
// was missed, nor the end of its own.
func (r restored) closed(begin, preceding time.Time) bool {
	return !r.price || !r.open && begin.Equal(preceding)
}

// Restore begins the tape with a quote of the same source that was stored. It
// is stale until the source speaks of the symbol, and its figures go on or end
// as if they had just been told, with one exception: a price becomes no previous
// close when the market has closed since then unseen, because the day's last
// trades are not known. The day's figures are taken for those of the day of the
// last change, or of the day before while that has not opened; without a price
// they are left out.
func (t *Tape) Restore(q quotes.StockQuote) {
	if q.Time.IsZero() {
		return
	}
	own := t.quote
	t.quote = q
	t.quote.Symbol, t.quote.Source, t.quote.Version = own.Symbol, own.Source, 0
	t.quote.Timeliness, t.quote.Delay, t.quote.Stale = own.Timeliness, own.Delay, true
	if own.Currency != "" {
		t.quote.Currency = own.Currency
	}
	t.quote.Basis = own.Basis
	t.quote.Limited = false // such a state lasts seconds, and its end may have been missed
	t.today, t.haltTime = t.dayOf(q.Time), q.Time
	t.regular, t.extended = kept(last{price: q.Price, at: q.Traded()}), kept(last{price: q.ExtendedPrice, at: q.ExtendedTime})
	if q.Price.Valid {
		t.restoreDay(q)
	}
	t.show()
}

// restoreDay makes the figures of q those of the day that they are of.
func (t *Tape) restoreDay(q quotes.StockQuote) {
	day := t.today
	early := q.Time.Before(day.Open) // the day's first regular trade was still to come
	if early {
		day = t.dayOf(day.Begin.Add(-1))
	}
	t.shown = figures{
		begin: day.Begin, open: q.Open, high: q.High, low: q.Low, volume: q.Volume,
		settledOpen: q.Open, settledHigh: q.High, settledLow: q.Low,
	}
	if q.Basis == t.quote.Basis {
		t.shown.previousClose, t.shown.closeDate, t.shown.adjusted = q.PreviousClose, q.PreviousCloseDate, q.PreviousCloseAdjusted
	}
	t.anew = false
	t.restored = restored{price: true, open: !t.calendar.Always() && q.Session == quotes.Regular && !early}
}
