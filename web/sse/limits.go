package sse

import (
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// limits are who else may open a stream, and why not. Server.mu guards them.
type limits struct {
	total, perAddress int
	address           func(*http.Request) netip.Prefix
	addresses         map[netip.Prefix]int // streams of each address that is counted
	newcomers         *rate.Limiter        // nil means no limit
}

func newLimits(o Options) limits {
	l := limits{total: o.MaxStreams, addresses: make(map[netip.Prefix]int)}
	if o.Address != nil && o.MaxPerAddress > 0 {
		l.perAddress, l.address = o.MaxPerAddress, o.Address
	}
	if o.MaxPerSecond > 0 {
		l.newcomers = rate.NewLimiter(rate.Limit(o.MaxPerSecond), o.MaxPerSecond)
	}
	return l
}

// of returns what a request's streams are counted by, the zero Prefix for
// nothing.
func (l *limits) of(r *http.Request) netip.Prefix {
	if l.address == nil {
		return netip.Prefix{}
	}
	return l.address(r)
}

// enter counts one more stream beside the open ones, or returns why it may not
// be. The limit on newcomers is asked last, so that only who may enter uses it up.
func (l *limits) enter(open int, address netip.Prefix) (refusal string) {
	switch {
	case l.total > 0 && open >= l.total:
		return ReasonLimit
	case address.IsValid() && l.addresses[address] >= l.perAddress:
		return ReasonAddress
	case l.newcomers != nil && !l.newcomers.AllowN(time.Now(), 1):
		return ReasonRate
	}
	if address.IsValid() {
		l.addresses[address]++
	}
	return ""
}

// leave takes back what enter counted.
func (l *limits) leave(address netip.Prefix) {
	if !address.IsValid() {
		return
	}
	if l.addresses[address]--; l.addresses[address] == 0 {
		delete(l.addresses, address)
	}
}
