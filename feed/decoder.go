package feed

import "time"

// Decoder makes updates of the messages of one connection to a vendor. It may
// remember what earlier messages said, and is for one goroutine.
type Decoder interface {
	// Decode emits what the message says, in its order: nothing for one that
	// speaks of no price, and for one of a kind that the vendor did not have
	// when the decoder was written. received is when it came, which is the time
	// of what the vendor gives no time for. Updates keep nothing of msg. The
	// error says what is malformed; what was emitted before it holds, and the
	// next message may be sound.
	Decode(msg []byte, received time.Time, emit func(Update)) error
}
