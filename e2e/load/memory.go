//go:build linux

package main

import (
	"cmp"
	"time"
)

// restTime is what a server gets to let go of what it needed to open streams.
const restTime = 5 * time.Second

// memory measures streams on which next to nothing happens: over HTTP/1.1, and
// over TLS where the program has it.
func (l *lab) memory(o options, c contender, say *findings) error {
	w := idle().scaled(o.scale)
	w.Rate = 0.2
	t, err := l.start(o, c, w, "")
	if err != nil {
		return err
	}
	t.fleet.poll(time.Now().Add(restTime))
	r, err := l.read(t)
	objects, slabErr := slab()
	err = cmp.Or(err, slabErr)
	say.end(t)
	if err != nil {
		return err
	}
	say.fact("the empty server", "MB", float64(t.empty)/(1<<20), 0)
	say.fact("an idle stream, HTTP/1.1", "KB", float64(r.resident-t.empty)/1024/float64(w.Streams), 4)
	say.fact("in the kernel, both ends: socket buffers", "KB", float64(r.sock-t.socket)/1024/float64(w.Streams), 0)
	say.fact("in the kernel, both ends: sockets, files and other objects", "KB", float64(objects-t.slab)/1024/float64(w.Streams), 0)
	if !hasFlag(o.binary, "--tls-cert") {
		say.note("TLS and HTTP/2 are left out: the program has no --tls-cert")
		return nil
	}
	return l.secureMemory(o, say)
}
