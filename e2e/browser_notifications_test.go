package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// notify publishes a notification, and returns its number.
func notify(t testing.TB, s *server, kind, message string) int64 {
	t.Helper()
	body, err := json.Marshal(map[string]string{"type": kind, "message": message})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/send", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	var stored struct{ ID int64 }
	if err != nil || resp.StatusCode != http.StatusAccepted || json.Unmarshal(text, &stored) != nil {
		t.Fatalf("send: %s %s (%v)", resp.Status, text, err)
	}
	return stored.ID
}

// notes is the texts that the panel shows, newest first, each in a line.
const notes = `[...document.querySelectorAll('tick-notifications li[data-id]')].filter(e => !e.hidden).map(e => e.querySelector('[data-note-message]').textContent)`

// unread is the number that the panel's head shows, 0 without one.
const unread = `(parseInt(document.querySelector('tick-notifications span[data-unread]:not([hidden])')?.textContent ?? 0))`

func TestANotificationArrivesLiveAndIsUnreadUntilItIsMarked(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, s.URL+"/")
	p.says("[data-connection]", "Connected")
	p.says("#notifications", "No notifications")
	first := notify(t, s, "info", "Markets open in ten minutes")
	p.until("it is shown", notes+`.join() === 'Markets open in ten minutes'`)
	p.until("it is unread", unread+` === 1`)
	p.until("a screen reader hears it", `document.querySelector('[role=status]#polite').textContent.includes('ten minutes')`)
	second := notify(t, s, "warning", "Feed is slow")
	p.until("newest first", notes+`.join('|') === 'Feed is slow|Markets open in ten minutes'`)
	p.until("two are unread", unread+` === 2`)

	p.click(fmt.Sprintf(`li[data-id="%d"] [data-read]`, first))
	p.until("one is left", unread+` === 1`)
	p.reload()
	p.until("both survive a reload", notes+`.join('|') === 'Feed is slow|Markets open in ten minutes'`)
	p.until("so does the mark", unread+` === 1 && document.querySelector('li[data-id="`+fmt.Sprint(second)+`"]').hasAttribute('data-unread')`)
	p.click(`[data-read-all]`)
	p.until("none is unread", unread+` === 0`)
}

func TestNotificationsAreFilteredAndClearedWithUndo(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, kind := range []string{"info", "success", "warning", "error"} {
		notify(t, s, kind, "of type "+kind)
	}
	p := open(t, s.URL+"/")
	p.until("all four", notes+`.length === 4`)
	filter := func(value string) string {
		return fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event('change', { bubbles: true })); return true })(document.querySelector('#note-filter'))`, value)
	}
	eval[bool](p, filter("error"))
	p.until("errors alone", notes+`.join() === 'of type error'`)
	notify(t, s, "info", "one more")
	p.until("what is filtered counts as unread", unread+` === 5`)
	eval[bool](p, filter(""))
	p.until("all five", notes+`.length === 5`)
	p.click(`[data-clear]`)
	p.until("none", notes+`.length === 0 && `+unread+` === 0`)
	p.click(`tick-toast button`)
	p.until("all are back", notes+`.length === 5`)
	p.click(`[data-clear]`)
	p.reload()
	p.says("#notifications", "No notifications")
	notify(t, s, "info", "after the clearing")
	p.until("a new one is shown", notes+`.join() === 'after the clearing'`)
}

func TestOlderNotificationsComeOnRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 60 {
		notify(t, s, "info", fmt.Sprintf("number %d", i+1))
	}
	p := open(t, s.URL+"/")
	p.until("the newest fifty", notes+`.length === 50 && `+notes+`[0] === 'number 60'`)
	p.click(`[data-older]`)
	p.until("all sixty, in order", notes+`.map(m => m.slice(7)).join() === Array.from({ length: 60 }, (_, i) => 60 - i).join()`)
	p.until("no more are offered", `document.querySelector('[data-older]').hidden`)
}

func TestHostileTextIsShownAsText(t *testing.T) {
	t.Parallel()
	s := start(t)
	const hostile = `<img src=x onerror="window.hit=1"><script>window.hit=1</script></li> &amp; "'` + "`${1}`"
	notify(t, s, "info", hostile)
	p := open(t, s.URL+"/")
	p.until("it is in the page's HTML as text", notes+`[0] === `+literal(hostile))
	notify(t, s, "error", "live "+hostile)
	p.until("it comes live as text", notes+`[0] === 'live ' + `+literal(hostile))
	if eval[bool](p, `window.hit !== undefined || document.querySelector('.notes img, .notes script') !== null`) {
		t.Error("the text became markup")
	}
}
