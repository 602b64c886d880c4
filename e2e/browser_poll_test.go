package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// noCount takes from a page the way in which tabs that cannot share count each
// other: it asks now and then.
const noCount = noWorker + "\n" + noLocks + "\ndelete window.BroadcastChannel"

// askPace is how long a tab that asks may take to show what another one changed:
// it asks every two seconds, and then loads what is new.
const askPace = 5 * time.Second

// streaming says that a tab has asked for a stream.
func (p *tab) streaming() bool {
	return slices.ContainsFunc(p.asked(), func(r request) bool { return strings.Contains(r.URL, "/events?") })
}

func TestATabThatAsksFollowsWhatOthersChange(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT,TSLA")
	a := open(t, s.URL+"/")
	b := a.another()
	b.early(noCount)
	b.visit(s.URL + "/")
	for _, p := range []*tab{a, b} {
		p.live()
		p.moves(patience)
	}
	a.click(`[aria-label="Remove TSLA"]`)
	a.kept("Watchlist: AAPL MSFT")
	b.within(askPace, "the tab that asks has become the list's", list+` === 'AAPL,MSFT'`)
	a.click(`[aria-label="Move MSFT up"]`)
	b.within(askPace, "the order follows", list+` === 'MSFT,AAPL'`)

	notify(t, s, "info", "to all")
	const unread = `document.querySelector('[data-bell] [data-unread]:not([hidden])')?.firstChild.textContent`
	b.within(askPace, "it is unread", unread+` === '1'`)
	eval[any](a, `fetch('/api/v1/notifications/read', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"up_to":1000}' }).then(r => r.status)`)
	b.within(askPace, "it is read, as in the other tab", unread+` == null`)

	b.visit(s.URL + "/alerts")
	b.live()
	eval[any](a, `fetch('/api/v1/alerts', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"symbol":"AAPL","condition":"above","level":100000}' }).then(r => r.status)`)
	b.within(askPace, "the alert is listed", alerts+` !== ''`)
	if b.streaming() {
		t.Error("it has a stream, so this tests nothing")
	}
}

func TestAPlaceThatWasLeftGoesToATabThatAsks(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	all := tabs(t, 5, s.URL+"/?symbols=AAPL,MSFT", noWorker+"\n"+noLocks)
	for _, p := range all {
		p.live()
		p.moves(patience)
	}
	asks := slices.IndexFunc(all, func(p *tab) bool { return !p.streaming() })
	if asks < 0 {
		t.Fatal("every tab has a stream")
	}
	waits := all[asks]
	for _, p := range all {
		if p.streaming() {
			p.shut()
		}
	}
	eventually(t, "a tab that asked has a stream", waits.streaming)
	waits.live()
	waits.moves(patience)
}
