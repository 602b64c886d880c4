package finnhub

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/quotes"
)

// notInPlan says that a call failed because the plan lacks its symbol; a wrong key
// is answered with 401.
func notInPlan(err error) bool {
	answer, ok := errors.AsType[*rest.StatusError](err)
	return ok && answer.Status == http.StatusForbidden
}

// dialFailure says how to go on when there is no connection: a second one with the
// same key is answered with 429.
func dialFailure(err error) error {
	failure := rest.Refused(err, adviceToken)
	if f, ok := errors.AsType[*feed.Failure](failure); ok && f.Slow {
		f.Advice = "Finnhub takes one connection for a key; stop the other program that uses it, or give this one a key of its own"
	}
	return failure
}

// complaintFailure is the error of a connection on which Finnhub has said text, nil
// where it can be used on.
func complaintFailure(text string) error {
	lower := strings.ToLower(text)
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	err := errors.New("Finnhub says: " + text)
	switch {
	case says("api key", "token", "unauthorized", "not authorized"):
		return &feed.Failure{Err: err, Advice: adviceToken, Permanent: true}
	case says("api limit", "rate limit", "too many connections", "connection limit"):
		return &feed.Failure{Err: err, Advice: "Finnhub wants patience; it is tried again slowly", Slow: true}
	}
	return nil
}

// noSymbols takes out what Finnhub says of a key: API is a symbol too.
var noSymbols = strings.NewReplacer("API key", "", "API limit", "")

// named is the symbol that a text names as a word of its own, written as the
// symbol is: A, IT and KEY are words of other sentences as well. What has a sign
// in it, as BRK.B, is no other word and may be written in any case.
func named(text string, among []quotes.Symbol) (quotes.Symbol, bool) {
	words := strings.FieldsFunc(noSymbols.Replace(text), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`'",;()[]`, r)
	})
	for _, word := range words {
		if strings.ContainsAny(strings.Trim(word, ".:!"), ".:-/") {
			word = strings.ToUpper(word)
		}
		for _, sym := range among {
			if word == sym.String() || strings.Trim(word, ".:!") == sym.String() {
				return sym, true
			}
		}
	}
	return quotes.Symbol{}, false
}
