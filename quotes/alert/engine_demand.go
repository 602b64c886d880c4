package alert

import "sync"

// needs are the symbols whose first rule has come or whose last has gone, since
// Demand was told.
type needs struct {
	mu   sync.Mutex
	list []*book // guarded by mu
}

// turn notes that a book may have come to have rules, or none. The caller has
// the book's lock.
func (n *needs) turn(b *book) {
	if b.turned {
		return
	}
	b.turned = true
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, b)
}

func (n *needs) take() []*book {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.list
	n.list = nil
	return list
}

// demanded are the books whose symbols Demand was told of.
type demanded map[*book]struct{}

// follow tells Demand of books that have turned.
func (told *demanded) follow(d Demand, turned []*book) {
	for _, b := range turned {
		b.mu.Lock()
		b.turned = false
		wants := len(b.watches) > 0
		b.mu.Unlock()
		_, was := (*told)[b]
		switch {
		case d == nil || wants == was:
		case wants:
			if *told == nil {
				*told = make(demanded)
			}
			(*told)[b] = struct{}{}
			d.Add(b.symbol)
		default:
			delete(*told, b)
			d.Remove(b.symbol)
		}
	}
}

// release takes back what Demand was told.
func (told *demanded) release(d Demand) {
	for b := range *told {
		d.Remove(b.symbol)
	}
}
