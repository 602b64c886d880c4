package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshot = flag.String("screenshot", "", "`file` to which TestScreenshot writes the README's picture")

// TestScreenshot makes the README's picture: the dashboard after some seconds of
// market, with notifications, some of them read.
func TestScreenshot(t *testing.T) {
	if *screenshot == "" {
		t.Skip("without -screenshot FILE no picture is made")
	}
	s := start(t, "--feed", "sim://?seed=11&rate=6")
	read := notify(t, s, "info", "B3 opens in 10 minutes")
	notify(t, s, "success", "All feeds are running")
	notify(t, s, "warning", "Crypto: wider spreads than usual")
	p := newTab(t)
	p.size(1280, 800)
	p.media("prefers-color-scheme", "dark")
	p.visit(s.URL + "/?symbols=AAPL,MSFT,NVDA,GOOGL,AMZN,META,TSLA,JPM,PETR4,VALE3,ITUB4,BTC/USD,ETH/USD,KO")
	p.live()
	for range 40 {
		p.moves(patience)
	}
	eval[any](p, `document.querySelector('li[data-id="`+strconv.FormatInt(read, 10)+`"] [data-read]').click()`)
	notify(t, s, "info", "US markets are open until 16:00 New York time")
	p.until("the newest is shown", notes+`.length === 4`)
	p.mouse(chromedp.MouseMoved, 640, 799)
	p.until("a price has just changed", `document.querySelectorAll('[data-flash]').length >= 2`)
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(*screenshot), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*screenshot, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
