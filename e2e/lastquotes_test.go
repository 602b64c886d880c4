package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/quotes/store"
)

// TestARestartShowsTheLastQuotes stops the program by every means. What it showed
// is there again at once, marked stale, and until the feed speaks of the symbol.
func TestARestartShowsTheLastQuotes(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*server){
		"SIGTERM": func(s *server) { s.stop() },
		"SIGKILL": func(s *server) {
			s.awaitStored("AAA")
			s.kill()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startStill(t)
			before := s.quote("AAA")
			if before.Price != "140.25" || before.Stale {
				t.Fatalf("%+v", before)
			}
			end(s)

			// Now the recording has nothing of AAA for an hour.
			s.args = []string{"--symbols", "AAA,BTC/USD", "--feed", recording(t, "1",
				"2024-08-10T10:00:00Z,BTC/USD,trade,61700.00000000,0.5,,,,",
				"2024-08-10T11:00:00Z,AAA,trade,150.00,100,,,,",
			)}
			s.restart()
			after := s.quote("AAA")
			if !after.Stale || after.Version <= before.Version {
				t.Errorf("after the restart: %+v", after)
			}
			after.Stale, after.Version = before.Stale, before.Version
			if after != before {
				t.Errorf("after the restart %+v, before %+v", after, before)
			}
			st := s.open("/stream/AAA")
			st.hello()
			if q := st.quote(); q.Price != "140.25" || !q.Stale {
				t.Errorf("the stream begins with %+v", q)
			}
			eventually(t, "the feed has spoken of BTC/USD", func() bool {
				q := s.quote("BTC/USD")
				return q.Price == "61700.00000000" && !q.Stale
			})
			end(s)

			// A replay goes back in time, and is believed all the same.
			s.args = []string{"--symbols", "AAA,BTC/USD", "--feed", recording(t, "max",
				"2024-08-08T10:00:00Z,AAA,trade,139.00,100,,,,",
			)}
			s.restart()
			eventually(t, "the feed has spoken of AAA", func() bool {
				q := s.quote("AAA")
				return q.Price == "139.00" && !q.Stale
			})
		})
	}
}

// awaitStored waits until the database has a quote of a symbol.
func (s *server) awaitStored(symbol string) {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), filepath.Join(s.DataDir, "tickboard.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	eventually(s.t, symbol+" is stored", func() bool {
		list, err := db.LoadQuotes(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		for _, q := range list {
			if q.Symbol.String() == symbol {
				return true
			}
		}
		return false
	})
}

func TestNamesFromAFileAreFound(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"names.csv":        "symbol,name,exchange\nAAA,Alpha & Sons,XNYS\nZZZ,Of no feed,\n",
		"nasdaqlisted.txt": "Symbol|Security Name|Test Issue|ETF\nAAA|Alpha & Sons - Common Stock|N|N\nZZZ|Of no feed|N|N\nFile Creation Time: 0115202621:31|||\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := startStill(t, "--instruments", path)
		if body := s.get("/api/v1/symbols?q=sons").want(t, http.StatusOK).body; !strings.Contains(body, `"AAA"`) || !strings.Contains(body, `Alpha \u0026 Sons`) {
			t.Errorf("%s: %s", name, body)
		}
		if body := s.get("/api/v1/symbols?q=zzz").want(t, http.StatusOK).body; strings.Contains(body, "ZZZ") {
			t.Errorf("a symbol of no feed is found: %s", body)
		}
	}
}
