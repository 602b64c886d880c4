package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestExtendedHoursAreALineOfTheirOwn plays the time after a close and before an
// open: the regular price stands still at the time of the close, and what is traded is told
// beside it with a time of its own.
func TestExtendedHoursAreALineOfTheirOwn(t *testing.T) {
	t.Parallel()
	for label, from := range map[string]string{"After hours": "2026-03-09T20:10:00Z", "Pre-market": "2026-03-10T12:30:00Z"} {
		s := start(t, "--feed", "sim://?hours=real&rate=300&start="+from)
		p := newTab(t)
		for where, path := range map[string]string{
			"row": "/?symbols=NVDA", "strip": "/?symbols=NVDA&view=ticker", "symbol": "/q/NVDA", "widget": "/embed/quote/NVDA",
		} {
			p.visit(s.URL + path)
			p.says("[data-field=extended]", label)
			const line = `document.querySelector('[data-field=extended]')`
			if !eval[bool](p, `!`+line+`.hidden && /[+−]?\d+\.\d\d \([+−]?\d+\.\d\d%\)( \d\d:\d\d:\d\d)?$/.test(`+line+`.textContent.trim())`) {
				t.Errorf("%s, %s: %q", label, where, eval[string](p, line+`.textContent`))
			}
			price := eval[string](p, widgetPrice)
			eval[any](p, `globalThis.before = `+line+`.textContent`)
			p.until(fmt.Sprintf("%s, %s: the line moves", label, where), line+`.textContent !== before`)
			if where != "strip" { // which tells no times
				p.says("[data-field=time]", "16:00:00")
				const moments = `[...document.querySelectorAll('[data-field=extended_time]:not([hidden]) [data-field=extended_clock], p[data-field=extended]')].map(e => e.textContent.trim().slice(-8)).join()`
				hour := map[string]string{"After hours": "16:", "Pre-market": "08:"}[label]
				if at := eval[string](p, moments); !strings.HasPrefix(at, hour) || at == "16:00:00" || len(at) != 8 {
					t.Errorf("%s, %s: what was traded then has the time %q", label, where, at)
				}
			}
			for _, width := range []int64{320, 760, 1280} {
				p.size(width, 800)
				p.until("the window has its size, and the drawer its place", fmt.Sprintf(`innerWidth === %d && document.getAnimations().length === 0`, width))
				if cut := eval[string](p, beyond); cut != "" {
					t.Errorf("%s, %s, %d px: cut at the side: %s", label, where, width, cut)
				}
			}
			if now := eval[string](p, widgetPrice); now != price {
				t.Errorf("%s, %s: the regular price went from %s to %s", label, where, price, now)
			}
		}
	}
}
