package deliver

import (
	"github.com/tickboard/tickboard/quotes/alert"
)

// Message is what one try brings to a channel.
type Message struct {
	// Key is the same for every try of the same row, and for no other row: a
	// receiver that has seen it may drop the second.
	Key string
	// Body is the notification as the wire contract has it, with Link for its
	// link: one JSON object on one line. It is the same for every try.
	Body []byte
	// Notification is what Body says.
	Notification alert.Notification
	// Title names the thing in a few words, as a symbol; Text says it. Both are
	// plain text; Text may have several lines.
	Title, Text string
	// Link is where a person reads more, an absolute URL, or "".
	Link string
	// Test says that the owner of the channel asked for it.
	Test bool
}
