package hub

// Bell tells whoever waits on it that there is something to take. It is rung at
// most once until it is answered, which is a receive from it; so answer first,
// then Take. A ring may find nothing to take. One bell may serve many readers,
// of several hubs too.
type Bell chan struct{}

// NewBell returns a bell that has not been rung.
func NewBell() Bell { return make(Bell, 1) }

// Ring rings the bell unless it is rung already. It never blocks; any number
// may call it at once.
func (b Bell) Ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// fewBells is how many bells a publisher rings itself: waking a goroutine costs
// it about 200 ns, so these are some 2 µs.
const fewBells = 8

// bells are the different bells of one slot, each with the number of its
// readers. Adding and removing one costs the same however many there are.
type bells struct {
	rungs []rung
	at    map[Bell]int // where in rungs
	wake  node[*bells] // in the waker's queue
}

// rung is a bell and how many readers of the slot it stands for.
type rung struct {
	bell    Bell
	readers int
}

func (bs *bells) empty() bool { return len(bs.rungs) == 0 }

func (bs *bells) add(b Bell) {
	if i, ok := bs.at[b]; ok {
		bs.rungs[i].readers++
		return
	}
	if bs.at == nil {
		bs.at = make(map[Bell]int)
	}
	bs.at[b] = len(bs.rungs)
	bs.rungs = append(bs.rungs, rung{b, 1})
}

// remove takes one reader from a bell and the bell with its last reader. The
// hole is filled from the end, which the waker relies on.
func (bs *bells) remove(b Bell) {
	i := bs.at[b]
	if bs.rungs[i].readers--; bs.rungs[i].readers > 0 {
		return
	}
	last := len(bs.rungs) - 1
	bs.rungs[i] = bs.rungs[last]
	bs.at[bs.rungs[i].bell] = i
	bs.rungs[last] = rung{}
	bs.rungs = bs.rungs[:last]
	delete(bs.at, b)
	if last == 0 {
		bs.rungs, bs.at = nil, nil
	}
}

// few copies the bells to dst and returns how many they are. If they do not fit
// it copies none and reports that they are many.
func (bs *bells) few(dst []Bell) (n int, many bool) {
	if len(bs.rungs) > len(dst) {
		return 0, true
	}
	for i := range bs.rungs {
		dst[i] = bs.rungs[i].bell
	}
	return len(bs.rungs), false
}
