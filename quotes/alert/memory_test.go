package alert_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

// memory is a Store without a disk, for tests in a bubble of time: the real one
// has goroutines that a bubble would wait for.
type memory struct {
	mu     sync.Mutex
	rows   []alert.Notification
	newest int64
	pruned int64
	gone   map[int64]int64 // by profile: the highest number that was removed
	fail   error           // what every call answers, if set
	gate   chan struct{}   // what every read waits for, if set
	reads  int
}

func (m *memory) Append(_ context.Context, n alert.Notification) (alert.Notification, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return n, m.fail
	}
	m.newest++
	n.ID = m.newest
	m.rows = append(m.rows, n)
	return n, nil
}

func (m *memory) After(_ context.Context, id int64, limit int) ([]alert.Notification, error) {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		<-gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	var list []alert.Notification
	for _, n := range m.rows {
		if n.ID > id && len(list) < limit {
			list = append(list, n)
		}
	}
	return list, m.fail
}

func (m *memory) AfterFor(ctx context.Context, profile, id int64, limit int) ([]alert.Notification, error) {
	all, err := m.After(ctx, id, math.MaxInt)
	all = slices.DeleteFunc(all, func(n alert.Notification) bool { return n.Profile != 0 && n.Profile != profile })
	return all[:min(len(all), limit)], err
}

func (m *memory) BeforeFor(_ context.Context, profile, id int64, limit int) ([]alert.Notification, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id == 0 {
		id = math.MaxInt64
	}
	var list []alert.Notification
	for _, n := range slices.Backward(m.rows) {
		if n.ID < id && len(list) < limit && (n.Profile == 0 || n.Profile == profile) {
			list = append(list, n)
		}
	}
	return list, m.fail
}

func (m *memory) Bounds(context.Context) (newest, pruned int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.newest, m.pruned, m.fail
}

func (m *memory) PrunedFor(_ context.Context, profile int64) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(m.gone[0], m.gone[profile]), m.fail
}

func (m *memory) Prune(_ context.Context, keep int, before time.Time) (pruned int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.fail == nil && len(m.rows) > 1 && (keep >= 0 && len(m.rows) > keep || m.rows[0].Time.Before(before)) {
		if m.gone == nil {
			m.gone = make(map[int64]int64)
		}
		m.gone[m.rows[0].Profile] = m.rows[0].ID
		m.pruned, m.rows = m.rows[0].ID, m.rows[1:]
	}
	return m.pruned, m.fail
}

// set changes the store while others use it.
func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *memory) readCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}
