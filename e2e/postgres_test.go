package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/quotes/store/pgtest"
)

// onPostgres starts two nodes on one PostgreSQL; one takes the address from its
// environment and the other from a file.
func onPostgres(t *testing.T, args ...string) (db *pgtest.Server, nodes [2]*server) {
	t.Helper()
	db = pgtest.Need(t)
	address, err := db.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "address")
	if err := os.WriteFile(file, []byte(address+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := "TICKBOARD_INGEST_TOKEN=" + ingestToken
	nodes[0] = startEnv(t, []string{token, "TICKBOARD_DATABASE=" + address}, args...)
	nodes[1] = startEnv(t, []string{token, "TICKBOARD_DATABASE_FILE=" + file}, args...)
	return db, nodes
}

func TestNodesShareAPostgreSQL(t *testing.T) {
	t.Parallel()
	feed := []string{"--symbols", "AAA,BTC/USD", "--feed", recording(t, "max", "2024-08-09T14:30:00Z,AAA,trade,140.25,100,,,,", "2024-08-09T14:30:00Z,BTC/USD,trade,60000.00,1,,,,")}
	_, nodes := onPostgres(t, feed...)
	one, two := nodes[0], nodes[1]
	st := two.open("/events?symbols=AAA")
	st.hello()
	one.send("from one")
	if n := st.notification(); n.ID != 1 || n.Message != "from one" {
		t.Fatalf("%+v", n)
	}
	st.close()
	two.stop()
	for id := int64(2); id <= 3; id++ {
		if n := one.send("number " + strconv.FormatInt(id, 10)); n.ID != id {
			t.Fatalf("%+v; want %d", n, id)
		}
	}

	// Every number counts on every node, after a restart too.
	two.restart()
	for _, s := range []*server{one, two} {
		st := s.open("/events", "Last-Event-ID", "1")
		if h, ev := st.hello(); !h.Resumed || h.Gap || ev.ID != "1" {
			t.Errorf("resumed %+v at %s", h, ev.ID)
		}
		for id := int64(2); id <= 3; id++ {
			if n := st.notification(); n.ID != id || n.Message != "number "+strconv.FormatInt(id, 10) {
				t.Errorf("%+v; want %d", n, id)
			}
		}
	}
	if q := two.quote("AAA"); q.Price != "140.25" {
		t.Errorf("%+v", q)
	}
	for _, s := range []*server{one, two} {
		log := s.process.stdout.String() + s.process.stderr.String()
		if strings.Contains(log, "s3cret") || !strings.Contains(log, "postgres /") {
			t.Errorf("the log does not name the database, or with its password:\n%s", log)
		}
		if _, err := os.Stat(filepath.Join(s.DataDir, "tickboard.db")); err == nil {
			t.Error("there is a database file too")
		}
	}
}

// TestQuotesGoOnWhileTheDatabaseIsAway: a stream that is open stays and gets its
// quotes, a new one begins, a notification is refused with what to do; and all is
// well when the database is back.
func TestQuotesGoOnWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	db, nodes := onPostgres(t, "--feed", "sim://?rate=5")
	s := nodes[0]
	st := s.open("/events?symbols=AAPL")
	st.hello()
	s.send("before")
	st.notification()
	db.Stop()
	if detail := s.post("/send", `{"message":"x"}`, "Authorization", "Bearer "+s.token()).problem(t, http.StatusServiceUnavailable); !strings.Contains(detail, "Quotes go on.") {
		t.Errorf("%s", detail)
	}
	begins := s.open("/events?symbols=AAPL")
	begins.hello()
	for range 5 {
		st.await("stock_quote")
		begins.await("stock_quote")
	}
	if page := s.get("/").want(t, http.StatusOK).body; !strings.Contains(page, "Earlier notifications cannot be shown now.") {
		t.Error("the page does not say that notifications are missing")
	}
	if err := db.Start(); err != nil {
		t.Fatal(err)
	}
	token := s.token()
	eventually(t, "a notification is taken again", func() bool {
		return s.post("/send", `{"message":"after"}`, "Authorization", "Bearer "+token).status == http.StatusAccepted
	})
	for _, st := range []*stream{st, begins} {
		if n := st.notification(); n.Message != "after" {
			t.Errorf("%+v", n)
		}
	}
}

func TestStartWithoutTheDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	p := spawn(t, []string{"TICKBOARD_DATABASE=postgres://me:s3cret@127.0.0.1:1/db"}, "--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", t.TempDir())
	if status := p.wait(t); status != 2 {
		t.Errorf("status %d", status)
	}
	if text := p.stderr.String(); strings.Contains(text, "s3cret") || !strings.Contains(text, "start the server or correct the address") {
		t.Errorf("%s", text)
	}
}
