package alert_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

// ruleMemory is a RuleStore without a disk.
type ruleMemory struct {
	mu    sync.Mutex
	rules map[alert.RuleID]alert.Rule
	gone  map[alert.RuleID]alert.Rule
	past  []alert.Firing
	last  alert.RuleID
	log   []alert.RuleChange // number 1 first
	fail  error              // what Fire answers, if set
	after error              // what Fire answers once it has stored the batch, if set
	fires int
}

func newRuleMemory() *ruleMemory {
	return &ruleMemory{rules: make(map[alert.RuleID]alert.Rule), gone: make(map[alert.RuleID]alert.Rule)}
}

// clone is the store as it is on the disk now.
func (m *ruleMemory) clone() *ruleMemory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &ruleMemory{rules: maps.Clone(m.rules), gone: maps.Clone(m.gone), past: slices.Clone(m.past), last: m.last, log: slices.Clone(m.log)}
}

func (m *ruleMemory) list(keep func(alert.Rule) bool, limit int) []alert.Rule {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []alert.Rule
	for _, r := range m.rules {
		if keep(r) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b alert.Rule) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(limit, len(list))]
}

func (m *ruleMemory) Rules(_ context.Context, after alert.RuleID, limit int) ([]alert.Rule, error) {
	return m.list(func(r alert.Rule) bool { return r.ID > after }, limit), nil
}

func (m *ruleMemory) RulesOf(_ context.Context, profile int64) ([]alert.Rule, error) {
	return m.list(func(r alert.Rule) bool { return r.Profile == profile }, 1000), nil
}

func (m *ruleMemory) Rule(_ context.Context, id alert.RuleID) (alert.Rule, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.rules[id]
	if !ok {
		return r, alert.ErrNoRule
	}
	return r, nil
}

func (m *ruleMemory) AddRule(_ context.Context, r alert.Rule, most int) (alert.Rule, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if most > 0 && len(m.rules) >= most {
		return r, alert.ErrRules
	}
	m.last++
	r.ID, r.Version, r.Since = m.last, 1, 1
	m.rules[r.ID] = r
	m.log = append(m.log, alert.RuleChange{Rule: r})
	return r, nil
}

func (m *ruleMemory) UpdateRule(_ context.Context, r alert.Rule, anew bool) (alert.Rule, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.rules[r.ID]
	switch {
	case !ok || old.Profile != r.Profile:
		return r, alert.ErrNoRule
	case old.Version != r.Version:
		return r, alert.ErrRuleChanged
	}
	r.Version++
	if r.Since = r.Version; !anew {
		text := r
		r = old
		r.Version, r.Cooldown, r.Note, r.Expires, r.Deliver = text.Version, text.Cooldown, text.Note, text.Expires, text.Deliver
	}
	r.Symbol, r.Created, r.State.Count = old.Symbol, old.Created, old.State.Count
	m.rules[r.ID] = r
	m.log = append(m.log, alert.RuleChange{Rule: r})
	return r, nil
}

func (m *ruleMemory) RuleChanges(_ context.Context, after int64, limit int) ([]alert.RuleChange, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	newest := int64(len(m.log))
	if limit == 0 {
		return nil, newest, m.fail
	}
	newest = min(newest, after+int64(limit))
	return slices.Clone(m.log[after:newest]), newest, m.fail
}

func (m *ruleMemory) DeleteRule(_ context.Context, profile int64, id alert.RuleID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.rules[id]
	if !ok || r.Profile != profile {
		return alert.ErrNoRule
	}
	m.log = append(m.log, alert.RuleChange{Rule: r, Gone: true})
	m.gone[id] = r
	delete(m.rules, id)
	return nil
}

func (m *ruleMemory) RestoreRule(_ context.Context, profile int64, id alert.RuleID, _ time.Time, _ int) (alert.Rule, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.gone[id]
	if !ok || r.Profile != profile {
		return r, alert.ErrNoRule
	}
	r.Version++
	m.rules[id] = r
	delete(m.gone, id)
	m.log = append(m.log, alert.RuleChange{Rule: r})
	return r, nil
}

func (m *ruleMemory) Fire(_ context.Context, batch []alert.Firing) ([]alert.Fired, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fires++
	if m.fail != nil {
		return nil, m.fail
	}
	var fired []alert.Fired
	for _, f := range batch {
		fired = append(fired, alert.Fired{Rule: f.Rule.ID, Outcome: m.fire(f)})
	}
	return fired, m.after
}

func (m *ruleMemory) fire(f alert.Firing) alert.Outcome {
	r, ok := m.rules[f.Rule.ID]
	before := f.Rule.State.Count
	if f.Quote != nil {
		before--
	}
	switch {
	case !ok || f.Rule.Version < r.Since:
		return alert.LeftOut
	case f.Quote != nil && r.State.Count >= f.Rule.State.Count:
		return alert.StoredThen
	case r.State.Count != before:
		return alert.LeftOut
	}
	r.State = f.Rule.State
	m.rules[r.ID] = r
	if f.Quote != nil {
		m.past = append(m.past, f)
	}
	return alert.Stored
}

func (m *ruleMemory) History(context.Context, alert.PastQuery) ([]alert.Past, error) {
	return nil, nil
}

// fired are the firings so far.
func (m *ruleMemory) fired() []alert.Firing {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.past)
}

func (m *ruleMemory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}
