package e2e

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestHelloSaysWhatAStreamIs(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct {
		path, id string
		secret   bool
		want     hello
	}{
		{"/events?symbols=aapl,MSFT,NOPE,BTC/USD,AAPL&max_rate=5&unknown=1", "0", true, hello{Symbols: []string{"AAPL", "MSFT", "BTC/USD"}, Unknown: []string{"NOPE"}, MaxRate: 5}},
		{"/events", "0", true, hello{MaxRate: 10}},
		{"/stream?symbols=AAPL,BTC%2FUSD&max_rate=0.1", "", true, hello{Symbols: []string{"AAPL", "BTC/USD"}, MaxRate: 0.1}},
		{"/stream/AAPL?max_rate=50", "", false, hello{Symbols: []string{"AAPL"}, MaxRate: 50}},
		{"/stream/btc%2Fusd", "", false, hello{Symbols: []string{"BTC/USD"}, MaxRate: 10}},
		{"/stream/BTC/USD", "", false, hello{Symbols: []string{"BTC/USD"}, MaxRate: 10}},
	} {
		t.Run(c.path, func(t *testing.T) {
			st := s.open(c.path)
			for name, want := range map[string]string{"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": ""} {
				if got := st.header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			h, ev := st.hello()
			if ev.ID != c.id || ev.Retry < 2*time.Second || ev.Retry > 5*time.Second {
				t.Errorf("id %q, retry %v", ev.ID, ev.Retry)
			}
			if h.Resumed || h.Gap || h.MaxRate != c.want.MaxRate || h.Heartbeat != 15 || !slices.Equal(h.Symbols, c.want.Symbols) || !slices.Equal(h.Unknown, c.want.Unknown) {
				t.Errorf("%s", ev.Data)
			}
			if (len(h.Stream) >= 26) != c.secret || h.Stream == "" && strings.Contains(string(ev.Data), `"stream"`) {
				t.Errorf("the stream's secret is %q", h.Stream)
			}
			if age := time.Since(h.Time).Abs(); age > patience {
				t.Errorf("time %v", h.Time)
			}
			if strings.Contains(string(ev.Data), "null") {
				t.Errorf("null in %s", ev.Data)
			}
			// The newest of each symbol comes next, each once.
			var first []string
			for range h.Symbols {
				ev := st.next()
				q := decode[wireQuote](t, ev)
				first = append(first, q.Symbol)
				if wantID := strconv.FormatInt(q.Version, 10); ev.Name != "stock_quote" || (ev.ID == wantID) == c.secret || c.secret && ev.ID != "" {
					t.Errorf("%s with id %q of version %d", ev.Name, ev.ID, q.Version)
				}
				if q.Price == "" || q.Timeliness != "simulated" || q.Source != "sim" || q.Session != "regular" || q.Version >= 1<<53 {
					t.Errorf("%s", ev.Data)
				}
			}
			slices.Sort(first)
			if want := slices.Sorted(slices.Values(h.Symbols)); !slices.Equal(first, want) {
				t.Errorf("after hello come %v, want each of %v", first, want)
			}
		})
	}
}

func TestFirstBytesLeaveBeforeAnyQuoteAndHeartbeatsFollow(t *testing.T) {
	t.Parallel()
	feed := recording(t, "1", // the second symbol's quote comes in an hour
		"2024-08-09T10:00:00Z,AAA,trade,141.50,100,,,,",
		"2024-08-09T11:00:00Z,BBB,trade,1.50,100,,,,")
	s := start(t, "--feed", feed, "--symbols", "BBB", "--heartbeat", "200ms")
	for _, path := range []string{"/stream/BBB", "/stream?symbols=BBB", "/events"} {
		st := s.open(path)
		if h, _ := st.hello(); h.Heartbeat != 0.2 {
			t.Errorf("%s: heartbeat %v", path, h.Heartbeat)
		}
		began := time.Now()
		for range 3 {
			ev := st.next()
			beat := decode[struct {
				Status string
				Time   time.Time
			}](t, ev)
			if ev.Name != "heartbeat" || ev.ID != "" || beat.Status != "ok" || time.Since(beat.Time).Abs() > patience {
				t.Errorf("%s: %s %q %s", path, ev.Name, ev.ID, ev.Data)
			}
		}
		if took := time.Since(began); took < 400*time.Millisecond {
			t.Errorf("%s: three heartbeats of 200ms within %v", path, took)
		}
		st.close()
	}
}

func TestStreamsKeepTheirPace(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", "sim://?rate=300&burst=0")
	for _, c := range []struct {
		path  string
		rate  float64
		turns int
	}{
		{"/stream/AAPL?max_rate=5", 5, 6},
		{"/events?symbols=AAPL&max_rate=50", 50, 40},
		{"/stream?symbols=AAPL", 10, 12},
	} {
		t.Run(c.path, func(t *testing.T) {
			st := s.open(c.path)
			st.hello()
			last := st.quote().Version
			began := time.Now()
			for range c.turns {
				q := st.quote()
				if q.Version <= last {
					t.Fatalf("version %d after %d", q.Version, last)
				}
				last = q.Version
			}
			// The first change leaves at once; the others wait for the pace.
			least := time.Duration(float64(c.turns-1) / c.rate * 0.8 * float64(time.Second))
			if took := time.Since(began); took < least {
				t.Errorf("%d quotes within %v; at %v a second they take %v", c.turns, took, c.rate, least)
			} else if took > 4*least+2*time.Second {
				t.Errorf("%d quotes took %v; at %v a second they take %v", c.turns, took, c.rate, least)
			}
		})
	}
	if n := s.metrics()["tickboard_quotes_conflated_total"]; n < 100 {
		t.Errorf("%v quotes were conflated", n)
	}
}

// TestNotificationLeavesAtOnceAndTakesQuotesAlong on a stream whose pace would
// let it wait for ten seconds.
func TestNotificationLeavesAtOnceAndTakesQuotesAlong(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", "sim://?rate=300&burst=0")
	st := s.open("/events?symbols=AAPL&max_rate=0.1")
	st.hello()
	version := st.quote().Version
	eventually(t, "a newer quote waits", func() bool { return s.quote("AAPL").Version > version })
	began := time.Now()
	s.send("now")
	if q := decode[wireQuote](t, st.next()); q.Symbol != "AAPL" || q.Version <= version {
		t.Errorf("first comes %+v", q)
	}
	if n := decode[notification](t, st.next()); n.Message != "now" {
		t.Errorf("then comes %+v", n)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestStreamsOverTheLimitAreToldToComeBack(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-streams", "2")
	first, second := s.open("/events?symbols=AAPL"), s.open("/stream/AAPL")
	first.hello()
	second.hello()
	for _, path := range []string{"/events", "/stream?symbols=AAPL", "/stream/AAPL"} {
		st := s.open(path)
		ev := st.next()
		if ev.Name != "busy" || ev.ID != "" || string(ev.Data) != `{"reason":"limit"}` || ev.Retry < 10*time.Second || ev.Retry > 30*time.Second {
			t.Errorf("%s: %s %q %s, retry %v", path, ev.Name, ev.ID, ev.Data, ev.Retry)
		}
		st.ended()
	}
	if got := s.metrics()[`tickboard_streams_refused_total{reason="limit"}`]; got != 3 {
		t.Errorf("%v streams refused", got)
	}
	first.close()
	eventually(t, "a place is free again", func() bool { return s.metrics()["tickboard_streams"] == 1 })
	s.open("/events").hello()
}

func TestSymbolsOfAnOpenStreamChange(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", "sim://?rate=0.01", "--symbols", "AAPL", "--max-symbols", "3")
	for _, base := range []string{"/events", "/stream"} {
		t.Run(base, func(t *testing.T) {
			st := s.open(base + "?symbols=AAPL,NOPE")
			h, _ := st.hello()
			if q := st.quote(); q.Symbol != "AAPL" {
				t.Fatalf("%+v", q)
			}
			url := base + "/" + h.Stream + "/symbols"
			for _, step := range []struct{ body, want, follows string }{
				{`{"add":["tsla"]}`, `{"symbols":["AAPL","TSLA"],"unknown":["NOPE"]}`, "TSLA"},
				{`{"add":["TSLA"]}`, `{"symbols":["AAPL","TSLA"],"unknown":["NOPE"]}`, "TSLA"},
				{`{"remove":["NOPE","AAPL","XYZ"],"add":["MSFT"],"max_rate":50}`, `{"symbols":["TSLA","MSFT"],"unknown":[]}`, "MSFT"},
				{`{}`, `{"symbols":["TSLA","MSFT"],"unknown":[]}`, ""},
				{`{"add":["BTC/USD"],"remove":["BTC/USD"]}`, `{"symbols":["TSLA","MSFT","BTC/USD"],"unknown":[]}`, "BTC/USD"},
				{`{"remove":["TSLA","MSFT","BTC/USD"]}`, `{"symbols":[],"unknown":[]}`, ""},
				{`{"add":["AAPL"]}`, `{"symbols":["AAPL"],"unknown":[]}`, "AAPL"},
			} {
				if got := strings.TrimSpace(s.post(url, step.body).want(t, http.StatusOK).body); got != step.want {
					t.Errorf("%s: %s, want %s", step.body, got, step.want)
				}
				if step.follows == "" {
					continue
				}
				for q := st.quote(); q.Symbol != step.follows; q = st.quote() {
				}
			}
			s.post(url, `{"add":["MSFT","TSLA","GOOGL"]}`).problem(t, http.StatusBadRequest)
			s.post(url, `{"add":["MSFT","a b"]}`).problem(t, http.StatusBadRequest)
			s.post(url, `{"add":["MSFT"],"max_rate":51}`).problem(t, http.StatusBadRequest)
			if got := strings.TrimSpace(s.post(url, `{}`).body); got != `{"symbols":["AAPL"],"unknown":[]}` {
				t.Errorf("what was refused has changed the stream: %s", got)
			}
			other := map[string]string{"/events": "/stream", "/stream": "/events"}[base]
			s.post(other+"/"+h.Stream+"/symbols", `{}`).problem(t, http.StatusNotFound)
			s.post(base+"/"+h.Stream[:len(h.Stream)-1]+"/symbols", `{}`).problem(t, http.StatusNotFound)
			st.close()
			eventually(t, "a closed stream is forgotten", func() bool { return s.post(url, `{}`).status == http.StatusNotFound })
		})
	}
}

// TestRateOfAnOpenStreamChanges slows a stream down: over a second its pace is
// the new one.
func TestRateOfAnOpenStreamChanges(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", "sim://?rate=300&burst=0")
	st := s.open("/stream?symbols=AAPL&max_rate=50")
	h, _ := st.hello()
	s.post("/stream/"+h.Stream+"/symbols", `{"max_rate":4}`).want(t, http.StatusOK)
	st.quote() // may have left before
	st.quote()
	began := time.Now()
	for range 3 {
		st.quote()
	}
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("3 quotes at 4 a second within %v", took)
	}
}

func TestAddedUnknownSymbolIsToldAndMakesNoState(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	before := s.metrics()["tickboard_symbols"]
	for i := range 50 {
		sym := "NOPE" + strconv.Itoa(i)
		s.get("/api/v1/quotes?symbols="+sym).want(t, http.StatusOK)
		s.get("/api/v1/quotes/"+sym).problem(t, http.StatusNotFound)
		s.get("/stream/"+sym).problem(t, http.StatusNotFound)
		s.get("/q/"+sym, "Accept", "application/json").problem(t, http.StatusNotFound)
		s.get("/embed/quote/"+sym).want(t, http.StatusNotFound)
	}
	st := s.open("/events?symbols=AAA,LATER")
	if h, _ := st.hello(); !slices.Equal(h.Unknown, []string{"LATER"}) {
		t.Errorf("%+v", h)
	}
	st.close()
	eventually(t, "unknown symbols leave nothing behind", func() bool { return s.metrics()["tickboard_symbols"] == before })
}
