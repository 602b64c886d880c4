// Package sse is the life of Server-Sent Events streams: framing, headers,
// pace, heartbeats, deadlines and the end of each with its reason. What a stream
// carries comes from a Content and is none of its business. It promises that a
// client that takes nothing is noticed, costs one turn's bytes, and holds up
// nobody else; it refuses to queue: a slow client's Content is asked less often.
//
//   - event.go      Event, AppendEvent, RandomRetry: framing
//   - lastid.go     LastEventID: where a client wants to go on
//   - reader.go     Reader: the other side, for tests and tools
//   - stream.go     Stream, Content, Bells: what a handler and a stream say to each other
//   - server.go     Server: admits streams and counts them
//   - limits.go     how many streams there may be: in all, per address, per second
//   - drain.go      the end of all of them, and when each client comes back
//   - carrier.go    what moves a stream's bytes, and how another one is added
//   - goroutine.go  the carrier that keeps the handler's goroutine for the stream
//   - looped.go     the carrier that takes the connection over and leaves it to a loop
//   - relayed.go    the carrier over HTTP/2: a loop's, with a handler's goroutine that writes
//   - relay.go      relay: what the two hand each other
//   - outermost.go  Outermost: a handler that returns before its stream's goroutine waits
//   - loops.go      the loops that run
//   - loop.go       loop: many streams, one goroutine
//   - turn.go       a stream's turn in a loop: its time, its frames, what did not fit
//   - attend.go     a stream between its turns: begin, socket, heartbeat, the client's patience
//   - goodbye.go    the end of a stream in a loop
//   - wheel.go      wheel: who is due when
//   - socket.go     what a loop wants of the system (socket_linux.go, socket_tls_linux.go, socket_other.go)
//   - batch.go      the frames of one turn, joined into pieces
//   - heartbeat.go  the one heartbeat frame that all streams share
//   - conn.go       ConnContext, Listen: what a stream needs to know of its connection
//   - stats.go      figures
//
// The format is that of the HTML standard, section 9.2 (Server-sent events).
package sse
