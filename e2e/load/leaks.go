//go:build linux

package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"time"
)

const (
	leakRounds = 3
	// leakLimit is how long a server may take to notice that clients have gone.
	leakLimit = 30 * time.Second
	// spareDescriptors and spareGoroutines may be more than before all came: a
	// connection that is just being closed, a timer, a pool.
	spareDescriptors = 3
	spareGoroutines  = 10
)

// leaks opens streams, some of which never read, and drops all of them, several
// times: each must get what changes, and nothing of them may stay.
func (l *lab) leaks(o options, c contender, say *findings) error {
	w := board().scaled(o.scale)
	w.Stalled = max(1, w.Streams/9)
	if err := checkDescriptors(w.Streams + w.Stalled); err != nil {
		return err
	}
	warm := w
	warm.Streams, warm.Stalled = 20, 0
	t, err := l.begin(c, warm, func(dir string) *exec.Cmd {
		return tickboard(o.binary, dir, w, simulated(w), "--admin-addr", "127.0.0.1:0")
	})
	if err != nil {
		return err
	}
	defer say.end(t)
	t.dropAll()
	t.fleet.poll(time.Now().Add(time.Second))
	before, err := t.holdings()
	if err != nil {
		return err
	}
	for range leakRounds {
		t.fleet.streams = w.streams()
		if err := t.fleet.connect(t.fleet.streams, 0, patience); err != nil {
			return err
		}
		t.fleet.poll(time.Now().Add(500 * time.Millisecond))
		t.fleet.lost(catchUp)
		t.dropAll()
		after, err := t.awaitHoldings(before)
		if err != nil {
			return err
		}
		say.fact("descriptors left", "", float64(after.descriptors-before.descriptors), spareDescriptors)
		say.fact("goroutines left", "", float64(after.goroutines-before.goroutines), spareGoroutines)
		if !after.within(before) {
			say.Faults = append(say.Faults, fmt.Sprintf("%v after all streams had gone, the server has %+v, and had %+v before they came", leakLimit, after, before))
		}
	}
	return nil
}

func (t *trial) dropAll() {
	for _, st := range t.fleet.streams {
		t.fleet.drop(st)
	}
}

// holdings are what a stream can leave behind.
type holdings struct{ descriptors, goroutines int }

func (h holdings) within(before holdings) bool {
	return h.descriptors <= before.descriptors+spareDescriptors && h.goroutines <= before.goroutines+spareGoroutines
}

// awaitHoldings waits until they are as before, or for leakLimit.
func (t *trial) awaitHoldings(before holdings) (h holdings, err error) {
	for deadline := time.Now().Add(leakLimit); time.Now().Before(deadline); {
		if h, err = t.holdings(); err != nil || h.within(before) {
			break
		}
		t.fleet.poll(time.Now().Add(100 * time.Millisecond))
	}
	return h, err
}

var (
	adminAddress   = regexp.MustCompile(`admin_addr=(\S+)`)
	goroutineTotal = regexp.MustCompile(`total (\d+)`)
)

// holdings counts descriptors by the system, and goroutines by the program's
// own profile.
func (t *trial) holdings() (h holdings, err error) {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", t.server.pid()))
	if err != nil {
		return h, err
	}
	h.descriptors = len(open)
	log, err := os.ReadFile(t.server.log.Name())
	if err != nil {
		return h, err
	}
	match := adminAddress.FindSubmatch(log)
	if match == nil {
		return h, fmt.Errorf("the server does not say its admin address: %s", t.server.tail())
	}
	client := &http.Client{Timeout: leakLimit, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(fmt.Sprintf("http://%s/debug/pprof/goroutine?debug=1", match[1]))
	if err != nil {
		return h, err
	}
	defer func() { _ = resp.Body.Close() }()
	line, err := bufio.NewReader(resp.Body).ReadBytes('\n')
	if err != nil {
		return h, err
	}
	if total := goroutineTotal.FindSubmatch(line); total != nil {
		_, err = fmt.Sscan(string(total[1]), &h.goroutines)
		return h, err
	}
	return h, fmt.Errorf("no number of goroutines in %q", line)
}
