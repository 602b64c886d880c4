package alpaca

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// settings are those of a test, by their names.
func settings(m map[string]string) feed.Env {
	return func(name string) (string, error) { return m[name], nil }
}

var keys = settings(map[string]string{"ALPACA_KEY": "PKX", "ALPACA_SECRET": "S"})

func openURL(t *testing.T, address string, env feed.Env) (feed.Spec, error) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return Scheme().Open(u, env)
}

func TestTheFourFeeds(t *testing.T) {
	for address, want := range map[string]struct {
		name       string
		timeliness quotes.Timeliness
		delay      time.Duration
		limit      int
		stream     string
	}{
		"alpaca://iex":                 {"alpaca-iex", quotes.Live, 0, 30, "wss://stream.data.alpaca.markets/v2/iex"},
		"alpaca://iex?limit=5":         {"alpaca-iex", quotes.Live, 0, 5, "wss://stream.data.alpaca.markets/v2/iex"},
		"alpaca://sip/":                {"alpaca-sip", quotes.Live, 0, 0, "wss://stream.data.alpaca.markets/v2/sip"},
		"alpaca://delayed_sip":         {"alpaca-delayed", quotes.Delayed, 15 * time.Minute, 0, "wss://stream.data.alpaca.markets/v2/delayed_sip"},
		"alpaca://test":                {"alpaca-test", quotes.Simulated, 0, 0, "wss://stream.data.alpaca.markets/v2/test"},
		"alpaca://sip?symbols=a,brk.b": {"alpaca-sip", quotes.Live, 0, 0, "wss://stream.data.alpaca.markets/v2/sip"},
	} {
		spec, err := openURL(t, address, keys)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		s := spec.Source.(*source)
		if s.Name() != want.name || spec.Timeliness != want.timeliness || spec.Delay != want.delay || s.limit != want.limit || s.stream != want.stream {
			t.Errorf("%s: %s, %s, %v, limit %d, %s", address, s.Name(), spec.Timeliness, spec.Delay, s.limit, s.stream)
		}
		if spec.Basis != quotes.PreviousClose || spec.Calendar(quotes.Instrument{Exchange: "OTCM"}).Always() != (s.plan.fake) {
			t.Errorf("%s: basis %q, or another calendar", address, spec.Basis)
		}
	}
}

func TestWhatIsMisspeltIsRefused(t *testing.T) {
	for _, address := range []string{
		"alpaca://", "alpaca://nasdaq", "alpaca://iex/AAPL", "alpaca://user@iex", "alpaca://iex#x", "alpaca:iex", "alpaca://IEX:80",
		"alpaca://iex?symbol=AAPL", "alpaca://iex?limit=-1", "alpaca://iex?limit=x", "alpaca://iex?limit=1&limit=2",
		"alpaca://iex?symbols=", "alpaca://iex?symbols=A%20B", "alpaca://iex?symbols=BTC/USD", "alpaca://test?symbols=AAPL", "alpaca://iex?%zz",
	} {
		if _, err := openURL(t, address, keys); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
}

func TestAKeyIsAskedFor(t *testing.T) {
	for _, env := range []map[string]string{{}, {"ALPACA_KEY": "PKX"}, {"ALPACA_SECRET": "S"}} {
		_, err := openURL(t, "alpaca://iex", settings(env))
		if err == nil || !strings.Contains(err.Error(), "TICKBOARD_ALPACA_KEY") || !strings.Contains(err.Error(), "TICKBOARD_ALPACA_SECRET") {
			t.Errorf("%v: %v", env, err)
		}
	}
	unreadable := errors.New("TICKBOARD_ALPACA_KEY_FILE: no such file")
	if _, err := openURL(t, "alpaca://iex", func(string) (string, error) { return "", unreadable }); !errors.Is(err, unreadable) {
		t.Errorf("%v", err)
	}
	if _, err := openURL(t, "alpaca://iex", settings(map[string]string{"ALPACA_KEY": "PKX", "ALPACA_SECRET": "S", "ALPACA_URL": "nowhere"})); err == nil {
		t.Error("an address that is none is taken")
	}
}

func TestAKeyListsWithItsOwnAccount(t *testing.T) {
	for key, want := range map[string]string{
		"PKX": "https://paper-api.alpaca.markets/v2/assets", "AKX": "https://api.alpaca.markets/v2/assets", "CKX": "https://paper-api.alpaca.markets/v2/assets",
	} {
		spec, err := openURL(t, "alpaca://iex", settings(map[string]string{"ALPACA_KEY": key, "ALPACA_SECRET": "S"}))
		if err != nil {
			t.Fatal(err)
		}
		if s := spec.Source.(*source); s.assets != want || s.snapshots != "https://data.alpaca.markets/v2/stocks/snapshots" {
			t.Errorf("%s: %s, %s", key, s.assets, s.snapshots)
		}
	}
}

// TestWhatOthersWatchIsNotAskedFor: the demand is that of all feeds, and the list
// may not be there yet.
func TestWhatOthersWatchIsNotAskedFor(t *testing.T) {
	s := &source{plan: plans["iex"]}
	for symbol, want := range map[string]bool{
		"AAPL": true, "F": true, "BRK.B": true, "GOOGL": true, "BTC/USD": false, "BTCUSDT": false, "PETR4": false, "VALE3": false, "FAKEPACA": false,
	} {
		if s.has(quotes.MustSymbol(symbol)) != want {
			t.Errorf("%s: %v", symbol, !want)
		}
	}
	s.choose([]quotes.Instrument{{Symbol: quotes.MustSymbol("AAPL")}})
	if !s.has(quotes.MustSymbol("AAPL")) || s.has(quotes.MustSymbol("F")) {
		t.Error("the list does not decide")
	}
}
