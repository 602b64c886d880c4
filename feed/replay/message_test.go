package replay

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

// toy decodes "SYMBOL PRICE", any number of them with commas between, and
// "SYMBOL PRICE TIME". Anything that begins with a # is a message without a price.
type toy struct{ prefix string }

func (d toy) Decode(msg []byte, received time.Time, emit func(feed.Update)) error {
	text, ok := strings.CutPrefix(string(msg), d.prefix)
	if !ok || strings.HasPrefix(text, "#") {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		fields := strings.Fields(part)
		if len(fields) < 2 {
			return errors.New("no price")
		}
		price, err := quotes.ParseDecimal(fields[1])
		if err != nil {
			return err
		}
		u := feed.Update{
			Kind: feed.Trade, Symbol: quotes.MustSymbol(fields[0]), Time: received, Price: price, Size: price,
			MovesLast: true, MovesRange: true, CountsVolume: true,
		}
		if len(fields) > 2 {
			if u.Time, err = time.Parse(time.RFC3339Nano, fields[2]); err != nil {
				return err
			}
		}
		emit(u)
	}
	return nil
}

var formats = map[string]Format{
	"toy":   {Decoder: func() feed.Decoder { return toy{"toy "} }, Basis: quotes.Rolling24h},
	"other": {Decoder: func() feed.Decoder { return toy{"other "} }, Basis: quotes.DayBegin},
}

// toyLines are seven trades in three seconds.
var toyLines = strings.Join([]string{
	"wss://toy.example <-> 1723161599.5",
	"wss://toy.example <- 1723161599.6: toy AAA 99",
	"1723161600000000001 toy #hello",
	"1723161600000000001 toy AAA 1.50,BBB 20",
	"1723161601.25: toy AAA 1.60",
	"1723161601.2500001: toy AAA 1.7,AAA 1.80,BBB 21.125",
	"",
	"1723161603000000000 toy AAA 1.9 2024-08-09T00:00:02.5Z",
}, "\n")

func TestRawMessagesPlayAtThePaceAtWhichTheyCame(t *testing.T) {
	for _, query := range []string{"", "format=toy"} {
		for _, content := range [][]byte{[]byte(toyLines), zip(t, toyLines+"\n")} {
			path := writeFile(t, "toy.ndjson.gz", content)
			synctest.Test(t, func(t *testing.T) {
				spec := openPath(t, path, query)
				if spec.Timeliness != quotes.Replayed || spec.Basis != quotes.Rolling24h {
					t.Errorf("the quotes are %q on the basis %q", spec.Timeliness, spec.Basis)
				}
				began := time.Now()
				var got []string
				err := spec.Source.Run(t.Context(), new(feed.Demand), func(u feed.Update) {
					got = append(got, strings.Join([]string{
						time.Since(began).Round(10 * time.Millisecond).String(), u.Symbol.String(), quotes.FormatDecimal(u.Price), u.Time.Format("05.999999999"),
					}, " "))
				})
				want := "0s AAA 1.50 00.000000001;0s BBB 20 00.000000001;1.25s AAA 1.60 01.25;" +
					"1.25s AAA 1.7 01.2500001;1.25s AAA 1.80 01.2500001;1.25s BBB 21.125 01.2500001;3s AAA 1.9 02.5"
				if all := strings.Join(got, ";"); err != nil || all != want {
					t.Errorf("%v, played\n%s, want\n%s", err, all, want)
				}
			})
		}
	}
}

func TestRawRecordingPassesTheSuite(t *testing.T) {
	path := writeFile(t, "toy.txt", []byte(toyLines))
	feedtest.Run(t, feedtest.Case{Open: func(t *testing.T) feed.Spec { return openPath(t, path, "loop=1") }, Updates: 100})
}

func TestInstrumentsOfARawRecording(t *testing.T) {
	spec := openPath(t, writeFile(t, "toy.txt", []byte(toyLines)), "")
	list, err := spec.Instruments(t.Context())
	if err != nil || len(list) != 2 || list[0].Symbol.String() != "AAA" || list[1].Decimals != 3 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestFormatIsGuessed(t *testing.T) {
	for name, c := range map[string]struct {
		lines string
		basis quotes.Basis
	}{
		"csv":   {header + "\n" + btcTrade, quotes.PreviousClose},
		"toy":   {toyLines, quotes.Rolling24h},
		"other": {strings.Repeat("1723161600000000000 toy #no price\n", 1000) + "1723161600000000000 other AAA 1\n", quotes.DayBegin},
		// What is malformed to one is not to another.
		"mixed": {"1723161600000000000 other AAA 1\n1723161600000000000 other AAA 1\n1723161600000000000 toy AAA\n", quotes.DayBegin},
	} {
		if spec := openPath(t, writeFile(t, name, []byte(c.lines)), ""); spec.Basis != c.basis {
			t.Errorf("%s: basis %q, want %q", name, spec.Basis, c.basis)
		}
	}
}

func TestUnclearRecordingIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, lines := range map[string]string{
		"nobodys": "1723161600000000000 nonsense\n",
		"even":    "1723161600000000000 toy AAA 1\n1723161600000000000 other AAA 1\n",
		"late":    strings.Repeat("1723161600000000000 #\n", guessedLines+1) + "1723161600000000000 toy AAA 1\n",
	} {
		path := writeFile(t, name, []byte(lines))
		wantRefused(t, "replay://"+path, "it is not clear whose messages are in "+path+"; add format=, one of csv, other, toy")
	}
	path := writeFile(t, "x", []byte(toyLines))
	wantRefused(t, "replay://"+path+"?format=kraken", `unknown format "kraken"; there are csv, other, toy`)
	wantRefused(t, "replay://"+path+"?format=csv", "the first line is")
}

func TestMalformedMessageEndsTheSourceForGood(t *testing.T) {
	const sound = "1723161600000000000 toy AAA 1"
	for _, line := range []string{
		"1723161600000000000 toy AAA", "1723161600000000000", "1723161600 toy AAA 1", "1723161600000 toy AAA 1", "17231616000000000000 toy AAA 1",
		"1723161600.5 toy AAA 1", "-1723161600000000000 toy AAA 1", ": toy AAA 1", "x: toy AAA 1", " ", strings.Repeat("1", 33) + " x",
	} {
		path := writeFile(t, "x.txt", []byte(strings.Join([]string{sound, line, sound}, "\n")))
		got, err := play(t, 0, path, "speed=max&format=toy")
		wantPermanent(t, err, path+":2: ")
		if len(got) != 1 {
			t.Errorf("%q: %d updates before it", line, len(got))
		}
		got, err = play(t, 0, path, "speed=max&format=toy&lenient=1")
		if err != nil || len(got) != 2 {
			t.Errorf("lenient, %q: %d updates, %v", line, len(got), err)
		}
	}
}

func TestRecordingWithoutAPriceIsRefused(t *testing.T) {
	_, err := play(t, 0, writeFile(t, "x.txt", []byte("1723161600000000000 toy #\n")), "speed=max&format=toy")
	wantPermanent(t, err, "no message of the file tells a price")
}

func TestLongMessages(t *testing.T) {
	long := "1723161600000000000 toy #" + strings.Repeat("x", longestMessage/2) + "\n"
	path := writeFile(t, "x.txt", []byte(long+"1723161600000000000 toy AAA 1\n"))
	if got, err := play(t, 0, path, "speed=max"); err != nil || len(got) != 1 {
		t.Errorf("%d updates, %v", len(got), err)
	}
	path = writeFile(t, "x.txt", []byte("1723161600000000000 toy AAA 1\n"+long+long+"1723161600000000000 toy #"+strings.Repeat("x", longestMessage)))
	_, err := play(t, 0, path, "speed=max&format=toy")
	wantPermanent(t, err, "x.txt:4: the line is longer than 4194304 bytes")
}

func FuzzParseMessage(f *testing.F) {
	for line := range strings.Lines(toyLines) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := parseMessage(line)
		if err != nil || m.text == nil {
			return
		}
		if m.received.Location() != time.UTC || m.received.Year() < firstMessageYear || !strings.HasSuffix(string(line), string(m.text)) {
			t.Errorf("%q: %v %q", line, m.received, m.text)
		}
	})
}
