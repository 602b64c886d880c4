package e2e

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lost waits until the page says that it is not connected, and shows its prices
// as old ones.
func (p *tab) lost(limit time.Duration, words string) {
	p.t.Helper()
	p.within(limit, "the page says "+words, `document.querySelector('[data-connection]').innerText.includes(`+literal(words)+`)`)
	p.says(`[data-symbol=AAPL] [data-field=state]`, "Stale since ")
	p.until("its prices are greyed", `document.documentElement.hasAttribute('data-stale-page')`)
}

func TestAKilledServerIsSaidAndRecoveredFromWithoutLosingANotification(t *testing.T) {
	t.Parallel()
	s := start(t, "--heartbeat", "1s", "--feed", brisk)
	p := newTab(t)
	p.alone()
	p.early(watchFlashes)
	p.expect("ERR_CONNECTION_REFUSED")
	p.expect("ERR_INCOMPLETE_CHUNKED_ENCODING")
	p.expect("ERR_CONNECTION_RESET")
	p.visit(s.URL + "/?symbols=AAPL,MSFT,TSLA")
	p.live()
	notify(t, s, "info", "before the cut")
	p.until("it arrives", notes+`.length === 1`)
	s.kill()
	p.lost(5*time.Second, "Connection lost")
	p.says("[data-connection]", "Next try in")
	s.restart()
	notify(t, s, "info", "right after the restart")
	notify(t, s, "info", "before the page is back")
	p.live()
	notify(t, s, "info", "when it is back")
	p.until("each came once, newest first", notes+`.join('|') === 'when it is back|before the page is back|right after the restart|before the cut'`)
	p.until("all are unread", unread+` === 4`)
	p.until("the prices are prices again", `!document.documentElement.hasAttribute('data-stale-page') &&
		[...document.querySelectorAll('[data-field=state]')].every(e => e.textContent === 'Simulated')`)
	p.moves(patience)
	snapshots := snapshotVersions(p)
	for _, f := range eval[[]flashed](p, `flashes`) {
		if f.Version == snapshots[f.Symbol] {
			t.Errorf("%s flashed for the snapshot after the resume", f.Symbol)
		}
	}
	ids := make(map[string]int)
	for _, m := range p.heard("notification") {
		if ids[m.ID]++; ids[m.ID] > 1 {
			t.Errorf("notification %s came %d times", m.ID, ids[m.ID])
		}
	}
}

func TestASilentServerIsNoticedByTheWatchdog(t *testing.T) {
	t.Parallel()
	s := start(t, "--heartbeat", "1s", "--feed", brisk)
	p := open(t, s.URL+"/?symbols=AAPL")
	p.live()
	s.process.signal(syscall.SIGSTOP)
	defer s.process.signal(syscall.SIGCONT)
	// Two heartbeats until it is noticed, and three seconds to say so.
	p.lost(5*time.Second, "No signal since")
	s.process.signal(syscall.SIGCONT)
	p.live()
	p.moves(patience)
}

func TestAStoppedServerIsComeBackTo(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := newTab(t)
	p.alone()
	for _, text := range []string{"ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING"} {
		p.expect(text)
	}
	p.visit(s.URL + "/?symbols=AAPL,MSFT")
	p.live()
	p.press("/")
	p.press("ibm" + keyEnter)
	p.lists("AAPL,MSFT,IBM")
	s.stop()
	p.lost(patience, "Connection lost")
	s.restart()
	p.until("Try now works, unless it was tried already", `document.querySelector('[data-connection]').innerText.includes('Connected') || document.querySelector('[data-retry]:not([hidden])')?.click()`)
	p.live()
	p.moves(patience)
	last := p.asked()
	slices.Reverse(last)
	i := slices.IndexFunc(last, func(r request) bool { return strings.Contains(r.URL, "/events?") })
	if i < 0 || !strings.Contains(last[i].URL, "IBM") {
		t.Errorf("the new stream is not asked for the symbols of now: %+v", last)
	}
}

func TestAListIsShownAgainWhenTheServerAnswersAfterAFailure(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := open(t, s.URL+"/?symbols=AAPL")
	for _, text := range []string{"ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"} {
		p.expect(text)
	}
	p.live()
	s.kill()
	p.lost(patience, "Connection lost")
	p.press("/")
	p.write("MSFT")
	p.press(keyEnter)
	p.says("tick-toast", "nothing was added")
	s.restart()
	p.click(`tick-toast button`)
	p.lists("AAPL,MSFT")
	p.live()
	before := p.text(`[data-symbol=MSFT] [data-field=price]`)
	p.until("what was added moves", `document.querySelector('[data-symbol=MSFT] [data-field=price]').textContent !== `+literal(before))
}

// TestABusyServerIsSaidToBeBusy has one stream more than the server takes.
func TestABusyServerIsSaidToBeBusy(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-streams", "1")
	resp, err := http.Get(s.URL + "/events?symbols=AAPL")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	p := open(t, s.URL+"/?symbols=AAPL")
	p.says("[data-connection]", "The server is busy")
	if err := resp.Body.Close(); err != nil && !strings.Contains(fmt.Sprint(err), net.ErrClosed.Error()) {
		t.Fatal(err)
	}
	p.until("Try now works", `document.querySelector('[data-connection]').innerText.includes('Connected') || document.querySelector('[data-retry]:not([hidden])')?.click()`)
}
