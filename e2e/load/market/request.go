package market

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Parse returns the symbols that a request names, by its path and query, as
// tickboard's streams take them: /stream/SIM0001 or /stream?symbols=SIM0001,SIM0002.
func (m *Market) Parse(target string) (symbols []int, single bool, err error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, false, err
	}
	list := u.Query().Get("symbols")
	if one, ok := strings.CutPrefix(u.Path, "/stream/"); ok {
		list, single = one, true
	}
	for name := range strings.SplitSeq(list, ",") {
		n, ok := Number([]byte(name))
		if !ok || n >= len(m.names) {
			return nil, false, fmt.Errorf("no symbol %q", name)
		}
		symbols = append(symbols, n)
	}
	return symbols, single, nil
}

// Number is the n of a name.
func Number(name []byte) (n int, ok bool) {
	digits, ok := strings.CutPrefix(string(name), "SIM")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0
}
