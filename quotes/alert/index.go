package alert

import "container/heap"

// index holds the steps that the rules of one series wait for, those that a
// rising value reaches first and those that a falling one does, so that a value
// that reaches none is told by two comparisons, and each step that it reaches
// costs the logarithm of their number.
type index struct{ sides [2]side }

// put adds what w waits for. It is not in the index yet.
func (x *index) put(w *watch) {
	list, n := w.rule.steps(w.back)
	for _, s := range list[:n] {
		w.waits[s.to] = s
		heap.Push(&x.sides[s.to], w)
	}
}

// drop takes w out, wherever it is in.
func (x *index) drop(w *watch) {
	for to := range x.sides {
		if at := w.at[to]; at > 0 {
			heap.Remove(&x.sides[to], at-1)
		}
	}
}

// reached takes out a rule that waits for what s has reached; nil when there is
// none.
func (x *index) reached(s sample) *watch {
	for to := range x.sides {
		if list := x.sides[to].list; len(list) > 0 && list[0].waits[to].reached(s) {
			w := list[0]
			x.drop(w)
			return w
		}
	}
	return nil
}

// side is a heap of rules by the bound that they wait for in its direction:
// that which a value reaches first is at its top. It implements heap.Interface
// and keeps in watch.at the places, counted from 1.
type side struct {
	to   direction
	list []*watch
}

func newIndex() *index { return &index{[2]side{{to: up}, {to: down}}} }

func (s *side) Len() int { return len(s.list) }

func (s *side) Less(i, j int) bool {
	a, b := &s.list[i].waits[s.to], &s.list[j].waits[s.to]
	c := a.level.Cmp(b.level)
	if s.to == down {
		c = -c
	}
	return c < 0 || c == 0 && !a.beyond && b.beyond
}

func (s *side) Swap(i, j int) {
	s.list[i], s.list[j] = s.list[j], s.list[i]
	s.list[i].at[s.to], s.list[j].at[s.to] = i+1, j+1
}

// Push implements heap.Interface.
func (s *side) Push(x any) {
	w := x.(*watch)
	s.list = append(s.list, w)
	w.at[s.to] = len(s.list)
}

// Pop implements heap.Interface.
func (s *side) Pop() any {
	last := len(s.list) - 1
	w := s.list[last]
	s.list[last] = nil
	s.list = s.list[:last]
	w.at[s.to] = 0
	return w
}
