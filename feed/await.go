package feed

import (
	"context"
	"time"
)

const (
	// settleTime is how long the start waits for the sources to say what they have.
	settleTime = 3 * time.Second
	// quotesTime is how long it then waits for a quote of every symbol.
	quotesTime = 500 * time.Millisecond
)

// Await lets the first visit find quotes instead of an empty page, without waiting
// long for a slow source: first for the lists, then for quotes, and for neither
// when ctx ends. Run is to be under way.
func (m *Market) Await(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	select {
	case <-ctx.Done():
		return
	case <-m.directory.Settled():
	}
	enough := time.After(quotesTime)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !m.Complete() {
		select {
		case <-ctx.Done():
			return
		case <-enough:
			return
		case <-look.C:
		}
	}
}
