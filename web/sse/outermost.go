package sse

import "net/http"

// Outermost returns a handler that calls next, and keeps the stream that it has
// opened, if the stream needs the goroutine, only when next and all that it called
// have returned. So nothing that they have made and called is held for as long as
// the stream is open. It is to be the first of a server's handlers: what wraps it
// is held. Without it a stream over HTTP/2 works too, and costs twice the memory.
func Outermost(next http.Handler) http.Handler { return outermost{next} }

type outermost struct{ next http.Handler }

func (o outermost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if relay := o.open(w, r); relay != nil {
		ctx := r.Context()
		*r = http.Request{} // which net/http holds, for nothing
		relay.serve(ctx)
	}
}

func (o outermost) open(w http.ResponseWriter, r *http.Request) *relay {
	if r.ProtoMajor != 2 {
		o.next.ServeHTTP(w, r)
		return nil
	}
	b := &base{ResponseWriter: w}
	o.next.ServeHTTP(b, r)
	return b.relay
}

// base is the writer below all others, where a stream leaves what is to be done
// for it.
type base struct {
	http.ResponseWriter
	relay *relay // nil for none
}

// Unwrap lets http.ResponseController reach the server's own.
func (b *base) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// baseOf finds the base below w, nil where there is none.
func baseOf(w http.ResponseWriter) *base {
	for {
		switch wrapper := w.(type) {
		case *base:
			return wrapper
		case interface{ Unwrap() http.ResponseWriter }:
			w = wrapper.Unwrap()
		default:
			return nil
		}
	}
}
