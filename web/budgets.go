package web

import (
	"sync"

	"golang.org/x/time/rate"
)

// mostBudgets bounds how many a table remembers; who comes beyond shares one.
const mostBudgets = 100_000

// budgets limit how often each of many may do something. The zero value, with a
// pace and a burst, is ready; any number may use it at once.
type budgets[K comparable] struct {
	pace  rate.Limit
	burst int

	mu    sync.Mutex
	each  map[K]*rate.Limiter // guarded by mu
	sweep int                 // guarded by mu: the number at which those at rest are forgotten
}

// take says whether one more is within k's limit, and counts it then.
func (b *budgets[K]) take(k K) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.each == nil {
		b.each, b.sweep = make(map[K]*rate.Limiter), 1000
	}
	limiter := b.each[k]
	if limiter == nil {
		if len(b.each) >= b.sweep {
			b.forget()
		}
		if len(b.each) >= mostBudgets {
			var all K
			k = all
		}
		if limiter = b.each[k]; limiter == nil {
			limiter = rate.NewLimiter(b.pace, b.burst)
			b.each[k] = limiter
		}
	}
	return limiter.Allow()
}

// forget drops those whose limit is whole again: it is as if they had never come.
func (b *budgets[K]) forget() {
	for k, limiter := range b.each {
		if limiter.Tokens() >= float64(b.burst) {
			delete(b.each, k)
		}
	}
	b.sweep = min(max(1000, 2*len(b.each)), mostBudgets)
}
