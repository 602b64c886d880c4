package alpaca

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// Frames as Alpaca's documentation and its customers show them.
const (
	welcomeFrame      = `[{"T":"success","msg":"connected"}]`
	authFrame         = `[{"T":"success","msg":"authenticated"}]`
	subscriptionFrame = `[{"T":"subscription","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"],"updatedBars":[],"dailyBars":["VOO"],"statuses":["*"],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]`
	errorFrame        = `[{"T":"error","code":405,"msg":"symbol limit exceeded"}]`
	quoteFrame        = `[{"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"Q","ap":87.68,"as":4,"t":"2021-02-22T15:51:45.335689322Z","c":["R"],"z":"C"}]`
	tradesFrame       = `[{"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.838232225Z"},{"T":"t","S":"AAPL","i":75,"x":"Z","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.838562809Z"},{"T":"t","S":"AAPL","i":1465,"x":"P","p":162.91,"s":71,"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.83915973Z"}]`
	tradeFrame        = `[{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"}]`
	correctionFrame   = `[{"T":"c","S":"EEM","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],"ci":52983525034326,"cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"}]`
	cancelFrame       = `[{"T":"x","S":"GOOGL","i":465,"x":"D","p":105.31,"s":300,"a":"C","z":"C","t":"2023-04-06T13:15:42.83540958Z"}]`
	luldFrame         = `[{"T":"l","S":"IONM","u":3.24,"d":2.65,"i":"B","t":"2023-04-06T13:34:45.565004401Z","z":"C"}]`
	haltFrame         = `[{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"Trading Halted; For information requested by NASDAQ","t":"2021-02-22T19:15:00Z","z":"C"}]`
	barFrame          = `[{"T":"b","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"n":461,"vw":389.062639,"t":"2021-02-22T19:15:00Z"}]`
	fakeFrame         = `[{"T":"t","S":"FAKEPACA","i":52983525028174,"x":"D","p":134.56,"s":3,"c":["@"],"z":"A","t":"2024-07-24T07:56:53.639713735Z"}]`
)

var frames = []string{
	welcomeFrame, authFrame, subscriptionFrame, errorFrame, quoteFrame, tradesFrame, tradeFrame,
	correctionFrame, cancelFrame, luldFrame, haltFrame, barFrame, fakeFrame,
}

// decodeAll is what a decoder of any symbol makes of a message, one line an update.
func decodeAll(message string) (lines []string, d *decoder, err error) {
	d = NewDecoder().(*decoder)
	err = d.Decode([]byte(message), time.Time{}, func(u feed.Update) { lines = append(lines, line(u)) })
	return lines, d, err
}

// line is an update in short.
func line(u feed.Update) string {
	at := u.Time.Format("02 15:04:05.999999999")
	switch u.Kind {
	case feed.Trade:
		var marks string
		for i, is := range []bool{u.MovesLast, u.MovesRange, u.CountsVolume, u.Regular} {
			if is {
				marks += "lrvR"[i : i+1]
			}
		}
		return fmt.Sprintf("%s %s trade %d %s x %s %s", at, u.Symbol, u.TradeID, quotes.FormatDecimal(u.Price), quotes.FormatDecimal(u.Size), marks)
	case feed.Quote:
		return fmt.Sprintf("%s %s quote %s x %s, %s x %s", at, u.Symbol, opt(u.Bid), opt(u.BidSize), opt(u.Ask), opt(u.AskSize))
	case feed.Day:
		if u.PreviousCloseDate != "" {
			return fmt.Sprintf("%s %s day prev %s of %s open %s high %s low %s vol %s", at, u.Symbol, opt(u.PreviousClose), u.PreviousCloseDate, opt(u.Open), opt(u.High), opt(u.Low), opt(u.Volume))
		}
		return fmt.Sprintf("%s %s day prev %s open %s high %s low %s vol %s", at, u.Symbol, opt(u.PreviousClose), opt(u.Open), opt(u.High), opt(u.Low), opt(u.Volume))
	case feed.Status:
		text := fmt.Sprintf("%s %s halted %v", at, u.Symbol, u.Halted)
		if u.Limited {
			text += " limited"
		}
		return text
	case feed.Correction:
		return fmt.Sprintf("%s %s correct %d to %s x %s", at, u.Symbol, u.TradeID, quotes.FormatDecimal(u.Price), quotes.FormatDecimal(u.Size))
	case feed.Cancel:
		return fmt.Sprintf("%s %s cancel %d", at, u.Symbol, u.TradeID)
	case feed.Break:
		return fmt.Sprintf("%s %s break", at, u.Symbol)
	}
	return fmt.Sprintf("kind %d of %s: %s", u.Kind, u.Symbol, u.Note)
}

func TestFramesBecomeUpdates(t *testing.T) {
	for _, c := range []struct {
		frame string
		want  []string
	}{
		{tradeFrame, []string{"22 15:51:44.208 AAPL trade 24811844 126.55 x 1 vR"}},
		{tradesFrame, []string{
			"06 11:54:26.838232225 AAPL trade 160843 162.92 x 3 v",
			"06 11:54:26.838562809 AAPL trade 19290 162.92 x 3 v",
			"06 11:54:26.83915973 AAPL trade 375120 162.91 x 71 v",
		}},
		{quoteFrame, []string{"22 15:51:45.335689322 AMD quote 87.66 x 1, 87.68 x 4"}},
		{correctionFrame, []string{"06 14:25:06.542305024 EEM correct 13563782408582989 to 39.1809 x 440000"}},
		{cancelFrame, []string{"06 13:15:42.83540958 GOOGL cancel 119108"}},
		{haltFrame, []string{"22 19:15:00 AAPL halted true"}},
		{fakeFrame, []string{"24 07:56:53.639713735 FAKEPACA trade 13563782407212612 134.56 x 3 lrvR"}},
		{luldFrame, nil},
		{barFrame, nil},
		{strings.Replace(luldFrame, `"i":"B"`, `"i":"D"`, 1), []string{"06 13:34:45.565004401 IONM halted true"}},
		{strings.Replace(haltFrame, `"sc":"H"`, `"sc":"T"`, 1), []string{"22 19:15:00 AAPL halted false"}},
		{`[{"T":"q","S":"A","bp":0,"bs":0,"ap":10.10,"as":2,"t":"2021-02-22T15:51:45Z"}]`, []string{"22 15:51:45 A quote none x none, 10.10 x 2"}},
		{`[{"t":"2021-02-22T15:51:45Z","p":1.50,"s":0.5,"S":"A","i":1,"T":"t"}]`, []string{"22 15:51:45 A trade 256 1.50 x 0.5 lrvR"}},
		{`[{"T":"t","S":"A","p":1,"s":1,"i":1,"t":"2021-02-22T10:51:45-05:00","c":["@","F","@","F","@","F","@","@","Q"]}]`, []string{"22 15:51:45 A trade 256 1 x 1 vR"}},
		{`[{"T":"t","S":"A","p":1,"s":1,"i":1,"t":"2021-02-22T15:51:45Z","c":["@","FT"]}]`, []string{"22 15:51:45 A trade 256 1 x 1 vR"}},
		{`[{"T":"t","S":"A","p":1,"s":1,"i":1,"t":"2021-02-22T15:51:45Z","c":null}]`, []string{"22 15:51:45 A trade 256 1 x 1 lrvR"}},
		{`[{"T":"new","S":"A","p":{"deep":[1,2]}}]`, nil},
		{`[{"T":"t","S":"not a symbol","p":1,"s":1,"t":"2021-02-22T15:51:45Z"}]`, nil},
		{`[]`, nil},
	} {
		got, _, err := decodeAll(c.frame)
		if err != nil {
			t.Errorf("%s: %v", c.frame, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.frame, diff)
		}
	}
}

func TestControlMessagesAreRead(t *testing.T) {
	for frame, want := range map[string]control{
		welcomeFrame: {kind: "success", text: "connected"},
		errorFrame:   {kind: "error", text: "symbol limit exceeded", code: 405},
		subscriptionFrame: {
			kind: "subscription", trades: []string{"AAPL"}, quotes: []string{"AMD", "CLDR"}, statuses: []string{"*"},
		},
	} {
		_, d, err := decodeAll(frame)
		if diff := cmp.Diff([]control{want}, d.controls, cmp.AllowUnexported(control{})); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", frame, err, diff)
		}
	}
}

func TestOneMalformedObjectDoesNotTakeTheOthersAlong(t *testing.T) {
	good := strings.Trim(tradeFrame, "[]")
	for _, bad := range []string{
		`{"T":"t","S":"A","p":"x","s":1,"t":"2021-02-22T15:51:45Z"}`,
		`{"T":"t","S":"A","p":1234567890123456789012,"s":1,"t":"2021-02-22T15:51:45Z"}`,
		`{"T":"t","S":"A","s":1,"t":"2021-02-22T15:51:45Z"}`,
		`{"T":"t","S":"A","p":1,"s":1}`,
		`{"T":"t","S":"A","p":1,"s":1,"t":"yesterday"}`,
		`{"T":"t","S":"A","p":1,"s":1,"i":-4,"t":"2021-02-22T15:51:45Z"}`,
		`{"T":"q","S":"A","bp":1,"bs":"many","t":"2021-02-22T15:51:45Z"}`,
		`{"T":"c","S":"A","oi":1,"t":"2021-02-22T15:51:45Z"}`,
	} {
		got, _, err := decodeAll("[" + bad + "," + good + "]")
		if err == nil || len(got) != 1 {
			t.Errorf("%s: error %v, %v", bad, err, got)
		}
	}
}

func TestGarbageIsAnError(t *testing.T) {
	for _, frame := range []string{"", "x", "{}", `[{"T":"t"`, `[1]`, `[[]]`, "[{}] more", "\x00", tradeFrame[:40]} {
		if got, _, err := decodeAll(frame); err == nil || len(got) > 0 {
			t.Errorf("%q: error %v, %v", frame, err, got)
		}
	}
}

func TestOnlyWhatWasAskedForIsTaken(t *testing.T) {
	d := &decoder{symbols: map[string]*security{"AMD": {symbol: quotes.MustSymbol("AMD")}}}
	n := 0
	for _, frame := range frames {
		if err := d.Decode([]byte(frame), time.Time{}, func(u feed.Update) { n++ }); err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d updates", n)
	}
}

// FuzzDecode holds that no message makes the decoder panic or say what is not
// sound, and that it takes the prices of trades as encoding/json reads them.
func FuzzDecode(f *testing.F) {
	for _, frame := range slices.Concat(frames, limitFrames) {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var updates []feed.Update
		d := nationalDecoder()
		err := d.Decode(message, time.Time{}, func(u feed.Update) { updates = append(updates, u) })
		for _, u := range updates {
			if u.Time.Location() != time.UTC || u.Symbol.IsZero() || u.Halted && u.Limited {
				t.Fatalf("%+v", u)
			}
		}
		var objects []map[string]json.RawMessage
		if err != nil || json.Unmarshal(message, &objects) != nil {
			return
		}
		for _, u := range updates {
			if u.Kind == feed.Trade && !priced(objects, u) {
				t.Fatalf("nothing has the price %s", quotes.FormatDecimal(u.Price))
			}
		}
	})
}

func priced(objects []map[string]json.RawMessage, u feed.Update) bool {
	for _, o := range objects {
		text := strings.Trim(string(o["p"]), `"`)
		if d, err := quotes.ParseDecimal(text); err == nil && d.Equal(u.Price) || strings.Contains(text, `\`) {
			return true
		}
	}
	return false
}

// BenchmarkDecode is one message of the stream as it comes on a busy day: of ten
// messages eight are quotes.
func BenchmarkDecode(b *testing.B) {
	var messages [][]byte
	for range 8 {
		messages = append(messages, []byte(quoteFrame))
	}
	messages = append(messages, []byte(tradeFrame), []byte(fakeFrame))
	d := NewDecoder()
	emit := func(feed.Update) {}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := d.Decode(messages[i%len(messages)], time.Time{}, emit); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
