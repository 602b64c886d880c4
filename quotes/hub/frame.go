package hub

import (
	"bytes"
	"slices"
	"sync"
)

// Frame is one published value. It never changes and is shared by all who took
// it; any number may call its methods at once.
type Frame[K comparable, V any] struct {
	key     K
	value   V
	version int64
	encoder *encoder[V]
	once    sync.Once
	encoded []byte
}

// Key returns the key that the value was published under.
func (f *Frame[K, V]) Key() K { return f.key }

// Value returns the value; what it points to is shared and must not be changed.
func (f *Frame[K, V]) Value() V { return f.value }

// Version returns the version that the value was published with.
func (f *Frame[K, V]) Version() int64 { return f.version }

// Encoded returns the wire form of the value. The first caller makes it, the
// others wait for that and get the same bytes, which must not be changed.
func (f *Frame[K, V]) Encoded() []byte {
	f.once.Do(func() { f.encoded = f.encoder.bytes(f.value) })
	return f.encoded
}

// encoder makes wire forms that are exactly as long as they must be.
type encoder[V any] struct {
	encode  func(dst []byte, value V) []byte
	scratch sync.Pool // of *[]byte
}

func (e *encoder[V]) bytes(value V) []byte {
	buf, ok := e.scratch.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	*buf = e.encode((*buf)[:0], value)
	// Without spare room, so that a reader that appends cannot write into what
	// the others read.
	out := slices.Clip(bytes.Clone(*buf))
	e.scratch.Put(buf)
	return out
}
