package alert

import "github.com/shopspring/decimal"

// direction is the side of a bound that a value has to come to.
type direction int

const (
	up direction = iota
	down
)

// bound is a line that a value reaches from one side.
type bound struct {
	to     direction
	level  decimal.Decimal
	beyond bool // to be at level is not enough
}

// reached compares exactly.
func (b bound) reached(s sample) bool {
	c := s.compare(b.level)
	if b.to == down {
		c = -c
	}
	return c > 0 || c == 0 && !b.beyond
}

// turned is the bound at which a rule that fired at b is armed again, back by h.
func (b bound) turned(h decimal.Decimal) bound {
	t := bound{to: down, level: b.level.Sub(h), beyond: h.IsZero() && !b.beyond}
	if b.to == down {
		t.to, t.level = up, b.level.Add(h)
	}
	return t
}

// met is the bound of a rule that is met for as long as a value lies beyond it;
// false for rules that wait for a crossing or an event.
func (r *Rule) met() (bound, bool) {
	l := r.Level.Decimal
	switch r.Condition {
	case Above, VolumeAbove, SpreadAbove:
		return bound{up, l, true}, true
	case Below:
		return bound{down, l, true}, true
	case PercentDay, PercentWindow:
		if l.Sign() < 0 {
			return bound{down, l, false}, true
		}
		return bound{up, l, false}, true
	}
	return bound{}, false
}

// crosses says whether the rule waits for its line to be crossed, and from where.
func (r *Rule) crosses() (fromUnder, fromOver bool) {
	return r.Condition == CrossesUp || r.Condition == Crosses, r.Condition == CrossesDown || r.Condition == Crosses
}

// isEvent says that the rule waits for something that has no level.
func (r *Rule) isEvent() bool { return traits[r.Condition].level == nothing }

// step is a bound that the rule waits for, and what happens there: it fires, or
// it takes a phase.
type step struct {
	bound
	fires bool
	into  Phase
}

// steps are what the rule waits for in its phase, with the hysteresis h; none
// when it rests.
func (r *Rule) steps(h decimal.Decimal) (list [2]step, n int) {
	add := func(s step) { list[n] = s; n++ }
	s := r.State
	if s.Phase == Spent && r.Repeat != Always {
		return list, 0
	}
	if b, ok := r.met(); ok {
		if s.Phase == Spent {
			add(step{bound: b.turned(h), into: Fresh})
		} else {
			add(step{bound: b, fires: true})
		}
		return list, n
	}
	if r.isEvent() {
		if s.Phase == Spent && s.High.Valid && r.Condition == DayHigh {
			add(step{bound: bound{to: up, level: s.High.Decimal}.turned(h), into: Fresh})
		}
		if s.Phase == Spent && s.Low.Valid && r.Condition == DayLow {
			add(step{bound: bound{to: down, level: s.Low.Decimal}.turned(h), into: Fresh})
		}
		return list, n
	}
	if s.Phase != Spent {
		h = decimal.Decimal{}
	}
	rise, fall := bound{to: up, level: r.Level.Decimal}, bound{to: down, level: r.Level.Decimal}
	fromUnder, fromOver := r.crosses()
	switch {
	case !fromUnder:
	case s.Phase == Under:
		add(step{bound: rise, fires: true})
	case s.Phase != Over:
		add(step{bound: rise.turned(h), into: Under})
	}
	switch {
	case !fromOver:
	case s.Phase == Over:
		add(step{bound: fall, fires: true})
	case s.Phase != Under:
		add(step{bound: fall.turned(h), into: Over})
	}
	return list, n
}

// hysteresis is the rule's own or the default for its symbol's tick size, zero
// where that is not known.
func (r *Rule) hysteresis(tick decimal.Decimal) decimal.Decimal {
	if r.Hysteresis.Valid {
		return r.Hysteresis.Decimal
	}
	level := r.Level.Decimal.Abs()
	switch traits[r.Condition].level {
	case volume:
		return decimal.Decimal{}
	case percent:
		return decimal.Min(decimal.New(25, -2), level.Shift(-1))
	}
	if tick.Sign() > 0 {
		h := tick.Mul(decimal.New(5, 0))
		if level.IsZero() || h.LessThan(level) {
			return h
		}
	}
	return level.Mul(decimal.New(5, -4))
}
