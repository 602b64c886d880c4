package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestListsAreKeptInTheirOrder(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	one, two := d.addList("One", "aaa", "AAA", "btc/usd"), d.addList(" Two ")
	d.wantLists("One:AAA,BTC/USD", "Two:")
	d.ask(http.MethodPost, one.path()+"/symbols", `{"add":["X","Y"],"remove":["AAA"],"before":"BTC/USD"}`).want(t, http.StatusOK).decode(t, &one)
	if one.Version != 2 || strings.Join(one.Symbols, ",") != "X,Y,BTC/USD" {
		t.Errorf("%+v", one)
	}
	d.ask(http.MethodPut, "/api/v1/lists/order", fmt.Sprintf(`{"ids":[%d,99,%d]}`, two.ID, one.ID)).want(t, http.StatusOK)
	d.wantLists("Two:", "One:X,Y,BTC/USD")
	var deleted struct {
		Undo  string
		Until time.Time
	}
	d.ask(http.MethodDelete, one.path(), "").want(t, http.StatusOK).decode(t, &deleted)
	d.wantLists("Two:")
	d.ask(http.MethodGet, one.path(), "").problem(t, http.StatusNotFound)
	if left := time.Until(deleted.Until); left < 6*24*time.Hour || left > 7*24*time.Hour {
		t.Errorf("it can be brought back for %s", left)
	}
	for range 2 { // whose answer may get lost
		d.ask(http.MethodPost, deleted.Undo, "").want(t, http.StatusOK)
	}
	d.wantLists("Two:", "One:X,Y,BTC/USD")

	stranger := s.device()
	stranger.addList("Mine")
	for _, call := range [][3]string{
		{http.MethodGet, "", ""}, {http.MethodDelete, "", ""}, {http.MethodPost, "/restore", ""}, {http.MethodPost, "/share", ""}, {http.MethodDelete, "/share", ""},
		{http.MethodPost, "/symbols", `{"add":["X"]}`}, {http.MethodPut, "", `{"name":"x","symbols":[]}`},
	} {
		stranger.ask(call[0], one.path()+call[1], call[2], "If-Match", "*").problem(t, http.StatusNotFound)
	}
	d.ask(http.MethodGet, "/api/v1/lists?x=1", "").problem(t, http.StatusBadRequest)
	s.stop()
	s.restart()
	d.wantLists("Two:", "One:X,Y,BTC/USD")
}

func TestTwoWhoEditAListLoseNothing(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	l := d.addList("List", "A")
	a := d.ask(http.MethodGet, l.path(), "").want(t, http.StatusOK)
	tag := a.header.Get("ETag")
	if tag != `"v1"` || d.ask(http.MethodGet, l.path(), "", "If-None-Match", tag).status != http.StatusNotModified {
		t.Errorf("the tag is %s", tag)
	}
	const first, second = `{"name":"First","symbols":["A"]}`, `{"name":"List","symbols":["A","B"]}`
	if detail := d.ask(http.MethodPut, l.path(), first).problem(t, http.StatusPreconditionRequired); !strings.Contains(detail, `If-Match: "v1"`) {
		t.Errorf("%s", detail)
	}
	if a := d.ask(http.MethodPut, l.path(), first, "If-Match", tag).want(t, http.StatusOK); a.header.Get("ETag") != `"v2"` {
		t.Errorf("the tag is %s", a.header.Get("ETag"))
	}
	if detail := d.ask(http.MethodPut, l.path(), second, "If-Match", tag).problem(t, http.StatusPreconditionFailed); !strings.Contains(detail, "Load it again") {
		t.Errorf("%s", detail)
	}
	d.ask(http.MethodDelete, l.path(), "", "If-Match", tag).problem(t, http.StatusPreconditionFailed)
	d.wantLists("First:A")
	d.ask(http.MethodPost, l.path()+"/symbols", `{"add":["B"]}`).want(t, http.StatusOK) // what commutes needs no tag
	d.ask(http.MethodDelete, l.path(), "", "If-Match", `W/"v3"`).want(t, http.StatusOK)
}

func TestListsComeAndGoAsFiles(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	for _, c := range []struct{ kind, body, want string }{
		{"text/csv", "Name,Ticker,Shares\nApple,aapl,10\n\"Micro, soft\",MSFT,\n,,\n", "AAPL,MSFT"},
		{"text/csv; charset=utf-8", "\xef\xbb\xbfsymbol;note\r\nBTC/USD;x\r\nAAA;y\r\nAAA;z\r\n", "BTC/USD,AAA"},
		{"text/csv", "AAA,BTC/USD,X", "AAA,BTC/USD,X"},
		{"text/csv", "AAA\nX\n", "AAA,X"},
		{"text/plain", "AAA; btc/usd\n\n X\tY,Z\r\n", "AAA,BTC/USD,X,Y,Z"},
	} {
		var l ownList
		d.ask(http.MethodPost, "/api/v1/lists?name=File", c.body, "Content-Type", c.kind).want(t, http.StatusCreated).decode(t, &l)
		if strings.Join(l.Symbols, ",") != c.want || l.Name != "File" {
			t.Errorf("%q: %+v", c.body, l)
		}
	}
	for _, c := range []struct {
		kind, body, says string
		status           int
	}{
		{"text/plain", "AAA\nb@d\n", "Line 2", http.StatusBadRequest},
		{"text/csv", "symbol\nAAA\n\n<b>\n", "Line 4", http.StatusBadRequest},
		{"text/csv", "symbol,name\n", "no symbols", http.StatusBadRequest},
		{"text/plain", "\xff", "UTF-8", http.StatusBadRequest},
		{"text/plain", numbered(201), "200", http.StatusUnprocessableEntity},
		{"text/plain", strings.Repeat("AAA ", 20_000), "65536", http.StatusRequestEntityTooLarge},
		{"application/xml", "<a/>", "text/csv", http.StatusUnsupportedMediaType},
	} {
		if detail := d.ask(http.MethodPost, "/api/v1/lists", c.body, "Content-Type", c.kind).problem(t, c.status); !strings.Contains(detail, c.says) {
			t.Errorf("%.20q: %s", c.body, detail)
		}
	}
	l := d.addList("Töp/../5", "AAA", "NONE")
	a := d.ask(http.MethodGet, l.path()+"?format=csv", "").want(t, http.StatusOK)
	if a.body != "symbol,name\nAAA,AAA\nNONE,\n" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment;") ||
		strings.Contains(a.header.Get("Content-Disposition"), "/") {
		t.Errorf("%q, %v", a.body, a.header)
	}
	if a := d.ask(http.MethodGet, l.path()+"?format=txt", "").want(t, http.StatusOK); a.body != "AAA\nNONE\n" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%q, %v", a.body, a.header)
	}
	d.ask(http.MethodGet, l.path()+"?format=pdf", "").problem(t, http.StatusBadRequest)
}

// numbered are so many symbols.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "S%d ", i)
	}
	return b.String()
}
