package alpaca

import (
	"fmt"
	"strings"

	"github.com/tickboard/tickboard/feed"
)

// What an operator can do.
const (
	adviceKey = "check TICKBOARD_ALPACA_KEY and TICKBOARD_ALPACA_SECRET (or the files that ..._FILE name): " +
		"both halves of one key as https://app.alpaca.markets shows them; a reset of the account makes old keys worthless"
	advicePlan = "the plan of the key in TICKBOARD_ALPACA_KEY does not have this feed: alpaca://iex comes with every plan, " +
		"alpaca://sip with Algo Trader Plus"
	adviceScope = "the key in TICKBOARD_ALPACA_KEY may not read market data; make another in the account that has the plan"
	adviceV2    = "the account of the key in TICKBOARD_ALPACA_KEY has no access to version 2 of the market data; " +
		"ask Alpaca's support to enable it"
	adviceOther = "Alpaca allows one connection to a feed: end the other program that uses this key, or give it a key of its own; " +
		"a connection of ours that was cut is forgotten within a few minutes"
)

// The vendor's error codes (docs.alpaca.markets/docs/streaming-market-data, Errors).
const (
	codeSyntax        = 400
	codeNoAuth        = 401
	codeAuthFailed    = 402
	codeAuthTwice     = 403
	codeAuthTimeout   = 404
	codeSymbolLimit   = 405
	codeConnections   = 406
	codeSlowClient    = 407
	codeNotEnabled    = 408
	codeSubscription  = 409
	codeInvalidAction = 410
	codeScope         = 411
	codeTooMany       = 429
	codeInternal      = 500
)

// failure says how to go on after an error message that ends a connection. Codes
// 405 and 410 answer a request, and 403 is harmless: they end none.
func failure(c control) error {
	f := &feed.Failure{Err: fmt.Errorf("Alpaca says %d: %s", c.code, oneLine(c.text))} //nolint:staticcheck // a name begins it
	switch c.code {
	case codeAuthFailed:
		f.Permanent, f.Advice = true, adviceKey
	case codeSubscription:
		f.Permanent, f.Advice = true, advicePlan
	case codeScope:
		f.Permanent, f.Advice = true, adviceScope
	case codeNotEnabled:
		f.Permanent, f.Advice = true, adviceV2
	case codeConnections:
		f.Slow, f.Advice = true, adviceOther
	case codeTooMany, codeInternal, codeSyntax:
		// A request that the vendor does not understand is one that it will not
		// understand a second later either.
		f.Slow = true
	case codeSlowClient:
		f.Advice = "messages were not taken quickly enough: the machine or its line is overloaded, or too many symbols are watched"
	case codeNoAuth, codeAuthTimeout:
		f.Advice = "the authentication took too long; the line may be slow"
	}
	return f
}

// oneLine makes a text from outside one short line.
func oneLine(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
