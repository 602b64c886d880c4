package views

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// MarketWords are what the header says of the symbols on a page; as JSON too.
type MarketWords struct {
	// Market says which markets are open and when that changes.
	Market string `json:"market"`
	// Trouble says which of their sources are down, "" for none.
	Trouble string `json:"trouble"`
	// Data says what their data is (DataWords).
	Data string `json:"data"`
}

// Markets puts into words how the markets and the sources of rows are; lacking
// says that symbols are missing among the rows because no source has listed
// them. Spark is not needed of the rows.
func Markets(rows []Row, lacking bool, feeds []Feed, now time.Time) MarketWords {
	c := NewClock(now)
	return MarketWords{c.marketWords(rows, feeds), c.troubleWords(rows, lacking, feeds), DataWords(sourcesOf(rows, feeds))}
}

// sourcesOf are the sources that the quotes of rows are of; all of them while there
// is no quote.
func sourcesOf(rows []Row, feeds []Feed) []Feed {
	of := make(map[string]bool)
	for _, r := range rows {
		if r.Quote != nil {
			of[r.Quote.Source] = true
		}
	}
	list := slices.DeleteFunc(slices.Clone(feeds), func(f Feed) bool { return !of[f.Name] })
	if len(list) == 0 {
		return feeds
	}
	return list
}

// DataWords says what the data of sources is, each kind once, in their order, as
// "Simulated market data, open around the clock".
func DataWords(feeds []Feed) string {
	words := map[quotes.Timeliness]string{
		quotes.Simulated: "Simulated market data",
		quotes.Replayed:  "Replayed market data",
		quotes.Delayed:   "Delayed market data",
		quotes.Live:      "Live market data",
	}
	var notes []string
	for _, f := range feeds {
		note := words[f.Timeliness]
		if f.Note != "" {
			note += ", " + f.Note
		}
		if !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	return strings.Join(notes, "; ")
}

// market is what is known of one market: the newest of its quotes says in which
// session it is.
type market struct {
	name     string
	calendar *quotes.Calendar
	newest   *quotes.StockQuote
	zone     string
}

func (c *Clock) marketWords(rows []Row, feeds []Feed) string {
	var markets []*market
	for _, r := range rows {
		name := marketName(r.Instrument)
		i := slices.IndexFunc(markets, func(m *market) bool { return m.name == name })
		if i < 0 {
			i = len(markets)
			markets = append(markets, &market{name: name, calendar: quotes.CalendarOf(r.Instrument.Exchange), zone: r.Instrument.TimeZone})
		}
		if m := markets[i]; r.Quote != nil && (m.newest == nil || r.Quote.Version > m.newest.Version) {
			m.newest = r.Quote
		}
	}
	var words []string
	for _, m := range markets {
		words = append(words, c.sessionWords(m, feeds))
	}
	if len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool { return w != words[0] }) {
		return "Markets " + words[0]
	}
	for i, m := range markets {
		words[i] = strings.Replace(m.name+" "+words[i], "market pre-market", "pre-market", 1)
	}
	return strings.Join(words, " · ")
}

// marketName is what people call the market of an instrument.
func marketName(in quotes.Instrument) string {
	switch {
	case in.Exchange == "BVMF":
		return "B3"
	case !quotes.CalendarOf(in.Exchange).Always():
		return "US market"
	case in.Type == quotes.Crypto:
		return "Crypto"
	case in.Exchange != "":
		return in.Exchange
	}
	return "Market"
}

// sessionWords says in which session a market is, and what comes next where its
// prices go by the calendar: those of a replay have their own, and those of a
// simulation that is open around the clock none.
func (c *Clock) sessionWords(m *market, feeds []Feed) string {
	follows := !m.calendar.Always()
	if q := m.newest; q != nil {
		played := q.Timeliness != quotes.Live && q.Timeliness != quotes.Delayed
		if i := slices.IndexFunc(feeds, func(f Feed) bool { return f.Name == q.Source }); i >= 0 && !feeds[i].MarketTime.IsZero() {
			c, played = &Clock{now: feeds[i].MarketTime, zones: c.zones}, false
		}
		follows = follows && !played
	}
	session := m.calendar.Session(c.now)
	if q := m.newest; q != nil && q.Session != "" {
		follows = follows && q.Session == session
		session = q.Session
	}
	words := map[quotes.Session]string{quotes.Pre: "pre-market", quotes.Regular: "open", quotes.Post: "after hours", quotes.Closed: "closed"}[session]
	if !follows {
		return words
	}
	at, next := m.calendar.Next(c.now)
	if session == quotes.Regular {
		if left := at.Sub(c.now); left < time.Hour {
			return words + ", closes " + in(left)
		}
		return words + " until " + c.at(at, m.zone)
	}
	for range 4 { // sessions of a day
		if next == quotes.Regular {
			break
		}
		at, next = m.calendar.Next(at)
	}
	if left := at.Sub(c.now); left < time.Hour {
		return words + ", opens " + in(left)
	}
	return words + ", opens " + c.at(at, m.zone)
}

// in is a time to come that is short.
func in(d time.Duration) string {
	return fmt.Sprintf("in %d min", max(1, int((d+time.Minute-1)/time.Minute)))
}

// at is a moment at an exchange, with the day where it is not today's: "09:30
// EST", "Mon 09:30 EST", "Jan 2 09:30 EST".
func (c *Clock) at(t time.Time, zone string) string {
	t, now := t.In(c.zone(zone)), c.now.In(c.zone(zone))
	words := t.Format("15:04 ") + abbreviation(t)
	switch apart := t.Sub(now).Abs(); {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return words
	case apart < 6*24*time.Hour:
		return t.Format("Mon ") + words
	}
	return t.Format("Jan 2 ") + words
}

// troubleWords says which sources of the rows are down. Of a symbol without a
// quote, and of one that nobody has listed, any source may be the one.
func (c *Clock) troubleWords(rows []Row, lacking bool, feeds []Feed) string {
	zones := make(map[string]string) // by source
	waiting := ""
	if lacking {
		waiting = timeZone(quotes.Instrument{})
	}
	for _, r := range rows {
		switch q := r.Quote; {
		case q == nil:
			waiting = timeZone(r.Instrument)
		case zones[q.Source] == "":
			zones[q.Source] = timeZone(r.Instrument)
		}
	}
	var words []string
	for _, f := range feeds {
		zone := zones[f.Name]
		if zone == "" {
			zone = waiting
		}
		if w := c.feedTrouble(f, zone); w != "" && zone != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " · ")
}

// feedTrouble says since when a source gives nothing, "" for one that does. A
// source that was called again is down until it has said something.
func (c *Clock) feedTrouble(f Feed, zone string) string {
	switch {
	case f.State == "failed":
		return f.Name + " has failed at " + c.at(f.Since, zone) + " and is not tried again"
	case f.State == "finished":
		return f.Name + " has ended at " + c.at(f.Since, zone)
	case f.State != "waiting" && f.State != "silent" && (f.Restarts == 0 || !f.LastMessage.Before(f.Since)):
		return ""
	case f.LastMessage.IsZero():
		return f.Name + " has given nothing yet, trying again"
	}
	return f.Name + " is down since " + c.at(f.LastMessage, zone) + ", trying again"
}
