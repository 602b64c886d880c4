package sse

// maxPiece is how much of a turn goes out under one deadline, unless a single
// frame is larger, which goes out in parts of that size.
const maxPiece = 16 << 10

// batch holds the frames of one turn and the buffer they are joined in. Batches
// are pooled: a stream that waits has none.
type batch struct {
	frames [][]byte
	buf    []byte
}

// piece returns the next frames from the from-th on as one piece of at most
// maxPiece bytes, and how many they are: at least one, whatever its size. The
// piece is valid until the next call.
func (b *batch) piece(from int) (piece []byte, count int) {
	rest := b.frames[from:]
	size := len(rest[0])
	for count = 1; count < len(rest) && size+len(rest[count]) <= maxPiece; count++ {
		size += len(rest[count])
	}
	if count == 1 {
		return rest[0], 1 // no need of a copy
	}
	b.buf = b.buf[:0]
	for _, frame := range rest[:count] {
		b.buf = append(b.buf, frame...)
	}
	return b.buf, count
}

func (s *Server) batch() *batch { return s.batches.Get().(*batch) }

// release lets go of the frames, which belong to others.
func (s *Server) release(b *batch) {
	clear(b.frames)
	b.frames = b.frames[:0]
	s.batches.Put(b)
}
