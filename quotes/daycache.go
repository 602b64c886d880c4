package quotes

import "sync/atomic"

const (
	secondsADay  = 24 * 60 * 60
	daysABlock   = 256
	cachedBlocks = 192 // from 1970 to 2104
)

// dayCache keeps the spans of a calendar that were asked for, so that a quote
// costs a look into a table and not a search. Days are numbered from 1970 in
// UTC; a block of them is computed when the first of its days is asked for, by
// all who ask for it at the same moment, with the same result.
type dayCache struct {
	blocks [cachedBlocks]atomic.Pointer[dayBlock]
}

// dayBlock are the spans that hold the midnights of daysABlock days. Days that
// one span holds share it.
type dayBlock [daysABlock]*span

// at returns the span of c that holds the midnight of day n. What lies outside
// the table is computed each time.
func (k *dayCache) at(c *Calendar, n int64) *span {
	if n < 0 || n >= cachedBlocks*daysABlock {
		return c.find(n)
	}
	slot := &k.blocks[n/daysABlock]
	block := slot.Load()
	if block == nil {
		block = newBlock(c, n/daysABlock*daysABlock)
		slot.Store(block)
	}
	return block[n%daysABlock]
}

func newBlock(c *Calendar, first int64) *dayBlock {
	var block dayBlock
	var s *span
	for i := range block {
		if n := first + int64(i); s == nil || n*secondsADay >= s.until {
			s = c.find(n)
		}
		block[i] = s
	}
	return &block
}

// floorDiv divides and rounds down, below zero too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
