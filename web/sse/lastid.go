package sse

import "net/http"

// maxID is the first number that a client which keeps numbers as doubles, as
// JavaScript does, cannot be trusted to give back.
const maxID = 1 << 53

// LastEventID returns the number of the last event that the client has seen:
// the header Last-Event-ID, or where there is none the query parameter
// last_event_id. The header wins even when it is malformed, for it is what the
// client knows now and the parameter what the page knew when it was made.
//
// Anything but one decimal integer from 0 to 2^53-1 counts as not given and is
// never an error.
func LastEventID(r *http.Request) (id int64, ok bool) {
	values, given := r.Header["Last-Event-Id"]
	if !given {
		values = r.URL.Query()["last_event_id"]
	}
	if len(values) != 1 {
		return 0, false
	}
	return parseID(values[0])
}

func parseID(s string) (id int64, ok bool) {
	if s == "" || len(s) > len("9007199254740991") {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		id = id*10 + int64(s[i]-'0')
	}
	if id >= maxID {
		return 0, false
	}
	return id, true
}
