package e2e

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// session is the recording of a real market.
const session = "../../shared/data/crypto-session.csv.gz"

// totals are what a symbol's quote says at the end, as JSON writes it.
type totals struct{ Price, Open, High, Low, Volume, Bid, BidSize, Ask, AskSize string }

func (q wireQuote) totals() totals {
	text := func(n json.Number) string { return n.String() }
	return totals{text(q.Price), text(q.Open), text(q.High), text(q.Low), text(q.Volume), text(q.Bid), text(q.BidSize), text(q.Ask), text(q.AskSize)}
}

// fold computes the totals from the file, by nothing of the program's: texts and
// whole numbers. Every number of the recording has eight decimals, so that
// without their points they are compared and summed as whole numbers.
func fold(t testing.TB) map[string]totals {
	t.Helper()
	f, err := os.Open(filepath.FromSlash(session))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("SKIPPED, NOTHING WAS TESTED: the recorded session %s is not here", session)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	units := func(text string) *big.Int {
		n, ok := new(big.Int).SetString(strings.Replace(text, ".", "", 1), 10)
		if _, decimals, _ := strings.Cut(text, "."); !ok || len(decimals) != 8 {
			t.Fatalf("%q has not eight decimals", text)
		}
		return n
	}
	ends, volumes := make(map[string]totals), make(map[string]*big.Int)
	rows := csv.NewReader(unpacked)
	if _, err := rows.Read(); err != nil {
		t.Fatal(err)
	}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e := ends[row[1]]
		if row[2] == "quote" {
			e.Bid, e.BidSize, e.Ask, e.AskSize = row[5], row[6], row[7], row[8]
			ends[row[1]] = e
			continue
		}
		price := row[3]
		if e.Price = price; e.Open == "" {
			e.Open, e.High, e.Low, volumes[row[1]] = price, price, price, new(big.Int)
		}
		if units(price).Cmp(units(e.High)) > 0 {
			e.High = price
		}
		if units(price).Cmp(units(e.Low)) < 0 {
			e.Low = price
		}
		volumes[row[1]].Add(volumes[row[1]], units(row[4]))
		ends[row[1]] = e
	}
	for symbol, sum := range volumes {
		e, digits := ends[symbol], sum.String()
		e.Volume = digits[:len(digits)-8] + "." + digits[len(digits)-8:]
		ends[symbol] = e
	}
	return ends
}

// watcher reads quotes over connections that are cut, and holds the versions to
// their promise: never an older one after a newer.
type watcher struct {
	newest map[string]wireQuote
	cuts   int
	events int
	busy   bool // the last connection was told to come back
}

func (w *watcher) take(t *testing.T, q wireQuote, first map[string]bool) {
	before, seen := w.newest[q.Symbol]
	// The first quote of a connection may be the last of the one before.
	if q.Version < before.Version || q.Version == before.Version && seen && !first[q.Symbol] {
		t.Errorf("%s: version %d after %d", q.Symbol, q.Version, before.Version)
	}
	if q.Version == before.Version && q != before {
		t.Errorf("%s: two quotes of version %d", q.Symbol, q.Version)
	}
	first[q.Symbol] = false
	w.newest[q.Symbol] = q
	w.events++
}

// watch follows the symbols until each has the totals of the end. A connection
// is cut after so many events, or that much time, when they are not 0.
func (w *watcher) watch(t *testing.T, s *server, want map[string]totals, every int, after time.Duration) {
	w.newest = make(map[string]wireQuote)
	for deadline := time.Now().Add(patience + 10*time.Second); time.Now().Before(deadline); w.cuts++ {
		if w.busy {
			<-time.After(50 * time.Millisecond)
			w.busy = false
		}
		st, err := s.tryOpen("/stream?symbols=BTCUSDT,ETHUSDT&max_rate=50")
		if err != nil {
			t.Error(err)
			return
		}
		done := w.connection(t, st, want, every, after)
		st.close()
		if done {
			return
		}
	}
	t.Error("never sees the session's end")
}

func (w *watcher) connection(t *testing.T, st *stream, want map[string]totals, every int, after time.Duration) (done bool) {
	cut := make(<-chan time.Time)
	if after > 0 {
		cut = time.After(after)
	}
	first := map[string]bool{"BTCUSDT": true, "ETHUSDT": true}
	for events := 0; every == 0 || events < every; {
		select {
		case ev, ok := <-st.events:
			if !ok {
				t.Errorf("the stream ended: %v", st.err)
				return true
			}
			events++
			switch ev.Name {
			case "busy": // the file has not been read yet
				w.busy = true
				return false
			case "stock_quote":
				w.take(t, decode[wireQuote](t, ev), first)
			}
			if w.ended(want) {
				return true
			}
		case <-cut:
			return false
		case <-t.Context().Done():
			return true
		}
	}
	return false
}

func (w *watcher) ended(want map[string]totals) bool {
	for symbol, end := range want {
		if w.newest[symbol].totals() != end {
			return false
		}
	}
	return true
}

// playSession replays the recording before three watchers: one that is never
// cut, one that is cut after every 20 events, one that is cut every 20 ms. All
// end with what the fold of the file says, to the digit.
func playSession(t *testing.T, speed string, leastCuts int) {
	want := fold(t)
	if len(want) != 2 {
		t.Fatalf("the recording has %d symbols", len(want))
	}
	path, err := filepath.Abs(filepath.FromSlash(session))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s := start(t, "--feed", "replay://"+path+"?speed="+speed, "--symbols", "BTCUSDT,ETHUSDT", "--max-rate", "50")
	watchers := []*watcher{{}, {}, {}}
	var all sync.WaitGroup
	all.Go(func() { watchers[0].watch(t, s, want, 0, 0) })
	all.Go(func() { watchers[1].watch(t, s, want, 20, 0) })
	all.Go(func() { watchers[2].watch(t, s, want, 0, 20*time.Millisecond) })
	all.Wait()
	s.awaitFinished()
	for i, w := range watchers {
		t.Logf("watcher %d: %d quotes over %d cuts, %v after the start", i, w.events, w.cuts, time.Since(began).Round(time.Millisecond))
		for symbol, end := range want {
			if got := w.newest[symbol].totals(); got != end {
				t.Errorf("watcher %d: %s ends with %+v, the file with %+v", i, symbol, got, end)
			}
			if rest := s.quote(symbol); rest != w.newest[symbol] {
				t.Errorf("watcher %d: %s ends with %+v, REST has %+v", i, symbol, w.newest[symbol], rest)
			}
		}
	}
	if watchers[2].cuts < leastCuts {
		t.Errorf("%d cuts prove little", watchers[2].cuts)
	}
	figures := s.metrics()
	t.Logf("%v quotes published, %v conflated", figures["tickboard_quotes_published_total"], figures["tickboard_quotes_conflated_total"])
	for _, outcome := range []string{"duplicate", "late", "unmatched", "nonsense", "unlisted"} {
		if n := figures[`tickboard_feed_updates_total{feed="replay",outcome=`+strconv.Quote(outcome)+`}`]; n != 0 {
			t.Errorf("%v updates of the recording were %s", n, outcome)
		}
	}
}

func TestRecordedSessionAtFullSpeedEndsToTheDigit(t *testing.T) {
	t.Parallel()
	playSession(t, "max", 0)
}

func TestRecordedSessionAtSpeed60EndsToTheDigit(t *testing.T) {
	t.Parallel()
	playSession(t, "60", 50)
}
