package alpaca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// mostInRequest is how many symbols one request subscribes.
const mostInRequest = 400

// follower is what is wanted, and how far it is: first a symbol's snapshot is
// asked for, then its subscription. One request at a time is under way, so that
// an answer is that request's.
type follower struct {
	subs    *feed.Subscriptions
	watched []quotes.Symbol // of the demand

	wanted map[quotes.Symbol]bool // and whether its snapshot was waited for: it may be subscribed
	whole  map[quotes.Symbol]bool // had its snapshot
	acked  map[quotes.Symbol]bool // the vendor's own list
	kept   map[quotes.Symbol]bool // what it does not take off its list

	stirred bool            // something has changed: there may be something to ask for
	pending bool            // a request is under way
	asked   []quotes.Symbol // what it subscribes
	since   time.Time
	most    int // symbols in a request

	start    func(func())    // a helper of the session
	fetched  chan fetch      // what came of the call that is under way
	fetching bool            // there is one
	due      []quotes.Symbol // snapshots that are to be taken again
	notUntil time.Time       // but not earlier
}

// fetch is a call for snapshots, and what came of it.
type fetch struct {
	syms  []quotes.Symbol
	snaps map[quotes.Symbol]snapshot
	err   error
}

func newFollower(subs *feed.Subscriptions) follower {
	return follower{
		subs: subs, wanted: make(map[quotes.Symbol]bool), whole: make(map[quotes.Symbol]bool), acked: make(map[quotes.Symbol]bool),
		kept: make(map[quotes.Symbol]bool), most: mostInRequest, fetched: make(chan fetch, 1),
	}
}

// has says whether the feed has a symbol, as far as it is known.
func (s *source) has(sym quotes.Symbol) bool {
	listed := s.listed.Load()
	switch {
	case len(s.always) > 0 && !slices.Contains(s.always, sym):
		return false
	case listed != nil:
		return (*listed)[sym]
	}
	return s.plan.plausible(sym)
}

// refuseUnlisted says which symbols of the URL the vendor does not list.
func (n *session) refuseUnlisted() {
	for _, sym := range n.always {
		if !n.has(sym) {
			n.emit(feed.Update{Symbol: sym, Kind: feed.Refused, Time: time.Now().UTC(), Note: "Alpaca lists no such active stock"})
		}
	}
}

// follow takes over what is watched.
func (n *session) follow(watched []quotes.Symbol) {
	n.watched, n.stirred = watched, true
	add, remove := n.subs.Follow(append(slices.Clone(n.always), watched...))
	for _, sym := range remove {
		delete(n.wanted, sym)
		delete(n.whole, sym)
		delete(n.decoder.symbols, sym.String())
	}
	for _, sym := range add {
		n.wanted[sym] = false
		n.decoder.symbols[sym.String()] = &security{symbol: sym}
		if n.plan.fake { // which has no snapshots
			n.ready(sym)
		}
	}
}

// ready lets a symbol be subscribed. It may be on the vendor's list still, from
// when it was watched before.
func (n *session) ready(sym quotes.Symbol) {
	n.wanted[sym], n.stirred = true, true
	if n.acked[sym] {
		n.subs.Confirm(sym)
	}
}

// refuse gives up a symbol that the vendor does not send.
func (n *session) refuse(sym quotes.Symbol, note string) {
	if _, ok := n.wanted[sym]; ok {
		delete(n.wanted, sym)
		delete(n.decoder.symbols, sym.String())
		n.subs.Refuse(sym, note)
	}
}

// step sends and starts what is to be done next.
func (n *session) step(ctx context.Context) error {
	if !n.stirred {
		return nil
	}
	n.stirred = false
	n.fetchNext(ctx, time.Now())
	if n.pending {
		return nil
	}
	if drop := n.list(n.acked, func(sym quotes.Symbol) bool { _, ok := n.wanted[sym]; return !ok && !n.kept[sym] }); len(drop) > 0 {
		return n.ask(ctx, "unsubscribe", drop, nil)
	}
	if add := n.list(n.wanted, func(sym quotes.Symbol) bool { return n.wanted[sym] && !n.acked[sym] }); len(add) > 0 {
		return n.ask(ctx, "subscribe", add, add)
	}
	return nil
}

// list is what of a set is to be asked for in one request, sorted.
func (n *session) list(set map[quotes.Symbol]bool, is func(quotes.Symbol) bool) []quotes.Symbol {
	var list []quotes.Symbol
	for sym := range set {
		if is(sym) {
			list = append(list, sym)
		}
	}
	slices.SortFunc(list, quotes.Symbol.Compare)
	return list[:min(len(list), n.most)]
}

func (n *session) ask(ctx context.Context, action string, syms, subscribing []quotes.Symbol) error {
	texts := make([]string, len(syms))
	for i, sym := range syms {
		texts[i] = sym.String()
		n.kept[sym] = subscribing == nil // should it be on the list after this
	}
	req := request{Action: action, Trades: texts, Quotes: texts}
	if !n.bare {
		req.Statuses, req.LULDs = texts, texts
	}
	n.pending, n.asked, n.since = true, subscribing, time.Now()
	return n.conn.Write(ctx, encode(req))
}

// late says that the request under way has had no answer for too long.
func (n *session) late(now time.Time) bool { return n.pending && now.Sub(n.since) > answerTime }

// acknowledged compares the vendor's list with what was asked for. The list is of
// all that is subscribed, whatever the request was.
func (n *session) acknowledged(c control) {
	clear(n.acked)
	quoted := set(c.quotes)
	for text := range set(c.trades) {
		if sym, err := quotes.ParseSymbol(text); err == nil && quoted[text] {
			n.acked[sym] = true
		}
	}
	statuses := set(c.statuses)
	for _, sym := range n.asked {
		if !n.acked[sym] {
			n.refuse(sym, "Alpaca did not acknowledge it")
			continue
		}
		if _, ok := n.wanted[sym]; ok {
			n.subs.Confirm(sym)
		}
		if !n.bare && !statuses[sym.String()] && !statuses["*"] {
			n.report("statuses", "Alpaca does not send the trading halts of "+sym.String()+", and of others maybe")
		}
	}
	n.pending, n.asked = false, nil
	n.follow(n.watched) // what was refused has left a place
}

// notTaken is the answer to a request that the vendor does not take as a whole:
// what was subscribed before stays. Of more symbols than the plan allows a half
// may fit; a feed without trading statuses has trades and quotes all the same.
func (n *session) notTaken(c control) {
	switch {
	case !n.pending:
		n.report("control", failure(c).Error())
	case c.code == codeInvalidAction && !n.bare:
		n.bare = true
		n.report("statuses", "Alpaca does not send trading halts on this feed")
	case c.code == codeSymbolLimit && len(n.asked) > 1:
		n.most = len(n.asked) / 2
	default:
		n.refuseAsked(c)
	}
	n.pending, n.asked = false, nil
	n.follow(n.watched)
}

func (n *session) refuseAsked(c control) {
	note := failure(c).Error()
	if c.code == codeSymbolLimit {
		note = fmt.Sprintf("over the symbol limit of the Alpaca plan; watch fewer symbols, or lower limit= (it is %d)", n.limit)
	}
	for _, sym := range n.asked {
		n.refuse(sym, note)
	}
}

// refresh takes the snapshots of all that is wanted again.
func (n *session) refresh() {
	if n.plan.fake {
		return
	}
	n.due, n.notUntil, n.stirred = nil, time.Time{}, true
	for sym, asked := range n.wanted {
		if asked {
			n.due = append(n.due, sym)
		}
	}
	slices.SortFunc(n.due, quotes.Symbol.Compare)
}

// fetchNext calls for the next snapshots, those of new symbols first.
func (n *session) fetchNext(ctx context.Context, now time.Time) {
	if n.fetching {
		return
	}
	f := fetch{}
	for sym, asked := range n.wanted {
		if !asked {
			f.syms = append(f.syms, sym)
		}
	}
	slices.SortFunc(f.syms, quotes.Symbol.Compare)
	f.syms = f.syms[:min(len(f.syms), mostInCall)]
	if len(f.syms) == 0 && !now.Before(n.notUntil) {
		most := min(len(n.due), mostInCall)
		f.syms, n.due = n.due[:most:most], n.due[most:]
	}
	if len(f.syms) == 0 {
		return
	}
	n.fetching = true
	n.start(func() {
		f.snaps, f.err = n.calls.snap(ctx, n.snapshots, n.plan.feed, f.syms)
		n.fetched <- f
	})
}

// arrived emits the snapshots that came. A symbol without one is subscribed all
// the same: trades without a change are better than none.
func (n *session) arrived(f fetch, now time.Time) {
	n.fetching, n.stirred = false, true
	for _, sym := range f.syms {
		if _, ok := n.wanted[sym]; !ok {
			continue
		}
		n.ready(sym)
		if s, ok := f.snaps[sym]; ok {
			n.snapped(sym, &s, now)
		}
	}
	if f.err != nil {
		n.snapshotFailed(f, now)
	}
}

// snapshotFailed tells of it, has it done again later, and does not let other new
// symbols wait for the same.
func (n *session) snapshotFailed(f fetch, now time.Time) {
	for sym, asked := range n.wanted {
		if !asked {
			n.ready(sym)
			f.syms = append(f.syms, sym)
		}
	}
	note := "no snapshots, so that previous closes may be missing: " + f.err.Error()
	failed, _ := errors.AsType[*feed.Failure](f.err)
	if failed != nil && failed.Advice != "" {
		note += "; " + failed.Advice
	}
	n.report("snapshots", note)
	if failed == nil || !failed.Permanent {
		n.due, n.notUntil = append(n.due, f.syms...), now.Add(again)
	}
}

// snapped emits one snapshot: the first of a connection whole, and behind a break,
// for what was missed meanwhile is not known; later ones only as far as the stream
// does not tell it better.
func (n *session) snapped(sym quotes.Symbol, s *snapshot, now time.Time) {
	now = now.Add(-n.plan.delay)
	if n.whole[sym] {
		if u, ok := s.day(sym, n.plan.calendar(), now); ok {
			n.emit(u)
		}
		return
	}
	n.whole[sym] = true
	updates, err := s.updates(sym, n.plan.calendar(), now)
	if err != nil {
		n.report("malformed", "a snapshot could not be read: "+err.Error())
	}
	if len(updates) > 0 {
		n.emit(feed.Update{Symbol: sym, Kind: feed.Break, Time: updates[0].Time})
	}
	for _, u := range updates {
		n.emit(u)
	}
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, text := range list {
		m[text] = true
	}
	return m
}
