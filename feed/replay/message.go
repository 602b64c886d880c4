package replay

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// errNoMessage is a line that is none of a recorded socket.
var errNoMessage = errors.New("the line is no recorded message; one is like 1723161600001692584 {…} or 1618677817.079694: {…}")

// message is one that came over a socket.
type message struct {
	received time.Time
	text     []byte // empty for what the client did
}

// messages is the parser of what d decodes.
func messages(d feed.Decoder) parser {
	return func(line []byte, add func(event)) error {
		m, err := parseMessage(line)
		if err != nil || len(m.text) == 0 {
			return err
		}
		return d.Decode(m.text, m.received, func(u feed.Update) { add(event{u, m.received}) })
	}
}

// parseMessage parts a line into the time and the message.
func parseMessage(line []byte) (message, error) {
	if len(line) == 0 { // recorders leave them where they begin again
		return message{}, nil
	}
	for _, client := range [...]string{"ws://", "wss://", "http://", "https://"} {
		if bytes.HasPrefix(line, []byte(client)) {
			return message{}, nil
		}
	}
	stamp, text, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(stamp) > 32 {
		return message{}, errNoMessage
	}
	received, err := parseStamp(string(stamp))
	if err != nil {
		return message{}, err
	}
	return message{received, text}, nil
}

// parseStamp reads nanoseconds since 1970, or seconds before a colon, of which
// what is beyond nanoseconds is cut off.
func parseStamp(stamp string) (time.Time, error) {
	text, seconds := strings.CutSuffix(stamp, ":")
	if seconds {
		whole, fraction, _ := strings.Cut(text, ".")
		text = whole + (fraction + "000000000")[:9]
	}
	ns, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return time.Time{}, errNoMessage
	}
	received := time.Unix(0, int64(ns)).UTC()
	if y := received.Year(); y < firstMessageYear || y > lastYear {
		return time.Time{}, fmt.Errorf("time %s is not of the years %d to %d; it is nanoseconds, or seconds with a colon", clip(stamp), firstMessageYear, lastYear)
	}
	return received, nil
}

// firstMessageYear is when nobody streamed quotes yet: what is earlier are
// seconds or milliseconds.
const firstMessageYear = 1990
