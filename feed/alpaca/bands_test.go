package alpaca

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
)

// nationalDecoder is the decoder of a feed of all exchanges, of whatever symbols.
func nationalDecoder() *decoder {
	d := NewDecoder().(*decoder)
	d.national = true
	return d
}

// The messages of a stock that falls to its lower band: of Thursday, April 6, 2023,
// when the session was from 13:30 to 20:00 UTC.
const (
	openingBands = `[{"T":"l","S":"IONM","u":3.24,"d":2.65,"i":"A","t":"2023-04-06T13:30:00.1Z","z":"C"}]`
	newBands     = `[{"T":"l","S":"IONM","u":3.3,"d":2.7,"i":"B","t":"2023-04-06T13:34:45.565004401Z","z":"C"}]`
	noBands      = `[{"T":"l","S":"IONM","u":0,"d":0,"i":"F","t":"2023-04-06T13:36:00Z","z":"C"}]`
	suspended1   = `[{"T":"l","S":"IONM","u":0,"d":0,"i":"D","t":"2023-04-06T13:35:15Z","z":"C"}]`
	reopened     = `[{"T":"l","S":"IONM","u":2.82,"d":2.31,"i":"E","t":"2023-04-06T13:40:15Z","z":"C"}]`
	paused       = `[{"T":"s","S":"IONM","sc":"P","sm":"Volatility Trading Pause","rc":"LUDP","rm":"Volatility Trading Pause","t":"2023-04-06T13:35:15.2Z","z":"C"}]`
	resumed      = `[{"T":"s","S":"IONM","sc":"T","sm":"Trading Resumption","rc":"","rm":"","t":"2023-04-06T13:40:15.2Z","z":"C"}]`

	between   = `[{"T":"q","S":"IONM","bx":"Q","bp":2.9,"bs":1,"ax":"P","ap":2.91,"as":4,"t":"2023-04-06T13:35:00Z","c":["R"],"z":"C"}]`
	atLower   = `[{"T":"q","S":"IONM","bx":"Q","bp":2.6,"bs":1,"ax":"P","ap":2.7000,"as":4,"t":"2023-04-06T13:35:01Z","c":["R"],"z":"C"}]`
	noBid     = `[{"T":"q","S":"IONM","bx":" ","bp":0,"bs":0,"ax":"P","ap":2.70,"as":4,"t":"2023-04-06T13:35:02Z","c":["R"],"z":"C"}]`
	atUpper   = `[{"T":"q","S":"IONM","bx":"Q","bp":3.3,"bs":1,"ax":"P","ap":3.5,"as":4,"t":"2023-04-06T13:35:03Z","c":["R"],"z":"C"}]`
	locked    = `[{"T":"q","S":"IONM","bx":"Q","bp":2.7,"bs":1,"ax":"P","ap":2.7,"as":4,"t":"2023-04-06T13:35:04Z","c":["R"],"z":"C"}]`
	crossed   = `[{"T":"q","S":"IONM","bx":"Q","bp":2.71,"bs":1,"ax":"P","ap":2.7,"as":4,"t":"2023-04-06T13:35:05Z","c":["R"],"z":"C"}]`
	straddle  = `[{"T":"q","S":"IONM","bx":"Q","bp":2.6,"bs":1,"ax":"P","ap":2.9,"as":4,"t":"2023-04-06T13:35:06Z","c":["R"],"z":"C"}]`
	beyond    = `[{"T":"q","S":"IONM","bx":"Q","bp":2.6,"bs":1,"ax":"P","ap":2.69,"as":4,"t":"2023-04-06T13:35:07Z","c":["R"],"z":"C"}]`
	afterward = `[{"T":"q","S":"IONM","bx":"Q","bp":2.7,"bs":1,"ax":"P","ap":2.82,"as":4,"t":"2023-04-06T13:40:16Z","c":["R"],"z":"C"}]`
	early     = `[{"T":"q","S":"IONM","bx":"Q","bp":2.6,"bs":1,"ax":"P","ap":2.7,"as":4,"t":"2023-04-06T13:29:59Z","c":["R"],"z":"C"}]`
	evening   = `[{"T":"q","S":"IONM","bx":"Q","bp":2.6,"bs":1,"ax":"P","ap":2.7,"as":4,"t":"2023-04-06T20:00:00Z","c":["R"],"z":"C"}]`
	another   = `[{"T":"q","S":"GME","bx":"Q","bp":2.6,"bs":1,"ax":"P","ap":2.7,"as":4,"t":"2023-04-06T13:35:01Z","c":["R"],"z":"C"}]`
)

var limitFrames = []string{
	openingBands, newBands, noBands, suspended1, reopened, paused, resumed, between, atLower, noBid, atUpper,
	strings.TrimSuffix(newBands, "]") + "," + strings.TrimPrefix(atLower, "["),
}

// statuses are what a stream's messages say of halts and limit states.
func statuses(t *testing.T, d *decoder, messages []string) (lines []string) {
	t.Helper()
	for _, message := range messages {
		err := d.Decode([]byte(message), time.Time{}, func(u feed.Update) {
			if u.Kind == feed.Status {
				lines = append(lines, line(u))
			}
		})
		if err != nil {
			t.Errorf("%s: %v", message, err)
		}
	}
	return lines
}

func TestALimitStateIsAQuoteAtItsBand(t *testing.T) {
	const limited = "06 13:35:01 IONM halted false limited"
	for _, tt := range []struct {
		name     string
		messages []string
		want     []string
	}{
		{"between the bands", []string{newBands, between}, nil},
		{"the offer at the lower band", []string{newBands, between, atLower}, []string{limited}},
		{"the offer at the lower band, without a bid", []string{newBands, noBid}, []string{"06 13:35:02 IONM halted false limited"}},
		{"the bid at the upper band", []string{newBands, atUpper}, []string{"06 13:35:03 IONM halted false limited"}},
		{"locked at the band", []string{newBands, locked}, []string{"06 13:35:04 IONM halted false limited"}},
		{"crossed at the band", []string{newBands, crossed}, nil},
		{"a straddle state", []string{newBands, straddle}, nil},
		{"beyond the band", []string{newBands, beyond}, nil},
		{"without bands", []string{atLower}, nil},
		{"bands of another stock", []string{newBands, another}, nil},
		{"said once", []string{newBands, atLower, noBid}, []string{limited}},
		{"it ends between the bands", []string{newBands, atLower, straddle}, []string{limited, "06 13:35:06 IONM halted false"}},
		{"an older quote does not end it", []string{newBands, atLower, between}, []string{limited}},
		{"bands that come to the quote", []string{atLower, newBands}, []string{"06 13:34:45.565004401 IONM halted false limited"}},
		{"bands that move away", []string{newBands, atLower, openingBands}, []string{limited, "06 13:35:01 IONM halted false"}},
		{"bands that end", []string{newBands, atLower, noBands}, []string{limited, "06 13:36:00 IONM halted false"}},
		{
			"a pause, and the bands of the reopening",
			[]string{newBands, atLower, suspended1, paused, beyond, reopened, resumed, afterward, afterward},
			[]string{
				limited, "06 13:35:15 IONM halted true", "06 13:35:15.2 IONM halted true",
				"06 13:40:15 IONM halted false", "06 13:40:15.2 IONM halted false",
			},
		},
		{
			"a pause that the bands do not tell of",
			[]string{newBands, atLower, paused, atUpper, resumed, atLower},
			[]string{limited, "06 13:35:15.2 IONM halted true", "06 13:40:15.2 IONM halted false"},
		},
		{"bands while it is halted", []string{paused, newBands, atLower, reopened}, []string{"06 13:35:15.2 IONM halted true", "06 13:40:15 IONM halted false"}},
		{"a status that is earlier than the quote", []string{newBands, straddle, strings.Replace(noBid, "35:02", "36:02", 1), paused}, []string{
			"06 13:36:02 IONM halted false limited", "06 13:36:02 IONM halted true",
		}},
		{"before the open", []string{strings.Replace(newBands, "13:34:45", "13:29:45", 1), early}, nil},
		{"after the close", []string{newBands, evening}, nil},
		{"the next day", []string{newBands, strings.Replace(atLower, "04-06T13:35", "04-10T13:45", 1)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, statuses(t, nationalDecoder(), tt.messages)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOneExchangeHasNoLimitStates: its own best quote is not the best of all.
func TestOneExchangeHasNoLimitStates(t *testing.T) {
	messages := []string{newBands, atLower, suspended1, reopened}
	want := []string{"06 13:35:15 IONM halted true", "06 13:40:15 IONM halted false"}
	if diff := cmp.Diff(want, statuses(t, NewDecoder().(*decoder), messages)); diff != "" {
		t.Error(diff)
	}
	for name, p := range plans {
		if p.national != slices.Contains([]string{"sip", "delayed_sip"}, name) {
			t.Errorf("%s: national is %v", name, p.national)
		}
	}
}

func TestMalformedBandsEndThem(t *testing.T) {
	for _, bad := range []string{
		strings.Replace(newBands, `"u":3.3,`, "", 1), strings.Replace(newBands, "2.7", `"low"`, 1),
		strings.Replace(newBands, "2.7", "-2.7", 1), strings.Replace(newBands, "2.7", "3.31", 1),
	} {
		d := nationalDecoder()
		if err := d.Decode([]byte(newBands), time.Time{}, func(feed.Update) {}); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode([]byte(bad), time.Time{}, func(feed.Update) { t.Errorf("%s: an update", bad) }); err == nil {
			t.Errorf("%s: no error", bad)
		}
		if got := statuses(t, d, []string{atLower}); len(got) > 0 {
			t.Errorf("%s: %v", bad, got)
		}
	}
}

func TestALimitStateComesThroughTheStream(t *testing.T) {
	f := newFake(t)
	r := start(t, f.open("alpaca://sip"), "IONM")
	r.until("subscribed IONM")
	f.send(newBands)
	f.send(atLower)
	r.until("06 13:35:01 IONM halted false limited")
}
