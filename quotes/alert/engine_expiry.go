package alert

import (
	"container/heap"
	"sync"
	"time"
)

// expiries are the rules that expire, soonest first. What is there of rules that
// were changed or removed is passed over when its time comes.
type expiries struct {
	mu   sync.Mutex
	list expiryHeap // guarded by mu
}

type expiry struct {
	at  time.Time
	key ruleKey
}

func (x *expiries) add(r *Rule) {
	if r.Expires.IsZero() {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	heap.Push(&x.list, expiry{r.Expires, ruleKey{r.Symbol, r.ID}})
}

// due takes out one that is due at now.
func (x *expiries) due(now time.Time) (key ruleKey, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.list) == 0 || now.Before(x.list[0].at) {
		return ruleKey{}, false
	}
	return heap.Pop(&x.list).(expiry).key, true
}

// expire retires the rules that have expired at now.
func (e *Engine) expire(now time.Time) {
	for key, ok := e.ends.due(now); ok; key, ok = e.ends.due(now) {
		b := e.book(key.symbol)
		b.mu.Lock()
		if w := b.watches[key.id]; w != nil && w.rule.expired(now) {
			b.retire(w)
		}
		b.mu.Unlock()
		e.queue.ring()
	}
}

// expiryHeap implements heap.Interface.
type expiryHeap []expiry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h expiryHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *expiryHeap) Push(x any) { *h = append(*h, x.(expiry)) }

// Pop implements heap.Interface.
func (h *expiryHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
