package feedtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// TestBadVendorSourceIsFound has each check find what it is there for.
func TestBadVendorSourceIsFound(t *testing.T) {
	slots := make(chan struct{}, 16) // on a busy machine more would wait for each other
	var all sync.WaitGroup
	goAstray := func(edit func(*feed.Update)) toy { return toy{spoilUpdate: edit} }
	for name, c := range map[string]struct {
		check func(context.Context, VendorCase) error
		bad   toy
		want  string
	}{
		"simulated":          {checkVendorSpec, toy{spoilSpec: func(s *feed.Spec) { s.Timeliness = quotes.Simulated }}, "simulated"},
		"never stale":        {checkVendorSpec, toy{spoilSpec: func(s *feed.Spec) { s.StaleAfter = 0 }}, "StaleAfter"},
		"never silent":       {checkVendorSpec, toy{spoilSpec: func(s *feed.Spec) { s.SilentAfter = 0 }}, "SilentAfter"},
		"takes any URL":      {checkVendorSpec, toy{anyURL: true}, "the parameter nonsense=1 is taken"},
		"hides a setting":    {checkVendorSpec, toy{hidden: true}, "Settings lack TOY_URL"},
		"lists little":       {checkVendorSpec, toy{spoilSpec: listOne}, "does not list BBB"},
		"no key needed":      {checkMissingSecret, toy{noKeyNeeded: true}, "does not fail for good"},
		"waits for REST":     {checkStops, toy{restContext: true}, "after its context had ended"},
		"stops late":         {checkStops, toy{lingering: true}, "after its context had ended"},
		"no snapshot":        {checkDemand, toy{noSnapshot: true}, "the snapshot's last trade of AAA"},
		"no break":           {checkDemand, toy{noBreak: true}, "not the break that begins a snapshot"},
		"late snapshot":      {checkDemand, goAstray(func(u *feed.Update) { u.MovesLast = u.MovesLast && u.CountsVolume }), "may not move the last price"},
		"deaf":               {checkDemand, toy{deaf: true}, "one more symbol"},
		"keeps":              {checkDemand, toy{noDrop: true}, "the end of a subscription"},
		"two at a time":      {checkDemand, toy{spoilMessage: twice}, "emit was called by two goroutines at a time"},
		"unlisted":           {checkDemand, toy{spoilSpec: listOne}, "did not list its symbol"},
		"asks for all":       {checkURLSymbols, toy{forgetful: true}, "it lists 5 symbols"},
		"asks for others":    {checkURLSymbols, toy{curious: true}, "it asked for CCC"},
		"no limit":           {checkLimit, toy{greedy: true}, "symbols subscribed at a time, 3 are allowed"},
		"keeps at limit":     {checkLimit, toy{noDrop: true}, "4 symbols subscribed at a time"},
		"hurried":            {checkDemand, toy{hurried: true}, "messages in a second, 20 are allowed"},
		"hasty":              {checkConfirmation, toy{hasty: true}, "before the vendor has confirmed it"},
		"stubborn":           {checkRefusal, toy{stubborn: true}, "it asked for BBB again"},
		"no refusal":         {checkRefusal, goAstray(unnamed), "the refusal of BBB"},
		"rounds":             {checkExact, goAstray(func(u *feed.Update) { u.Price = u.Price.Round(2) }), "the trade's price is"},
		"floats":             {checkExact, goAstray(throughFloat), "the trade's price is"},
		"floats the bid":     {checkExact, goAstray(func(u *feed.Update) { u.Bid.Decimal = floated(u.Bid.Decimal) }), "the bid is"},
		"forgets sizes":      {checkExact, goAstray(func(u *feed.Update) { u.BidSize = decimal.NullDecimal{} }), "the sizes are 0 and 12"},
		"stamps trades":      {checkExact, goAstray(func(u *feed.Update) { u.Time = time.Now().UTC() }), "the trade's time is"},
		"stamps quotes":      {checkExact, goAstray(func(u *feed.Update) { u.Time = u.Time.Add(-time.Hour) }), "the quote's time is"},
		"moves nothing":      {checkExact, goAstray(func(u *feed.Update) { u.MovesRange = false }), "does not move last, range"},
		"strict":             {checkUnused, toy{strict: true}, `after the message {"news":"none"}`},
		"counts not":         {checkUnused, toy{uncounted: true}, "the source counts"},
		"reports unknown":    {checkUnused, toy{spoilMessage: touchy}, "is reported as a fault"},
		"sees prices":        {checkUnused, toy{spoilMessage: dreaming}, "made a price"},
		"ends by garbage":    {checkGarbage, toy{strict: true}, "Run has returned"},
		"reports each":       {checkGarbage, toy{loud: true}, "and is to be once a minute"},
		"reports none":       {checkGarbage, toy{quiet: true}, "was reported 0 times"},
		"believes garbage":   {checkGarbage, toy{spoilMessage: gullible}, "garbage became a trade"},
		"mends the clock":    {checkClock, goAstray(mendClock), "a clock that is off by"},
		"drops old trades":   {checkOldTrades, toy{spoilMessage: modern}, "a trade of"},
		"breaks for old":     {checkOldTrades, toy{spoilMessage: breaking}, "comes with a break"},
		"does not listen":    {checkPings, toy{absent: true}, "a ping is not answered"},
		"finishes":           {checkReturn, toy{spoilError: func(error) error { return nil }}, "Run returned nil"},
		"no way back":        {checkReturn, toy{spoilError: feed.Permanent}, "for good (true)"},
		"old snapshot":       {checkReturn, toy{oldSnapshot: new(Figures)}, "the snapshot's last trade of AAA, at 125.00"},
		"shows its key":      {faultCheck("wrong key"), toy{keyInErrors: true}, "shows the secret TOY_KEY"},
		"hopes":              {faultCheck("wrong key"), toy{spoilError: passing}, "a Failure that is Permanent"},
		"hopes after 401":    {faultCheck("a wrong secret"), toy{spoilError: passing}, "a Failure that is Permanent"},
		"hopes on REST":      {faultCheck("a secret that REST refuses"), toy{spoilError: passing}, "a Failure that is Permanent"},
		"hurries":            {faultCheck("too many connections"), toy{spoilError: passing}, "a Failure that is Slow"},
		"hurries on REST":    {faultCheck("too many requests"), toy{spoilError: passing}, "a Failure that is Slow"},
		"gives up":           {faultCheck("a broken server"), toy{spoilError: feed.Permanent}, "called again soon"},
		"gives up on REST":   {faultCheck("a broken REST server"), toy{spoilError: feed.Permanent}, "called again soon"},
		"says nothing":       {faultCheck("complaint"), toy{spoilMessage: mute}, `a report or a refusal that says "careful"`},
		"says little":        {faultCheck("wrong key"), toy{spoilError: func(err error) error { return feed.Permanent(errors.New("look at TOY_KEY")) }}, `does not say "no such key"`},
		"gives no advice":    {faultCheck("wrong key"), toy{spoilError: func(err error) error { return feed.Permanent(passing(err)) }}, "does not name the setting"},
		"says several lines": {faultCheck("restart"), toy{spoilError: func(err error) error { return fmt.Errorf("alas:\n%w", err) }}, "more than a line"},
		"overlooks the end":  {faultCheck("restart"), toy{spoilMessage: mute}, "Run goes on as if nothing were"},
	} {
		all.Go(func() { // each waits for what never comes
			slots <- struct{}{}
			defer func() { <-slots }()
			bad := toyCase(c.bad)
			bad.patience = 2 * time.Second
			if err := c.check(t.Context(), bad); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want one with %q", name, err, c.want)
			}
		})
	}
	all.Wait()
}

// passing takes every error for one that passes.
func passing(err error) error { return errors.New(err.Error()) }

// mute overlooks errors.
func mute(_ *toyRun, msg string) bool { return !strings.Contains(msg, "error") }

// touchy reports messages that it does not know.
func touchy(t *toyRun, msg string) bool {
	if strings.Contains(msg, "news") {
		t.emit(feed.Update{Kind: feed.Reported, Note: "what is " + msg})
	}
	return true
}

// dreaming sees prices in them.
func dreaming(t *toyRun, msg string) bool {
	if strings.Contains(msg, "news") {
		_ = t.price(toyMessage{Trade: toySymbols[0], Price: "3", Size: "1"})
	}
	return true
}

// gullible takes a price out of a message that is cut off.
func gullible(t *toyRun, msg string) bool {
	if strings.HasPrefix(msg, `{"t":"AAA","p":"`) && !strings.HasSuffix(msg, "}") {
		_ = t.price(toyMessage{Trade: toySymbols[0], Price: strings.Trim(strings.TrimPrefix(msg, `{"t":"AAA","p":"`), `",s:`), Size: "1"})
	}
	return true
}

// dropping loses one message in a hundred.
func dropping(t *toyRun, _ string) bool {
	t.messages++
	return t.messages%100 != 50
}

// modern drops old trades, breaking begins anew with each.
func modern(_ *toyRun, msg string) bool { return !old(msg) }

func breaking(t *toyRun, msg string) bool {
	if old(msg) {
		t.emit(feed.Update{Kind: feed.Break, Symbol: toySymbols[0], Time: time.Now().UTC()})
	}
	return true
}

func old(msg string) bool {
	var m toyMessage
	return json.Unmarshal([]byte(msg), &m) == nil && !m.Trade.IsZero() && time.Since(time.UnixMilli(m.Time)) > time.Minute
}

// twice emits from two goroutines.
func twice(t *toyRun, _ string) bool {
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 1000 {
				t.emit(feed.Update{Kind: feed.Received})
			}
		})
	}
	wg.Wait()
	return true
}

// TestSourceThatFailsInAFloodIsFound is apart: a flood takes the machine.
func TestSourceThatFailsInAFloodIsFound(t *testing.T) {
	wantError(t, checkFlood(t.Context(), toyCase(toy{spoilMessage: dropping})), "trades came through")
	wantError(t, checkFlood(t.Context(), toyCase(toy{lingering: true})), "after its context had ended")
}

// faultCheck is checkFault for one of the toy's faults.
func faultCheck(name string) func(context.Context, VendorCase) error {
	return func(ctx context.Context, c VendorCase) error {
		for _, f := range append(c.commonFaults(), c.Faults...) {
			if f.Name == name {
				return checkFault(ctx, c, f)
			}
		}
		return errors.New("there is no fault " + name)
	}
}

// unnamed does not say what is refused.
func unnamed(u *feed.Update) {
	if u.Kind == feed.Refused {
		u.Symbol = quotes.Symbol{}
	}
}

func listOne(s *feed.Spec) {
	list := s.Instruments
	s.Instruments = func(ctx context.Context) ([]quotes.Instrument, error) {
		all, err := list(ctx)
		return all[:min(1, len(all))], err
	}
}

func floated(d decimal.Decimal) decimal.Decimal { return decimal.NewFromFloat(d.InexactFloat64()) }

func throughFloat(u *feed.Update) { u.Price = floated(u.Price) }

func mendClock(u *feed.Update) {
	if now := time.Now().UTC(); u.Time.After(now) {
		u.Time = now
	}
}
