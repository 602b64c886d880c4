package alert_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

// naive is the engine without an index: it looks at all rules with every quote.
// Prices are counted in half units.
type naive struct {
	rules map[alert.RuleID]naiveRule
	log   []string
	seen  *naiveQuote
	gap   bool
	again bool
}

type naiveRule struct {
	id              alert.RuleID
	condition       alert.Condition
	level, back     int64
	repeat          alert.Repeat
	phase           alert.Phase
	fired           int64 // seconds, 0 is never
	waits, loaded   bool
	at, day         int64
	high, low       int64
	figures, single bool
}

type naiveQuote struct {
	version, time    int64
	price, high, low int64
	stale, corrected bool
}

func (q *naiveQuote) day() int64 { return q.time / 86400 }

const naiveCooldown = 5

// copy is the model as it is now.
func (m *naive) copy() *naive {
	c := *m
	c.rules, c.log = maps.Clone(m.rules), slices.Clone(m.log)
	return &c
}

// see takes a rule through what a price means to it.
func (m *naive) see(r *naiveRule, x int64, q *naiveQuote, late, mute bool) {
	up := r.condition == alert.CrossesUp || r.condition == alert.Crosses
	dn := r.condition == alert.CrossesDown || r.condition == alert.Crosses
	for range 9 {
		into, fires, state := r.phase, false, false
		again := r.phase == alert.Spent && r.repeat == alert.Always
		switch r.condition {
		case alert.Above:
			fires, state = r.phase != alert.Spent && x > r.level, true
			if again && x <= r.level-r.back {
				into = alert.Fresh
			}
		case alert.Below:
			fires, state = r.phase != alert.Spent && x < r.level, true
			if again && x >= r.level+r.back {
				into = alert.Fresh
			}
		case alert.DayHigh:
			if again && x < r.high && x <= r.high-r.back {
				into = alert.Fresh
			}
		case alert.DayLow:
			if again && x > r.low && x >= r.low+r.back {
				into = alert.Fresh
			}
		default:
			back := r.back
			if r.phase == alert.Fresh {
				back, again = 0, true
			}
			fires = r.phase == alert.Under && x >= r.level || r.phase == alert.Over && x <= r.level
			if again && up && x < r.level && x <= r.level-back {
				into = alert.Under
			}
			if again && dn && x > r.level && x >= r.level+back {
				into = alert.Over
			}
		}
		switch {
		case fires && mute && state:
			return
		case fires && mute:
			r.phase = alert.Fresh
			m.mark(r, q)
		case fires:
			m.fire(r, q, late)
		case into != r.phase:
			r.phase = into
			m.mark(r, q)
		default:
			return
		}
	}
	panic("a rule comes to no rest")
}

func (m *naive) mark(r *naiveRule, q *naiveQuote) {
	r.at, r.day, r.high, r.low, r.figures = q.version, q.day(), q.high, q.low, true
}

func (m *naive) fire(r *naiveRule, q *naiveQuote, late bool) {
	now := time.Now().Unix()
	passes := r.waits || r.repeat == alert.Always && r.fired != 0 && now-r.fired < naiveCooldown
	r.phase = alert.Spent
	if !passes {
		r.fired, r.waits = now, true
		m.log = append(m.log, fmt.Sprintf("%d at %d late %t", r.id, q.version, late))
	}
	m.mark(r, q)
}

// renew lets a rule begin anew on another day.
func (m *naive) renew(r *naiveRule, before, q *naiveQuote) bool {
	event := r.condition == alert.DayHigh || r.condition == alert.DayLow
	if r.phase != alert.Spent || r.day == q.day() || r.repeat == alert.Once || r.repeat == alert.Always && !event {
		return false
	}
	r.phase = alert.Fresh
	if before != nil && !event {
		switch up, dn := r.condition == alert.CrossesUp || r.condition == alert.Crosses, r.condition == alert.CrossesDown || r.condition == alert.Crosses; {
		case up && before.price < r.level:
			r.phase = alert.Under
		case dn && before.price > r.level:
			r.phase = alert.Over
		}
	}
	m.mark(r, q)
	return true
}

// news are the day's high and low of q that are new after others of a day.
func news(day, high, low int64, q *naiveQuote) (newHigh, newLow, anew bool) {
	if same := q.day() == day || q.high == high && q.low == low; !same {
		return q.day() > day, q.day() > day, true
	}
	return q.high > high, q.low < low, false
}

func (m *naive) observe(q *naiveQuote) {
	if q.stale {
		m.gap = true
		return
	}
	for _, id := range slices.Sorted(maps.Keys(m.rules)) {
		r := m.rules[id]
		if !r.single || r.phase != alert.Spent {
			if m.gap {
				m.catch(&r, q)
			} else {
				m.follow(&r, q)
			}
		}
		m.rules[id] = r
	}
	if m.gap || m.again || m.seen.price != q.price {
		m.again = q.corrected
	}
	m.gap, m.seen = false, q
}

func (m *naive) follow(r *naiveRule, q *naiveQuote) {
	m.renew(r, m.seen, q)
	if high, low, anew := news(m.seen.day(), m.seen.high, m.seen.low, q); !anew && !q.corrected && r.phase != alert.Spent {
		if high && r.condition == alert.DayHigh || low && r.condition == alert.DayLow {
			m.fire(r, q, false)
		}
	}
	if m.again || m.seen.price != q.price {
		m.see(r, q.price, q, false, q.corrected)
	}
}

func (m *naive) catch(r *naiveRule, q *naiveQuote) {
	defer func() { r.loaded = false }()
	day, high, low, known := r.day, r.high, r.low, r.figures
	if b := m.seen; b != nil && b.version > r.at {
		day, high, low, known = b.day(), b.high, b.low, true
		if r.loaded {
			m.renew(r, nil, b)
			m.see(r, b.price, b, true, false)
		}
	}
	if r.single && r.phase == alert.Spent {
		return
	}
	renewed := m.renew(r, m.seen, q)
	if known && !q.corrected {
		newHigh, newLow, anew := news(day, high, low, q)
		switch r.condition {
		case alert.DayHigh, alert.DayLow:
			if !anew && r.phase != alert.Spent && (newHigh && r.condition == alert.DayHigh || newLow && r.condition == alert.DayLow) {
				m.fire(r, q, true)
			}
		default:
			if newHigh {
				m.see(r, q.high, q, true, false)
			}
			if newLow {
				m.see(r, q.low, q, true, false)
			}
		}
	}
	if renewed && m.seen != nil && m.seen.price == q.price {
		return
	}
	m.see(r, q.price, q, r.loaded, q.corrected)
}

func (m *naive) committed() {
	for id, r := range m.rules {
		r.waits = false
		m.rules[id] = r
	}
}

// reload is what the next process knows.
func (m *naive) reload(stored *naiveQuote) {
	m.seen, m.gap, m.again = stored, true, false
	for id, r := range m.rules {
		r.waits, r.loaded = false, true
		m.rules[id] = r
	}
}

func halves(n int64) decimal.Decimal { return decimal.New(5*n, -1) }

func (q *naiveQuote) quote() *quotes.StockQuote {
	return &quotes.StockQuote{
		Symbol: acme, Session: quotes.Regular, Version: q.version, Time: time.Unix(q.time, 0).UTC(), Price: quotes.Some(halves(q.price)),
		High: quotes.Some(halves(q.high)), Low: quotes.Some(halves(q.low)), Stale: q.stale, Corrected: q.corrected,
	}
}

// pair is the engine beside the model.
type pair struct {
	t       *rapid.T
	engine  *alert.Engine
	store   *ruleMemory
	model   *naive
	kept    *naive      // the model as it was committed
	stored  *naiveQuote // the quote that is stored
	last    *naiveQuote
	quote   naiveQuote // the market
	options alert.EngineOptions
}

// TestTheEngineEqualsOneThatLooksAtEveryRule: with prices on and around the
// lines, through restarts and crashes at any point.
func TestTheEngineEqualsOneThatLooksAtEveryRule(t *testing.T) {
	// rapid asks for a deadline, which a bubble does not tell.
	synctest.Test(t, func(t *testing.T) { rapid.Check(struct{ testing.TB }{t}, checkPair) })
}

func checkPair(t *rapid.T) {
	p := &pair{t: t, store: newRuleMemory(), model: &naive{rules: make(map[alert.RuleID]naiveRule), gap: true}}
	p.engine = alert.NewEngine(p.store, p.options)
	p.quote = naiveQuote{time: time.Now().Unix(), price: 200, high: 200, low: 200}
	p.flush()
	t.Repeat(map[string]func(*rapid.T){
		"quote":  func(t *rapid.T) { p.observe(t, false, false) },
		"again":  func(t *rapid.T) { p.observe(t, false, false) },
		"more":   func(t *rapid.T) { p.observe(t, false, false) },
		"stale":  func(t *rapid.T) { p.observe(t, true, false) },
		"wrong":  func(t *rapid.T) { p.observe(t, false, true) },
		"unseen": func(t *rapid.T) { p.trade(t) },
		"rule":   func(t *rapid.T) { p.add(t) },
		"flush":  func(*rapid.T) { p.flush() },
		"restart": func(*rapid.T) {
			p.flush()
			p.restart()
		},
		"crash": func(*rapid.T) { p.restart() },
		"":      func(*rapid.T) {},
	})
	p.flush()
}

// trade moves the market.
func (p *pair) trade(t *rapid.T) {
	q := &p.quote
	steps := rapid.SampledFrom([]time.Duration{0, time.Second, 3 * time.Second, 5 * time.Second, time.Hour, 11 * time.Hour}).Draw(t, "pause")
	time.Sleep(min(steps, 5*time.Second)) // rapid ends after a day
	before := q.day()
	q.time += int64(steps / time.Second)
	q.price = rapid.Int64Range(194, 206).Draw(t, "price")
	if q.day() != before {
		q.high, q.low = q.price, q.price
	}
	q.high, q.low = max(q.high, q.price), min(q.low, q.price)
}

func (p *pair) observe(t *rapid.T, stale, corrected bool) {
	if !stale {
		p.trade(t)
	}
	p.quote.version++
	q := p.quote
	q.stale, q.corrected = stale, corrected
	p.engine.Observe(q.quote())
	p.model.observe(&q)
	if !stale {
		p.last = &q
	}
}

func (p *pair) add(t *rapid.T) {
	r := naiveRule{
		condition: rapid.SampledFrom([]alert.Condition{
			alert.Above, alert.Below, alert.CrossesUp, alert.CrossesDown, alert.Crosses, alert.DayHigh, alert.DayLow,
		}).Draw(t, "condition"),
		level:  rapid.Int64Range(196, 204).Draw(t, "level"),
		back:   rapid.Int64Range(0, 4).Draw(t, "back"),
		repeat: rapid.SampledFrom([]alert.Repeat{alert.Once, alert.Always, alert.Daily}).Draw(t, "repeat"),
	}
	made := alert.Rule{Profile: 1, Symbol: acme, Condition: r.condition, Repeat: r.repeat, Hysteresis: quotes.Some(halves(r.back))}
	if r.condition != alert.DayHigh && r.condition != alert.DayLow {
		made.Level = quotes.Some(halves(r.level))
	}
	if r.repeat == alert.Always {
		made.Cooldown = naiveCooldown * time.Second
	}
	r.single = r.repeat == alert.Once
	p.flush() // so that a crash leaves what was stored with the rule
	stored, err := p.engine.Add(t.Context(), made)
	if err != nil {
		t.Fatal(err)
	}
	r.id = stored.ID
	m := p.model
	if s := m.seen; s != nil {
		m.mark(&r, s)
		if m.gap {
			r.at, r.figures = s.version+1, false
		} else {
			m.see(&r, s.price, s, false, s.corrected)
			m.again = m.again || s.corrected
		}
	}
	m.rules[r.id] = r
	p.flush()
}

// flush commits, and stores the last quote after it, as the engine asks for.
func (p *pair) flush() {
	if err := p.engine.Flush(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	p.model.committed()
	p.kept, p.stored = p.model.copy(), p.last
	var got []string
	for _, f := range p.store.fired() {
		got = append(got, fmt.Sprintf("%d at %d late %t", f.Rule.ID, f.Quote.Version, f.Late))
	}
	if want, got := sorted(p.model.log), sorted(got); want != got {
		p.t.Fatalf("(-want +got)\n%s", cmp.Diff(want, got))
	}
}

// sorted puts what fired at one quote into one order.
func sorted(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// restart begins the next process with what was committed.
func (p *pair) restart() {
	p.store = p.store.clone()
	p.model = p.kept.copy()
	p.model.reload(p.stored)
	p.engine = alert.NewEngine(p.store, p.options)
	var last []quotes.StockQuote
	if p.stored != nil {
		q := *p.stored.quote()
		q.Corrected = false
		last = append(last, q)
	}
	if err := p.engine.Load(p.t.Context(), last); err != nil {
		p.t.Fatal(err)
	}
	p.last = p.stored
	p.kept = p.model.copy()
}
