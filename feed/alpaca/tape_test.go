package alpaca

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// day is a tape of GME that Alpaca speaks to.
type day struct {
	t    *testing.T
	tape *feed.Tape
	d    *decoder
}

func newDay(t *testing.T) *day {
	spec, err := openURL(t, "alpaca://iex", keys)
	if err != nil {
		t.Fatal(err)
	}
	return &day{t, feed.NewTape(spec, "alpaca-iex", quotes.Instrument{Symbol: gme, Exchange: "XNYS", Currency: "USD"}), NewDecoder().(*decoder)}
}

// snapshot gives the tape a snapshot at a moment, as after a dial when it is the
// first, as at the turn of the day otherwise.
func (d *day) snapshot(at, trade, daily, previous string, first bool) {
	d.t.Helper()
	snaps, err := parseSnapshots(fmt.Appendf(nil, `{"GME":{"latestTrade":%s,"dailyBar":%s,"prevDailyBar":%s}}`, trade, daily, previous))
	if err != nil {
		d.t.Fatal(err)
	}
	s, now := snaps[gme], clock(d.t, at)
	n := &session{source: &source{plan: plans["iex"]}, emit: func(u feed.Update) { d.tape.Apply(u, now) }}
	n.follower = newFollower(nil)
	n.whole[gme] = !first
	d.tape.Turn(now)
	n.snapped(gme, &s, now)
}

var trades = 0

// trade gives the tape a trade of the stream.
func (d *day) trade(at, price, conditions string) {
	d.t.Helper()
	trades++
	now := clock(d.t, at)
	msg := fmt.Sprintf(`[{"T":"t","S":"GME","i":%d,"x":"V","p":%s,"s":100,"c":["@"%s],"z":"A","t":"%s"}]`,
		1000+trades, price, conditions, now.Format(time.RFC3339))
	d.tape.Turn(now)
	if err := d.d.Decode([]byte(msg), now, func(u feed.Update) { d.tape.Apply(u, now) }); err != nil {
		d.t.Fatal(err)
	}
}

// want holds what people see against what is true.
func (d *day) want(when, want string) {
	d.t.Helper()
	q := d.tape.Quote(1)
	got := fmt.Sprintf("%s: %s %s on %s, extended %s %s", q.Session, opt(q.Price), opt(q.Change), opt(q.PreviousClose), opt(q.ExtendedPrice), opt(q.ExtendedChange))
	if got != want {
		d.t.Errorf("%s:\n got %s\nwant %s", when, got, want)
	}
}

// TestADayThatBeginsBeforeTheOpen is one that previous closes of two days before,
// signs that are wrong all day and changes of 0 after the close come from:
// closes of 10.2 on Thursday the 8th, 20.2 on Friday the 9th, 30.2 on Monday.
func TestADayThatBeginsBeforeTheOpen(t *testing.T) {
	d := newDay(t)
	d.snapshot("12 08:00", tradeOf(t, "12 07:59", "25", `,"T"`), barOf(9, "20."), barOf(8, "10."), true)
	d.want("before the open", "pre: 20.2 10.0 on 10.2, extended 25 4.8")
	d.trade("12 09:00", "26", `,"T"`)
	d.want("before the open, traded", "pre: 20.2 10.0 on 10.2, extended 26 5.8")
	d.trade("12 09:30", "28", `,"O"`)
	d.want("at the open", "regular: 28 7.8 on 20.2, extended none none")
	d.snapshot("12 09:31", tradeOf(t, "12 09:31", "28", ""), barOf(9, "20."), barOf(8, "10."), false)
	d.want("after a snapshot that is a day late", "regular: 28 7.8 on 20.2, extended none none")
	d.snapshot("12 09:32", tradeOf(t, "12 09:32", "29", ""), barOf(12, "29."), barOf(9, "20."), false)
	d.want("after a snapshot of today", "regular: 28 7.8 on 20.2, extended none none")
	d.trade("12 15:59", "30", "")
	d.trade("12 15:59", "99", `,"I"`)
	d.trade("12 16:01", "30.2", `,"6"`)
	d.trade("12 16:02", "30.3", `,"M"`)
	d.want("after the closing print", "post: 30.2 10.0 on 20.2, extended none none")
	d.trade("12 16:30", "31", `,"T"`)
	d.want("in the evening", "post: 30.2 10.0 on 20.2, extended 31 0.8")
	d.snapshot("12 17:00", tradeOf(t, "12 16:59", "32", `,"T"`), barOf(12, "30."), barOf(9, "20."), true)
	d.want("in the evening, after a new connection", "post: 30.2 10.0 on 20.2, extended 32 1.8")
	d.snapshot("13 04:01", tradeOf(t, "12 16:59", "32", `,"T"`), barOf(12, "30."), barOf(9, "20."), false)
	d.want("in the next morning", "pre: 30.2 10.0 on 20.2, extended none none")
	d.trade("13 09:30", "30.5", "")
	d.want("at the next open", "regular: 30.5 0.3 on 30.2, extended none none")
}

func TestADayThatBeginsInTheNight(t *testing.T) {
	d := newDay(t)
	d.snapshot("11 23:00", tradeOf(t, "09 19:59", "21", `,"T"`), barOf(9, "20."), barOf(8, "10."), true)
	d.want("on Sunday", "closed: 20.2 10.0 on 10.2, extended 21 0.8")
	d.trade("12 09:30", "28", "")
	d.want("at the open", "regular: 28 7.8 on 20.2, extended none none")
}

// TestADayThatIsJoinedInItsFirstMinute: the bars are a day behind the trades.
func TestADayThatIsJoinedInItsFirstMinute(t *testing.T) {
	d := newDay(t)
	d.snapshot("12 09:30", tradeOf(t, "12 09:30", "28", ""), barOf(9, "20."), barOf(8, "10."), true)
	d.want("at the open", "regular: 28 7.8 on 20.2, extended none none")
	d.snapshot("12 09:32", tradeOf(t, "12 09:32", "29", ""), barOf(12, "30."), barOf(9, "20.7"), false)
	d.want("with the vendor's own close", "regular: 28 7.28 on 20.72, extended none none")
}

func TestADayThatIsJoinedAtNoon(t *testing.T) {
	d := newDay(t)
	d.snapshot("12 12:00", tradeOf(t, "12 11:59", "30.15", `,"I"`), barOf(12, "30."), barOf(9, "20."), true)
	d.want("at noon", "regular: 30.2 10.0 on 20.2, extended none none")
	q := d.tape.Quote(1)
	if opt(q.Open) != "30.1" || opt(q.High) != "30.3" || opt(q.Low) != "30.0" || opt(q.Volume) != "12000" {
		t.Errorf("%s", q.AppendJSON(nil))
	}
	d.trade("12 12:01", "30.5", "")
	q = d.tape.Quote(1)
	if opt(q.High) != "30.5" || opt(q.Volume) != "12100" {
		t.Errorf("%s", q.AppendJSON(nil))
	}
}

// TestAMorningBarIsNoDay: prices of trades before the open are none of the day's.
func TestAMorningBarIsNoDay(t *testing.T) {
	d := newDay(t)
	d.snapshot("12 08:00", tradeOf(t, "12 07:59", "25", `,"T"`), barOf(12, "30."), barOf(9, "20."), true)
	d.want("before the open", "pre: 20.2 none on none, extended 25 4.8")
	d.trade("12 09:30", "28", "")
	d.want("at the open", "regular: 28 7.8 on 20.2, extended none none")
}
