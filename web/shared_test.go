package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
)

func TestASharedListIsTheSameForWhoeverHasItsLink(t *testing.T) {
	s := newServer(t)
	var log bytes.Buffer
	s.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	id, cookie := s.become(t)
	l := s.keep(t, id, "Mine & <yours>", "A", "ZZZ", "B")
	token := profile.NewToken()
	if _, err := s.store.ShareList(t.Context(), id, l.ID, token); err != nil {
		t.Fatal(err)
	}
	look := func(header ...string) (*http.Response, string) {
		t.Helper()
		return ask(t, s.Handler(), http.MethodGet, "/l/"+token, "", append(header, "Accept", "text/html")...)
	}
	res, page := look()
	for _, want := range []string{"Mine &amp; &lt;yours&gt;", `data-symbol="A"`, `data-symbol="B"`, `data-symbols="A,ZZZ,B"`, "No source has", "data-read-only"} {
		if res.StatusCode != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%d, the page lacks %s", res.StatusCode, want)
		}
	}
	// Whoever finds the address has the list: no other page gets to know it.
	if res.Header.Get("Referrer-Policy") != "same-origin" || res.Header.Get("X-Robots-Tag") != "noindex" || len(res.Cookies()) > 0 {
		t.Errorf("%v", res.Header)
	}
	if strings.Contains(log.String(), token) {
		t.Errorf("the log has the link's secret: %s", log.String())
	}
	owners, same := look("Cookie", cookie.Name+"="+cookie.Value)
	if same != page || strings.Contains(owners.Header.Get("Cache-Control"), "private") {
		t.Error("its owner sees another page")
	}
	if res, _ := look("If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged it answers %d", res.StatusCode)
	}
	if _, err := s.store.EditList(t.Context(), id, l.ID, profile.Edit{Remove: []quotes.Symbol{quotes.MustSymbol("A")}}, 9); err != nil {
		t.Fatal(err)
	}
	if res, page = look(); res.StatusCode != http.StatusOK || strings.Contains(page, `data-symbol="A"`) {
		t.Error("it does not follow its owner's list")
	}
}

func TestALinkThatIsTakenBackShowsNothing(t *testing.T) {
	s := newServer(t)
	id, _ := s.become(t)
	l := s.keep(t, id, "Mine", "A")
	look := func(name, token string, want int) {
		t.Helper()
		res, page := ask(t, s.Handler(), http.MethodGet, "/l/"+token, "", "Accept", "text/html")
		if res.StatusCode != want || want == http.StatusNotFound && (strings.Contains(page, "Mine") || !strings.Contains(page, "no longer shared")) {
			t.Errorf("%s: %d\n%s", name, res.StatusCode, page)
		}
	}
	share := func() string {
		t.Helper()
		shared, err := s.store.ShareList(t.Context(), id, l.ID, profile.NewToken())
		if err != nil {
			t.Fatal(err)
		}
		return shared.Share
	}
	first := share()
	look("shared", first, http.StatusOK)
	look("cut off", first[:len(first)-1], http.StatusNotFound)
	look("none", "x", http.StatusNotFound)
	if _, err := s.store.UnshareList(t.Context(), id, l.ID); err != nil {
		t.Fatal(err)
	}
	look("taken back", first, http.StatusNotFound)
	second := share()
	look("shared again", second, http.StatusOK)
	look("the old link", first, http.StatusNotFound)
	if err := s.store.DeleteList(t.Context(), id, l.ID, 0, time.Now()); err != nil {
		t.Fatal(err)
	}
	look("deleted", second, http.StatusNotFound)
	if _, err := s.store.RestoreList(t.Context(), id, l.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	look("back again", second, http.StatusOK)
	if err := s.store.DeleteProfile(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	look("the owner is gone", second, http.StatusNotFound)
}

func TestASharedListWaitsForItsSources(t *testing.T) {
	s := newServerWith(t, feed.Options{Specs: []feed.Spec{listless()}})
	id, _ := s.become(t)
	l := s.keep(t, id, "Mine", "A")
	if _, err := s.store.ShareList(t.Context(), id, l.ID, "TOKEN"); err != nil {
		t.Fatal(err)
	}
	if res, page := ask(t, s.Handler(), http.MethodGet, "/l/TOKEN", "", "Accept", "text/html"); res.StatusCode != http.StatusOK ||
		!strings.Contains(page, "Waiting for A") || strings.Contains(page, "<li>A</li>") {
		t.Errorf("%d:\n%s", res.StatusCode, page)
	}
}
