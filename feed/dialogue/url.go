package dialogue

import (
	"fmt"
	"net/url"

	"github.com/tickboard/tickboard/quotes"
)

// ParseURL reads the URL of a feed that has no parameter but symbols, a comma
// list, and returns these. usage is what a good one looks like.
func ParseURL(u *url.URL, usage string) ([]quotes.Symbol, error) {
	if u.Opaque != "" || u.Host != "" || u.Path != "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("only parameters may follow the scheme; write it like %s", usage)
	}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("malformed parameters; write it like %s", usage)
	}
	for name, values := range params {
		if name != "symbols" {
			return nil, fmt.Errorf("there is no parameter %q; write it like %s", name, usage)
		}
		if len(values) > 1 {
			return nil, fmt.Errorf("the parameter %s is there twice", name)
		}
	}
	if !params.Has("symbols") {
		return nil, nil
	}
	syms, err := quotes.ParseSymbols(params.Get("symbols"))
	if err != nil {
		return nil, fmt.Errorf("parameter symbols: %w", err)
	}
	if len(syms) == 0 {
		return nil, fmt.Errorf("the parameter symbols is empty; write it like %s", usage)
	}
	return syms, nil
}
