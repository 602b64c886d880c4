package sse

import "net/http"

// sockets are the system's part of the loops: connections that are taken over
// from net/http, and the notice of what happens on them. It is an interface so
// that the loops can be tested without a network and with a clock of their own.
type sockets interface {
	// able tells whether the connection behind w can be taken over. It does
	// nothing else.
	able(w http.ResponseWriter, r *http.Request) bool

	// take takes the connection over. What the client has sent beside its request
	// is dropped.
	take(w http.ResponseWriter) (socket, error)

	// newPoller returns what watches the sockets of one loop.
	newPoller() (poller, error)
}

// socket is one connection. Its methods never block, and one goroutine calls
// them.
type socket interface {
	// fetch is a hint that a send is next.
	fetch()

	// send sends as much of p as there is room for; less than all of it is no
	// error. With more, more is sent at once afterwards.
	send(p []byte, more bool) (n int, err error)

	// held says that some of what send took still waits for room, as part of a
	// sealed record may. The next send begins with it.
	held() bool

	// drain reads some of what the client sent and drops it. It says whether
	// there may be more now, and returns io.EOF when the client is gone.
	drain() (more bool, err error)

	// unacked is how many of the bytes sent the client's side has not taken.
	unacked() int

	// shut says that nothing more will be sent.
	shut()

	close()
}

// poller tells when sockets can be written or read again.
type poller interface {
	// watch lets run tell of a socket: when it can be written after a send that
	// was cut short, and when something came from the client.
	watch(s socket, c *looped) error

	// forget ends that.
	forget(s socket)

	// run calls poke for streams whose sockets are to be looked at, until close.
	run(poke func(*looped))

	close()
}
