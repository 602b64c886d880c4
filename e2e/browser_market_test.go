package e2e

import (
	"strings"
	"testing"
)

// TestTheHeaderNamesTheDataOfThePage, also when another source's symbol is added.
func TestTheHeaderNamesTheDataOfThePage(t *testing.T) {
	t.Parallel()
	s := start(t, "--symbols", "AAA", "--feed", still(t), "--feed", "sim://?hours=real&start=2026-03-10T12:30:00Z")
	for path, want := range map[string]string{
		"/?symbols=AAA": "Replayed market data", "/q/AAA": "Replayed market data",
		"/q/AAPL": "Simulated market data, in the hours of the exchanges, on a clock of its own",
	} {
		p := open(t, s.URL+path)
		if label := eval[string](p, `document.querySelector('[data-data]').textContent`); label != want {
			t.Errorf("%s: %q, want %q", path, label, want)
		}
		if strings.HasSuffix(path, "AAPL") {
			p.says("[data-market]", "US pre-market, opens in ")
		}
	}
	p := open(t, s.URL+"/?symbols=AAA")
	p.live()
	p.press("/")
	p.write("AAPL")
	p.press(keyEnter)
	p.lists("AAA,AAPL")
	p.within(2*patience, "the label says what has come", `document.querySelector('[data-data]').textContent.startsWith('Replayed market data; Simulated market data')`)
}

func TestAnOpenPageHearsOfASourceThatEnds(t *testing.T) {
	t.Parallel()
	s := start(t, "--symbols", "AAA", "--feed", recording(t, "1",
		"2024-08-09T10:00:00Z,AAA,trade,141.50,100,,,,",
		"2024-08-09T10:00:06Z,AAA,trade,141.60,100,,,,",
	))
	p := open(t, s.URL+"/")
	p.live()
	p.says("[data-market]", "open")
	if !eval[bool](p, `document.querySelector('[data-trouble]').hidden`) {
		t.Error("there is trouble before there is any")
	}
	eval[any](p, `globalThis.notReloaded = true`)
	p.says("[data-trouble]", "replay has ended at ")
	p.says("#polite", "replay has ended at ")
	if !eval[bool](p, `notReloaded && !document.querySelector('[data-trouble]').hidden`) {
		t.Error("the page was loaded again to say it, or does not show it")
	}
}
