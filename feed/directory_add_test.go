package feed

import (
	"testing"

	"github.com/tickboard/tickboard/quotes"
)

func TestInstrumentThatSaysNothingReplacesNone(t *testing.T) {
	d := newDirectory(1, nil)
	sym := quotes.MustSymbol("AAA")
	bare := quotes.Instrument{Symbol: sym, Name: "AAA", Decimals: 4, TimeZone: "UTC"}
	full := quotes.Instrument{Symbol: sym, Name: "Triple A", Exchange: "XNAS", Decimals: 2, TimeZone: "America/New_York"}
	for _, step := range []struct{ add, want quotes.Instrument }{
		{quotes.Instrument{Symbol: sym, Name: "AAA", Decimals: 2, TimeZone: "UTC"}, quotes.Instrument{Symbol: sym, Name: "AAA", Decimals: 2, TimeZone: "UTC"}},
		{bare, bare}, {full, full}, {bare, full},
	} {
		d.add(0, step.add)
		if got, ok := d.Lookup(sym); !ok || !sameInstrument(got, step.want) {
			t.Errorf("after %+v: %+v", step.add, got)
		}
	}
}
