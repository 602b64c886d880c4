package alert

import (
	"context"
	"fmt"
)

// changesAtOnce is how many changes of rules one look reads at most.
const changesAtOnce = 500

// follow takes over what has become of rules since the last look, whoever has
// changed them: other processes, or parts of this one that know no engine.
func (e *Engine) follow(ctx context.Context) error {
	// No firing is stored between the reading of a rule and its watch, which would
	// begin once more for one that has fired.
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.turn }()
	for {
		list, newest, err := e.store.RuleChanges(ctx, e.seen, changesAtOnce)
		if err != nil {
			return fmt.Errorf("read which alerts have changed: %w", err)
		}
		for i := range list {
			if c := &list[i]; c.Gone {
				e.remove(c.Rule.Symbol, c.Rule.ID)
			} else {
				e.set(c.Rule, false)
			}
		}
		if e.seen = newest; len(list) < changesAtOnce {
			return nil
		}
	}
}
