//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"time"
)

// lab is where servers are measured: on which cores, how long, how often.
type lab struct {
	pinned                 bool
	serverCore, clientCore int
	window                 time.Duration // of one measurement
	progress               func(format string, args ...any)
	running                *running
	onHello                func(st *stream, data []byte) // of the fleets to come
}

// sample is one measurement of one server.
type sample struct {
	Server   string   `json:"server"`
	CPU      float64  `json:"cpu_us_per_event"` // user and system
	Share    float64  `json:"core_share"`       // of its core that the server had
	Others   float64  `json:"others_share"`     // of its core that others had: noise
	Events   float64  `json:"events_per_second"`
	Offered  float64  `json:"offered_per_second"` // changes of what the streams watch
	PerRead  float64  `json:"events_per_read"`
	Bytes    float64  `json:"bytes_per_event"`
	Resident float64  `json:"resident_kb_per_stream"` // over the empty server
	Kernel   float64  `json:"kernel_kb_per_stream"`   // of socket buffers, both ends
	P50      float64  `json:"p50_ms"`
	P99      float64  `json:"p99_ms"`
	P999     float64  `json:"p999_ms"`
	Worst    float64  `json:"worst_ms"`
	Growth   float64  `json:"resident_growth"` // during the measurement, as a ratio
	Faults   []string `json:"faults,omitempty"`
}

const (
	// patience bounds the opening of all streams.
	patience = 60 * time.Second
	// startRest is what a server gets to be done with its start.
	startRest = 500 * time.Millisecond
	// catchUp is how long a stream may take to have what others have. It is far
	// above what any takes, so that a busy machine is no loss.
	catchUp = 30 * time.Second
)

// trial is a server with its clients.
type trial struct {
	server *server
	fleet  *fleet
	empty  int64 // resident memory without streams
	socket int64 // kernel memory without streams: buffers
	slab   int64 // and objects
}

// begin starts a server and opens the streams.
func (l *lab) begin(c contender, w workload, cmd func(dir string) *exec.Cmd) (*trial, error) {
	s, err := l.launch(cmd)
	if err != nil {
		return nil, err
	}
	t := &trial{server: s}
	if t.fleet, err = newFleet(s.host, s.port, w.Symbols); err != nil {
		return nil, fmt.Errorf("%w, %w", err, s.stop())
	}
	t.fleet.wantHello, t.fleet.ids, t.fleet.pushes, t.fleet.onHello = c.hello, c.hello, c.pushes, l.onHello
	t.fleet.poll(time.Now().Add(startRest))
	if t.empty, err = memory(s.pid(), "VmRSS"); err == nil {
		t.socket, err = socketMemory()
	}
	if err == nil {
		t.slab, err = slab()
	}
	t.fleet.streams = w.streams()
	if err == nil {
		err = t.fleet.connect(t.fleet.streams, 0, patience)
	}
	if err != nil {
		t.fleet.close()
		return nil, fmt.Errorf("%w, %w", err, s.stop())
	}
	return t, nil
}

// end ends both, and adds what was wrong.
func (t *trial) end(into *sample) {
	into.Faults = append(into.Faults, t.fleet.faults.list()...)
	t.fleet.close()
	if err := t.server.stop(); err != nil {
		into.Faults = append(into.Faults, err.Error())
	}
}

// steady measures a server under a workload that goes on.
func (l *lab) steady(c contender, w workload) (sample, error) {
	t, err := l.begin(c, w, func(dir string) *exec.Cmd { return c.command(w, dir) })
	if err != nil {
		return sample{}, fmt.Errorf("%s, %s: %w", c.name, w.Name, err)
	}
	t.fleet.poll(time.Now().Add(w.settle()))
	result, err := l.observe(t, w)
	result.Server = c.name
	t.fleet.lost(catchUp)
	t.end(&result)
	return result, err
}

// reading is the state of a server's accounts.
type reading struct {
	at             time.Time
	cpu, busy      time.Duration
	resident, sock int64
}

func (l *lab) read(t *trial) (r reading, err error) {
	r.at = time.Now()
	if r.cpu, err = cpuTime(t.server.pid()); err != nil {
		return r, err
	}
	if r.busy, err = busyTime(l.serverCore); err != nil {
		return r, err
	}
	if r.resident, err = memory(t.server.pid(), "VmRSS"); err != nil {
		return r, err
	}
	r.sock, err = socketMemory()
	return r, err
}

// observe measures one window.
func (l *lab) observe(t *trial, w workload) (sample, error) {
	before, err := l.read(t)
	if err != nil {
		return sample{}, err
	}
	t.fleet.reset()
	t.fleet.poll(time.Now().Add(l.window))
	after, err := l.read(t)
	if err != nil {
		return sample{}, err
	}
	n := t.fleet.counts
	seconds := after.at.Sub(before.at).Seconds()
	cpu := (after.cpu - before.cpu).Seconds()
	streams := float64(w.Streams + w.Stalled)
	ms := func(q float64) float64 { return t.fleet.latency.at(q).Seconds() * 1e3 }
	return sample{
		CPU: ratio(cpu*1e6, float64(n.quotes)), Share: cpu / seconds,
		Others: max(0, (after.busy-before.busy).Seconds()-cpu) / seconds,
		Events: float64(n.quotes) / seconds, Offered: w.perSecond(),
		PerRead: ratio(float64(n.frames), float64(n.reads)), Bytes: ratio(float64(n.bytes), float64(n.frames)),
		Resident: float64(after.resident-t.empty) / 1024 / streams,
		Kernel:   float64(after.sock-t.socket) / 1024 / streams,
		P50:      ms(0.5), P99: ms(0.99), P999: ms(0.999), Worst: t.fleet.latency.worst.Seconds() * 1e3,
		Growth: ratio(float64(after.resident), float64(before.resident)),
	}, nil
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
