package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/feedtest"
)

// midnight is the time of btcTrade.
var midnight = time.Date(2024, 8, 9, 0, 0, 0, 0, time.UTC)

// rowAt is a trade of symbol so long after midnight.
func rowAt(after time.Duration, symbol string) string {
	return midnight.Add(after).Format(time.RFC3339Nano) + "," + symbol + ",trade,1.50,1,,,,"
}

// played is one update and when it came after the beginning of Run.
type played struct {
	Symbol string
	Kind   feed.Kind
	At     time.Duration // recorded, after midnight
	After  time.Duration
}

// play runs the source of the file until it ends or has emitted limit updates
// (0 is no limit).
func play(t *testing.T, limit int, path, query string) ([]played, error) {
	t.Helper()
	source := openPath(t, path, query).Source
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var list []played
	start := time.Now()
	err := source.Run(ctx, new(feed.Demand), func(u feed.Update) {
		list = append(list, played{u.Symbol.String(), u.Kind, u.Time.Sub(midnight), time.Since(start)})
		if len(list) == limit {
			cancel()
		}
	})
	return list, err
}

func TestSuite(t *testing.T) {
	captureLog(t)
	var even, burst []string
	for i := range 300 {
		even = append(even, rowAt(time.Duration(i)*70*time.Millisecond, []string{"AAA", "BBB"}[i%2]))
		burst = append(burst, rowAt(time.Duration(i/100)*time.Minute, "AAA"))
	}
	for name, c := range map[string]struct {
		rows  []string
		query string
	}{
		// Not speed=max&loop=1: the suite lets it run for 10 s.
		"paced":      {even, ""},
		"fast":       {even, "speed=10000"},
		"unhurried":  {even, "speed=max"},
		"loop":       {even, "speed=100&loop=1"},
		"from":       {even, "from=10s"},
		"long sleep": {burst, "loop=1"},
		"lenient":    {slices.Insert(slices.Clone(even), 5, "nothing"), "lenient=1"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, c.rows...)
			feedtest.Run(t, feedtest.Case{Open: func(t *testing.T) feed.Spec { return openPath(t, path, c.query) }})
		})
	}
}

func TestRowsComeWhenTheirRecordedTimeHasPassed(t *testing.T) {
	path := write(t, rowAt(0, "AAA"), rowAt(100*time.Millisecond, "AAA"), rowAt(time.Minute, "BBB"), rowAt(time.Hour, "AAA"))
	for query, speed := range map[string]float64{"": 1, "speed=1": 1, "speed=2.5": 2.5, "speed=10": 10, "speed=10000": 10000} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := play(t, 0, path, query)
				if err != nil || len(got) != 4 {
					t.Fatalf("%d updates, error %v; want 4 and nil", len(got), err)
				}
				for i, p := range got {
					due := time.Duration(float64(p.At) / speed)
					if late := p.After - due; late < 0 || late > nap {
						t.Errorf("update %d, due after %v, came after %v", i, due, p.After)
					}
				}
			})
		})
	}
}

func TestManyRowsShareOneSleep(t *testing.T) {
	var rows []string
	for i := range 20_000 { // 10 s, one every 500 µs
		rows = append(rows, rowAt(time.Duration(i)*500*time.Microsecond, "AAA"))
	}
	path := write(t, rows...)
	synctest.Test(t, func(t *testing.T) {
		got, err := play(t, 0, path, "speed=10")
		if err != nil || len(got) != len(rows) {
			t.Fatalf("%d updates, error %v; want %d and nil", len(got), err, len(rows))
		}
		sleeps := 0
		for i, p := range got {
			if i > 0 && p.After > got[i-1].After {
				sleeps++
			}
			if late := p.After - p.At/10; late < 0 || late > nap {
				t.Fatalf("update %d, due after %v, came after %v", i, p.At/10, p.After)
			}
		}
		if most := int(time.Second / nap); sleeps > most {
			t.Errorf("%d sleeps in 1 s, want at most %d", sleeps, most)
		}
	})
}

func TestMaxWaitsForNothing(t *testing.T) {
	path := write(t, rowAt(0, "AAA"), rowAt(24*time.Hour, "AAA"), rowAt(240*time.Hour, "AAA"))
	synctest.Test(t, func(t *testing.T) {
		got, err := play(t, 0, path, "speed=max")
		if err != nil || len(got) != 3 || got[2].After != 0 {
			t.Errorf("%v, error %v; want 3 updates at once", got, err)
		}
	})
}

func TestRowThatGoesBackInTimeComesAtOnce(t *testing.T) {
	path := write(t, rowAt(0, "AAA"), rowAt(10*time.Second, "AAA"), rowAt(2*time.Second, "BBB"), rowAt(-time.Hour, "CCC"), rowAt(11*time.Second, "AAA"))
	synctest.Test(t, func(t *testing.T) {
		got, err := play(t, 0, path, "")
		want := []played{
			{"AAA", feed.Trade, 0, 0},
			{"AAA", feed.Trade, 10 * time.Second, 10 * time.Second},
			{"BBB", feed.Trade, 2 * time.Second, 10 * time.Second},
			{"CCC", feed.Trade, -time.Hour, 10 * time.Second},
			{"AAA", feed.Trade, 11 * time.Second, 11 * time.Second},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestFromFoldsWhatIsOlderAndPlaysOnFromThere(t *testing.T) {
	path := write(t, rowAt(0, "AAA"), rowAt(20*time.Second, "BBB"), rowAt(90*time.Second, "AAA"), rowAt(100*time.Second, "AAA"))
	want := []played{
		{"AAA", feed.Trade, 0, 0},
		{"BBB", feed.Trade, 20 * time.Second, 0},
		{"AAA", feed.Trade, 90 * time.Second, 30 * time.Second},
		{"AAA", feed.Trade, 100 * time.Second, 40 * time.Second},
	}
	for _, query := range []string{
		"from=60s", "from=1m", "from=2024-08-09T00:01:00Z", "from=2024-08-09T02:01:00%2B02:00", "from=2024-08-09T02:01:00+02:00",
	} {
		synctest.Test(t, func(t *testing.T) {
			got, err := play(t, 0, path, query)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: error %v (-want +got):\n%s", query, err, diff)
			}
		})
	}
}

func TestFromBeforeTheFirstRowWaitsForNothing(t *testing.T) {
	path := write(t, rowAt(0, "AAA"), rowAt(time.Second, "AAA"))
	synctest.Test(t, func(t *testing.T) {
		got, err := play(t, 0, path, "from=2020-01-01T00:00:00Z")
		if err != nil || len(got) != 2 || got[0].After != 0 || got[1].After != time.Second {
			t.Errorf("%v, error %v; want updates after 0s and 1s", got, err)
		}
	})
}

func TestFromAfterTheLastRowEndsForGood(t *testing.T) {
	path := write(t, rowAt(0, "AAA"), rowAt(time.Second, "AAA"))
	for _, query := range []string{"from=1h", "from=1h&loop=1", "from=2024-08-10T00:00:00Z&loop=1&speed=max"} {
		got, err := play(t, 0, path, query)
		wantPermanent(t, err, "is after every row; write an earlier one")
		if len(got) != 2 {
			t.Errorf("%s: %d updates, want the 2 that were folded", query, len(got))
		}
	}
}

func TestNewRoundBreaksEverySymbolSeenAndPlaysAlike(t *testing.T) {
	path := write(t, rowAt(0, "BBB"), rowAt(time.Second, "AAA"), rowAt(3*time.Second, "BBB"))
	synctest.Test(t, func(t *testing.T) {
		got, err := play(t, 10, path, "loop=1&from=1s") // ends among the breaks
		want := []played{
			{"BBB", feed.Trade, 0, 0},
			{"AAA", feed.Trade, time.Second, 0},
			{"BBB", feed.Trade, 3 * time.Second, 2 * time.Second},
			{"AAA", feed.Break, 0, 2 * time.Second},
			{"BBB", feed.Break, 0, 2 * time.Second},
			{"BBB", feed.Trade, 0, 2 * time.Second},
			{"AAA", feed.Trade, time.Second, 2 * time.Second},
			{"BBB", feed.Trade, 3 * time.Second, 4 * time.Second},
			{"AAA", feed.Break, 0, 4 * time.Second},
			{"BBB", feed.Break, 0, 4 * time.Second},
		}
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestLoopOverNextToNothingDoesNotSpin(t *testing.T) {
	path := write(t, rowAt(0, "AAA"))
	synctest.Test(t, func(t *testing.T) {
		got, _ := play(t, 101, path, "loop=1") // a trade, then 50 breaks with their trades
		if after := got[len(got)-1].After; after != 50*shortestRound {
			t.Errorf("50 rounds took %v, want %v", after, 50*shortestRound)
		}
	})
}

func TestRunAgainBreaksWhatItPlayedBefore(t *testing.T) {
	source := openPath(t, write(t, rowAt(0, "AAA"), rowAt(0, "BBB")), "").Source
	var kinds []feed.Kind
	for range 2 {
		if err := source.Run(t.Context(), new(feed.Demand), func(u feed.Update) { kinds = append(kinds, u.Kind) }); err != nil {
			t.Fatal(err)
		}
	}
	want := []feed.Kind{feed.Trade, feed.Trade, feed.Break, feed.Break, feed.Trade, feed.Trade}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestEndOfTheContextEndsALongSleepAndAFirehose(t *testing.T) {
	path := write(t, rowAt(0, "AAA"), rowAt(time.Hour, "AAA"))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		err := openPath(t, path, "").Source.Run(ctx, new(feed.Demand), func(feed.Update) {})
		if took := time.Since(start); took != 30*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("returned after %v with %v, want 30s and the context's error", took, err)
		}
	})
	for limit := 100; limit < 104; limit++ { // at each place of a round
		got, err := play(t, limit, path, "speed=max&loop=1")
		if len(got) != limit || !errors.Is(err, context.Canceled) {
			t.Errorf("%d updates after the end, error %v", len(got)-limit, err)
		}
	}
}

func TestEndOfTheContextEndsTheSkippingOfRubbish(t *testing.T) {
	path := writeFile(t, "rubbish.csv.gz", zip(t, header+"\n"+strings.Repeat("x", 8*bufferSize)+strings.Repeat("\n", 1000)))
	ctx, cancel := context.WithCancel(t.Context())
	lines := 0
	r, err := openRows(recording{path: path}, func() {
		if lines++; lines == 3 {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := r.next(ctx); !errors.Is(err, context.Canceled) || lines != 3 {
		t.Errorf("error %v after %d lines, want the context's after 3", err, lines)
	}
}

func TestMalformedRowEndsTheSourceForGoodWithFileLineAndReason(t *testing.T) {
	for _, row := range malformedRows {
		path := write(t, btcTrade, btcTrade, row.line, btcTrade)
		got, err := play(t, 0, path, "speed=max")
		wantPermanent(t, err, path+":4: ")
		wantPermanent(t, err, row.reason)
		if len(got) != 2 {
			t.Errorf("%q: %d updates before it, want 2", row.line, len(got))
		}
		_, err = openPath(t, path, "").Instruments(t.Context())
		wantPermanent(t, err, path+":4: ")
	}
}

func TestLenientSkipsAndCountsMalformedRows(t *testing.T) {
	log := captureLog(t)
	rows := []string{btcTrade}
	for _, row := range malformedRows {
		rows = append(rows, row.line, btcTrade)
	}
	rows = append(rows, strings.Repeat("x", 3*bufferSize), btcTrade)
	path := write(t, rows...)
	spec := openPath(t, path, "lenient=1&speed=max")
	emitted := 0
	if err := spec.Source.Run(t.Context(), new(feed.Demand), func(feed.Update) { emitted++ }); err != nil {
		t.Fatal(err)
	}
	bad := len(malformedRows) + 1
	if emitted != bad+1 {
		t.Errorf("%d updates, want %d", emitted, bad+1)
	}
	if got := spec.Source.(interface{ Skipped() int64 }).Skipped(); got != int64(bad) {
		t.Errorf("%d skipped, want %d", got, bad)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), fmt.Sprintf("path=%s rows=%d", path, bad)) {
		t.Errorf("log is %q, want one line with the file and %d rows", log, bad)
	}
	list, err := spec.Instruments(t.Context())
	if err != nil || len(list) != 1 {
		t.Errorf("instruments %v, error %v; want BTCUSDT alone", list, err)
	}
}

func TestLoopLogsWhatItSkippedOnce(t *testing.T) {
	log := captureLog(t)
	path := write(t, btcTrade, "rubbish")
	if _, err := play(t, 20, path, "lenient=1&loop=1&speed=max"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "rows=1"); n != 1 {
		t.Errorf("log is %q, want one line about 1 row", log)
	}
}

// captureLog takes what is logged by default until the test ends.
func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &b
}

func TestLineThatIsTooLongIsMalformed(t *testing.T) {
	path := write(t, btcTrade, strings.Repeat("x", 3*bufferSize), btcTrade)
	_, err := play(t, 0, path, "")
	wantPermanent(t, err, path+":3: the line is longer than 65536 bytes")
}

func TestFileThatIsCutOffEndsForGoodWithItsLine(t *testing.T) {
	rows := []string{header}
	for i := range 5000 {
		rows = append(rows, rowAt(time.Duration(i*i)*time.Nanosecond, "AAA"))
	}
	whole := zip(t, strings.Join(rows, "\n")+"\n")
	cut := writeFile(t, "cut.csv", whole[:len(whole)/2])
	damaged := slices.Clone(whole)
	damaged[len(damaged)-5] ^= 1 // of the checksum and the length
	for _, query := range []string{"speed=max", "speed=max&lenient=1", "speed=max&loop=1"} {
		got, err := play(t, 0, cut, query)
		wantPermanent(t, err, fmt.Sprintf("%s:%d: the gzip data is damaged or cut off", cut, len(got)+2))
		if len(got) < 100 || len(got) > 4900 {
			t.Errorf("%d updates of a file that was cut in the middle of 5000", len(got))
		}
	}
	sum := writeFile(t, "sum.csv.gz", damaged)
	_, err := play(t, 0, sum, "speed=max")
	wantPermanent(t, err, sum+":5002: the gzip data is damaged")
}

func TestFileWithoutRowsEndsForGood(t *testing.T) {
	for _, query := range []string{"", "loop=1", "loop=1&speed=max"} {
		_, err := play(t, 0, writeFile(t, "x.csv", []byte(header+"\n")), query)
		wantPermanent(t, err, "x.csv:1: the file has no rows")
	}
}

func TestFileThatIsGoneIsAskedForAgain(t *testing.T) {
	path := write(t, btcTrade)
	source := openPath(t, path, "").Source
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := source.Run(t.Context(), new(feed.Demand), func(feed.Update) {}); err == nil || feed.IsPermanent(err) {
		t.Errorf("error %v, want one that is not permanent", err)
	}
}

func TestPlainAndZippedFilesOfAnyNameAndLineEndPlayAlike(t *testing.T) {
	rows := []string{header, rowAt(0, "AAA"), rowAt(1, "BBB")}
	lf, crlf := strings.Join(rows, "\n"), strings.Join(rows, "\r\n")
	want := []played{{Symbol: "AAA", Kind: feed.Trade}, {Symbol: "BBB", Kind: feed.Trade, At: 1}}
	for name, content := range map[string][]byte{
		"plain":        []byte(lf + "\n"),
		"no last end":  []byte(lf),
		"crlf":         []byte(crlf + "\r\n"),
		"crlf, no end": []byte(crlf),
		"zip":          zip(t, lf+"\n"),
		"two zips":     append(zip(t, rows[0]+"\n"+rows[1][:5]), zip(t, rows[1][5:]+"\n"+rows[2])...),
		"plain.csv.gz": []byte(lf),
	} {
		synctest.Test(t, func(t *testing.T) {
			got, err := play(t, 0, writeFile(t, name, content), "speed=max")
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: error %v (-want +got):\n%s", name, err, diff)
			}
		})
	}
}

func wantPermanent(t *testing.T, err error, want string) {
	t.Helper()
	if !feed.IsPermanent(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want a permanent one with %q", err, want)
	}
}
