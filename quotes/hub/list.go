package hub

// list is a doubly linked list whose nodes are fields of what they list, so
// that moving something about allocates nothing. The zero list is empty.
type list[T any] struct {
	head, tail *node[T]
	len        int
}

// node is the place of item in at most one list.
type node[T any] struct {
	prev, next *node[T]
	item       T
	listed     bool
}

// pushBack appends a node that is in no list.
func (l *list[T]) pushBack(n *node[T]) {
	n.prev, n.listed = l.tail, true
	if l.tail == nil {
		l.head = n
	} else {
		l.tail.next = n
	}
	l.tail = n
	l.len++
}

// remove takes out a node that is in this list.
func (l *list[T]) remove(n *node[T]) {
	if n.prev == nil {
		l.head = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		l.tail = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.prev, n.next, n.listed = nil, nil, false
	l.len--
}
