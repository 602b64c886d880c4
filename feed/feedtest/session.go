package feedtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const (
	// vendorPatience is how long a check waits for what has to come.
	vendorPatience = 20 * time.Second
	// vendorStop is how late Run may return: the promise is 100 ms; a loaded
	// machine adds its own.
	vendorStop = 500 * time.Millisecond
)

// session is a source that speaks with its vendor, for one check.
type session struct {
	c      VendorCase
	v      *Vendor
	spec   feed.Spec
	demand feed.Demand
	bell   bell
	listed map[quotes.Symbol]quotes.Instrument
	trades uint64 // numbers of the trades that were told

	cancel context.CancelFunc // of the Run that runs
	ended  chan struct{}      // closed when it has returned err
	err    error

	mu       sync.Mutex // guards all below
	emitting bool
	updates  []feed.Update
	wrong    []error
}

// with opens the source of c against a new vendor and calls f with it, not yet
// running; then it stops what runs and returns every fault that was seen.
func (c VendorCase) with(ctx context.Context, f func(*session) error) error {
	return c.withQuery(ctx, "", f)
}

// withQuery is with for a URL that has one more parameter.
func (c VendorCase) withQuery(ctx context.Context, query string, f func(*session) error) error {
	s := &session{c: c}
	s.v = newVendor(c, &s.bell)
	defer s.v.close()
	spec, err := c.open(s.v, c.Settings, query)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	s.spec = spec
	if s.listed, err = instruments(ctx, spec); err != nil {
		return err
	}
	err = f(s)
	return errors.Join(err, s.stop(), s.faults())
}

// open opens the source with the settings, and the vendor's address.
func (c VendorCase) open(v *Vendor, settings map[string]string, query string) (feed.Spec, error) {
	address := c.URL
	if query != "" {
		address += map[bool]string{true: "&", false: "?"}[strings.Contains(address, "?")] + query
	}
	u, err := url.Parse(address)
	if err != nil {
		return feed.Spec{}, err
	}
	return c.Scheme.Open(u, func(name string) (string, error) {
		if !slices.Contains(c.Scheme.Settings, name) {
			v.Complain("the setting %s is read and is not one of the scheme's Settings", name)
		}
		if slices.Contains(c.Addresses, name) {
			return v.server.URL, nil
		}
		return settings[name], nil
	})
}

// run calls the source's Run, once it has ended before.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	s.cancel, s.ended, s.err = cancel, make(chan struct{}), nil
	go func() {
		defer close(s.ended)
		s.err = s.spec.Source.Run(ctx, &s.demand, s.emit)
		s.bell.ring()
	}()
}

// stop ends Run and waits for its return, in time.
func (s *session) stop() error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	began := time.Now()
	hopeless := time.NewTimer(20 * vendorStop)
	defer hopeless.Stop()
	select {
	case <-s.ended:
		s.cancel = nil
	case <-hopeless.C:
		return errors.New("Run does not return after its context has ended")
	}
	if took := time.Since(began); took > vendorStop {
		return fmt.Errorf("Run returned %v after its context had ended", took.Round(time.Millisecond))
	}
	return nil
}

// end waits for Run to return by itself, and for the connection to be gone, and
// returns Run's error.
func (s *session) end() (error, error) {
	timer := time.NewTimer(s.c.wait())
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		return nil, errors.New("Run goes on as if nothing were")
	}
	s.cancel()
	s.cancel = nil
	return s.err, s.until("the end of the connection", func() bool { return s.v.client() == nil })
}

// emit is what the source emits into.
func (s *session) emit(u feed.Update) {
	s.mu.Lock()
	if s.emitting {
		s.wrong = append(s.wrong, errors.New("emit was called by two goroutines at a time"))
	}
	s.emitting = true
	s.mu.Unlock()
	err := s.sound(u)
	runtime.Gosched() // so that a second one comes in
	s.mu.Lock()
	s.emitting = false
	s.updates = append(s.updates, u)
	if err != nil && len(s.wrong) < 5 {
		s.wrong = append(s.wrong, fmt.Errorf("update %d, kind %d of %q: %w", len(s.updates)-1, u.Kind, u.Symbol, err))
	}
	s.mu.Unlock()
	s.bell.ring()
}

// sound holds one update against what is promised of all.
func (s *session) sound(u feed.Update) error {
	if u.Kind == feed.Listed && u.Instrument != nil {
		s.listed[u.Instrument.Symbol] = *u.Instrument
	}
	err := checkUpdate(u)
	if _, ok := s.listed[u.Symbol]; !ok && ofMarket(u.Kind) {
		err = errors.Join(err, errors.New("the source did not list its symbol"))
	}
	return errors.Join(err, s.c.secretIn(u.Note))
}

// secretIn finds the value of a setting in a text that people see.
func (c VendorCase) secretIn(text string) error {
	for name, secret := range c.Settings {
		if len(secret) >= 4 && strings.Contains(text, secret) {
			return fmt.Errorf("the text %q shows the secret %s", text, name)
		}
	}
	return nil
}

// faults are what went wrong besides what a check looks for.
func (s *session) faults() error {
	s.v.mu.Lock()
	defer s.v.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := slices.Clone(s.wrong)
	for _, c := range s.v.complaints {
		errs = append(errs, errors.New("the vendor complains: "+c))
	}
	return errors.Join(errs...)
}

func (c VendorCase) wait() time.Duration { return cmp.Or(c.patience, vendorPatience) }

// until waits for a condition, for a time.
func (s *session) until(what string, ok func() bool) error {
	timer := time.NewTimer(s.c.wait())
	defer timer.Stop()
	for {
		rung := s.bell.next()
		if ok() {
			return nil
		}
		select {
		case <-rung:
		case <-timer.C:
			return fmt.Errorf("in %v there was not %s%s", s.c.wait(), what, s.remark())
		}
	}
}

// remark says why something may not have come.
func (s *session) remark() string {
	text := ""
	if s.ended != nil {
		select {
		case <-s.ended:
			text = fmt.Sprintf("; Run has returned %v", s.err)
		default:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.updates {
		if u.Note != "" {
			text += fmt.Sprintf("; the source said %q", u.Note)
			break
		}
	}
	return text
}

// counted is how many messages the source says that it got.
func (s *session) counted() (n int) {
	for _, u := range s.since(0) {
		if u.Kind == feed.Received {
			n++
		}
	}
	return n
}

// mark is a place among the updates: how many there are.
func (s *session) mark() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.updates)
}

// since are the updates after a mark.
func (s *session) since(mark int) []feed.Update {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updates[mark:len(s.updates):len(s.updates)]
}

// see waits for an update after the mark, and returns it.
func (s *session) see(mark int, what string, match func(feed.Update) bool) (feed.Update, error) {
	var found feed.Update
	err := s.until(what, func() bool {
		updates := s.since(mark)
		i := slices.IndexFunc(updates, match)
		if i < 0 {
			mark += len(updates) // they are no others later
			return false
		}
		found = updates[i]
		return true
	})
	return found, err
}

// seeKind waits for an update of a kind of a symbol.
func (s *session) seeKind(mark int, kind feed.Kind, sym quotes.Symbol) (feed.Update, error) {
	return s.see(mark, kindNames[kind]+" of "+sym.String(), func(u feed.Update) bool {
		return u.Kind == kind && u.Symbol == sym
	})
}

// watch watches symbols and waits until each is confirmed.
func (s *session) watch(syms ...quotes.Symbol) error {
	mark := s.mark()
	s.demand.Add(syms...)
	return s.confirmed(mark, syms...)
}

func (s *session) confirmed(mark int, syms ...quotes.Symbol) error {
	for _, sym := range syms {
		if s.c.Unconfirmed {
			err := s.until("a subscription of "+sym.String(), func() bool {
				c := s.v.client()
				return c != nil && slices.Contains(c.Subscribed(), sym)
			})
			if err != nil {
				return err
			}
			s.tell(sym)
		}
		if _, err := s.seeKind(mark, feed.Subscribed, sym); err != nil {
			return err
		}
	}
	return nil
}

// asked waits until the vendor has been asked for a symbol.
func (s *session) asked(sym quotes.Symbol) error {
	return s.until("a request for "+sym.String(), func() bool {
		c := s.v.client()
		return c != nil && c.hasAsked(sym) > 0
	})
}

// frame makes the next trade of a symbol, with a price that no other has.
func (s *session) frame(sym quotes.Symbol) TradeFrame {
	s.trades++
	n := s.trades
	return TradeFrame{
		Symbol: sym, ID: 1_000_000 + n, Price: fmt.Sprintf("%d.%02d", 2000+n/100, n%100), Size: "100",
		Time: time.Now().UTC().Truncate(time.Millisecond),
	}
}

// tell tells a trade, and returns it.
func (s *session) tell(sym quotes.Symbol) TradeFrame {
	f := s.frame(sym)
	s.send(s.c.Trade(f))
	return f
}

// send sends messages to the source, if it is there.
func (s *session) send(msgs ...string) {
	if c := s.v.client(); c != nil {
		c.Send(msgs...)
	}
}

// told waits for the trade of a frame.
func (s *session) told(mark int, f TradeFrame) (feed.Update, error) {
	return s.see(mark, fmt.Sprintf("the trade of %s at %s", f.Symbol, f.Price), func(u feed.Update) bool {
		return u.Kind == feed.Trade && u.Symbol == f.Symbol && quotes.FormatDecimal(u.Price) == f.Price
	})
}

// alive proves that the connection works: a trade comes through. Whatever was
// sent before it has come through then, too.
func (s *session) alive(sym quotes.Symbol) error {
	mark := s.mark()
	_, err := s.told(mark, s.tell(sym))
	return err
}

var kindNames = map[feed.Kind]string{
	feed.Trade: "a trade", feed.Quote: "a quote", feed.Day: "the day figures", feed.Status: "a status",
	feed.Correction: "a correction", feed.Cancel: "a cancel", feed.Break: "a break", feed.Received: "a message",
	feed.Listed: "an instrument", feed.Asked: "a request", feed.Subscribed: "the confirmation", feed.Released: "the release",
	feed.Refused: "the refusal", feed.Reported: "a report",
}
