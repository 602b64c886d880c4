package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// alpaca is the vendor as the program meets it: one stock, one key, and the bars
// of two days that are long over, so that the hour of the test does not matter.
type alpaca struct {
	t      *testing.T
	server *httptest.Server
	// lists answers calls of REST whatever their key is.
	lists bool

	mu   sync.Mutex
	conn *websocket.Conn // that is subscribed
}

const (
	alpacaKey    = "PKRIGHTKEY"
	alpacaSecret = "rightsecret"
)

func startAlpaca(t *testing.T, lists bool) *alpaca {
	a := &alpaca{t: t, lists: lists}
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

// env are the settings of a program that uses the fake with a key.
func (a *alpaca) env(key, secret string) []string {
	return []string{
		"TICKBOARD_ALPACA_KEY=" + key, "TICKBOARD_ALPACA_SECRET=" + secret, "TICKBOARD_ALPACA_URL=" + a.server.URL,
	}
}

func (a *alpaca) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v2/iex":
		a.stream(w, r)
		return
	case "/v2/assets", "/v2/stocks/snapshots":
	default:
		http.NotFound(w, r)
		return
	}
	if !a.lists && (r.Header.Get("APCA-API-KEY-ID") != alpacaKey || r.Header.Get("APCA-API-SECRET-KEY") != alpacaSecret) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message": "forbidden."}`)
		return
	}
	if r.URL.Path == "/v2/assets" {
		fmt.Fprint(w, `[{"class":"us_equity","exchange":"NYSE","symbol":"GME","name":"GameStop Corp. Class A","status":"active"}]`)
		return
	}
	fmt.Fprint(w, `{"GME":{
		"latestTrade":{"t":"2026-01-09T20:59:00.25Z","x":"V","p":20.20,"s":100,"c":["@"],"i":7,"z":"A"},
		"latestQuote":{"t":"2026-01-09T20:59:01Z","ax":"V","ap":20.25,"as":2,"bx":"V","bp":20.15,"bs":3,"c":["R"],"z":"A"},
		"dailyBar":{"t":"2026-01-09T05:00:00Z","o":11,"h":21,"l":10.50,"c":20.20,"v":5000,"n":9,"vw":15},
		"prevDailyBar":{"t":"2026-01-08T05:00:00Z","o":9,"h":11,"l":8,"c":10.10,"v":4000,"n":9,"vw":10}}}`)
}

// stream greets, asks for the key and acknowledges what is subscribed.
func (a *alpaca) stream(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		a.t.Errorf("upgrade: %v", err)
		return
	}
	defer conn.CloseNow()
	send := func(text string) { _ = conn.Write(r.Context(), websocket.MessageText, []byte(text)) }
	send(`[{"T":"success","msg":"connected"}]`)
	for {
		_, msg, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		var request struct {
			Action, Key, Secret string
			Trades              []string
		}
		if err := json.Unmarshal(msg, &request); err != nil {
			a.t.Errorf("request %s: %v", msg, err)
			return
		}
		switch {
		case request.Action != "auth":
			list, _ := json.Marshal(request.Trades)
			send(strings.ReplaceAll(`[{"T":"subscription","trades":L,"quotes":L,"statuses":L,"lulds":L,"corrections":L,"cancelErrors":L}]`, "L", string(list)))
			a.mu.Lock()
			a.conn = conn
			a.mu.Unlock()
		case request.Key != alpacaKey || request.Secret != alpacaSecret:
			send(`[{"T":"error","code":402,"msg":"auth failed"}]`)
		default:
			send(`[{"T":"success","msg":"authenticated"}]`)
		}
	}
}

// say sends a message to who is subscribed.
func (a *alpaca) say(text string) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil {
		a.t.Fatal("nobody is subscribed")
	}
	if err := a.conn.Write(context.Background(), websocket.MessageText, []byte(text)); err != nil {
		a.t.Fatal(err)
	}
}

func (a *alpaca) status(code string) {
	a.say(fmt.Sprintf(`[{"T":"s","S":"GME","sc":"%s","sm":"","rc":"M","rm":"","t":"%s","z":"A"}]`, code, time.Now().UTC().Format(time.RFC3339Nano)))
}

// feedState is what /feeds says of the first feed.
func (s *server) feedState() map[string]any {
	s.t.Helper()
	got, err := try(http.MethodGet, s.AdminURL+"/feeds", "")
	if err != nil {
		s.t.Fatal(err)
	}
	var all struct{ Feeds []map[string]any }
	got.want(s.t, http.StatusOK).decode(s.t, &all)
	return all.Feeds[0]
}

func TestAWrongKeyIsOneClearLineAndTheServerGoesOn(t *testing.T) {
	for name, lists := range map[string]bool{"refused by REST": false, "refused by the stream": true} {
		t.Run(name, func(t *testing.T) {
			a := startAlpaca(t, lists)
			s := startEnv(t, a.env("PKWRONGKEY", "wrongsecret"), "--feed", "alpaca://iex", "--feed", "sim://")
			eventually(t, "a feed that has failed", func() bool { return s.feedState()["state"] == "failed" })
			state := s.feedState()
			if advice := fmt.Sprint(state["advice"]); !strings.Contains(advice, "TICKBOARD_ALPACA_KEY") {
				t.Errorf("advice %q", advice)
			}
			log := s.process.stderr.String()
			lines := 0
			for line := range strings.Lines(log) {
				if strings.Contains(line, "level=ERROR") {
					lines++
					if !strings.Contains(line, "alpaca-iex") || !strings.Contains(line, "TICKBOARD_ALPACA_SECRET") {
						t.Errorf("the log says %s", line)
					}
				}
			}
			if lines != 1 {
				t.Errorf("%d lines of errors:\n%s", lines, log)
			}
			if strings.Contains(log+fmt.Sprint(state), "wrongsecret") {
				t.Error("the secret is shown")
			}
			s.get("/healthz").want(t, http.StatusOK)
			s.get("/api/v1/quotes/AAPL").want(t, http.StatusOK) // of the other feed
		})
	}
}

func TestAlpacaQuotesHaveTheirPreviousCloseAndHalts(t *testing.T) {
	a := startAlpaca(t, false)
	s := startEnv(t, a.env(alpacaKey, alpacaSecret), "--feed", "alpaca://iex?symbols=GME")
	var q map[string]any
	quote := func() map[string]any {
		got := s.get("/api/v1/quotes/GME")
		if got.status != http.StatusOK {
			return nil
		}
		q = nil
		got.decode(t, &q)
		return q
	}
	eventually(t, "a quote with its bid", func() bool { return quote()["bid"] != nil })
	for field, want := range map[string]any{
		"price": 20.20, "previous_close": 10.10, "change": 10.10, "change_percent": 100.0, "open": 11.0, "high": 21.0, "low": 10.50,
		"volume": 5000.0, "bid": 20.15, "bid_size": 3.0, "ask": 20.25, "ask_size": 2.0, "source": "alpaca-iex", "timeliness": "live", "currency": "USD",
	} {
		if q[field] != want {
			t.Errorf("%s is %v, want %v", field, q[field], want)
		}
	}
	if name := s.get("/api/v1/symbols?q=gamestop").want(t, http.StatusOK).body; !strings.Contains(name, "GameStop Corp.") {
		t.Errorf("the search finds %s", name)
	}
	eventually(t, "a subscription", func() bool { return s.feedState()["confirmed"] == 1.0 })
	a.status("2")
	eventually(t, "a halt", func() bool { return quote()["halted"] == true })
	a.status("3")
	eventually(t, "its end", func() bool { return quote()["halted"] == nil })
	if log := s.process.stderr.String(); strings.Contains(log, alpacaSecret) || strings.Contains(log, alpacaKey) {
		t.Error("the log shows the key")
	}
}
