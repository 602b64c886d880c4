//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// contender is a kind of server that is measured.
type contender struct {
	name    string
	hello   bool // begins with hello and gives ids, as PROTOCOL says
	single  bool // a stream has one symbol
	pushes  bool // sends quotes in centrifuge's protocol
	command func(w workload, dir string) *exec.Cmd
}

const ours = "tickboard"

// contenders are all that there are, the bare writers first. binary is the built
// program, self this one, and field the libraries' server, "" for none.
func contenders(binary, self, field string) []contender {
	own := func(kind string) func(workload, string) *exec.Cmd {
		return func(w workload, _ string) *exec.Cmd {
			return exec.Command(self, "serve", kind, strconv.Itoa(w.Symbols), strconv.FormatFloat(w.Rate, 'g', -1, 64))
		}
	}
	library := func(name string) func(workload, string) *exec.Cmd {
		return func(w workload, _ string) *exec.Cmd {
			return exec.Command(field, "-library", name, "-symbols", strconv.Itoa(w.Symbols), "-rate", strconv.FormatFloat(w.Rate, 'g', -1, 64))
		}
	}
	list := []contender{
		{name: "bare", command: own("bare")},
		{name: "bare50", command: own("bare50")},
		{name: ours, hello: true, command: func(w workload, dir string) *exec.Cmd {
			return tickboard(binary, dir, w, simulated(w))
		}},
		{name: "hub", command: own("hub")},
	}
	if field != "" {
		list = append(list,
			contender{name: "go-sse", command: library("go-sse")},
			contender{name: "r3labs", single: true, command: library("r3labs")},
			contender{name: "mercure", command: library("mercure")},
			contender{name: "centrifuge", pushes: true, command: library("centrifuge")})
	}
	return list
}

func contenderNames() (names []string) {
	for _, c := range contenders("", "", "field") {
		names = append(names, c.name)
	}
	return names
}

// simulated is the feed of a workload: a market of its symbols alone, as that of
// the bare writer is.
func simulated(w workload) string {
	return fmt.Sprintf("sim://?count=%d&named=0&rate=%g&burst=0", w.Symbols, w.Rate)
}

// launcher is tickboard as launch takes it.
func launcher(binary string, w workload, feed string, more ...string) func(dir string) *exec.Cmd {
	return func(dir string) *exec.Cmd { return tickboard(binary, dir, w, feed, more...) }
}

// hasFlag says whether the program knows one.
func hasFlag(binary, name string) bool {
	out, err := exec.Command(binary, "--help").Output()
	return err == nil && bytes.Contains(out, []byte("\n  "+name+" "))
}

// tickboard is the built program with a feed, its limits off.
func tickboard(binary, dir string, w workload, feed string, more ...string) *exec.Cmd {
	args := []string{
		"--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", filepath.Join(dir, "data"),
		"--feed", feed, "--max-streams", strconv.Itoa(w.Streams + w.Stalled + 1000), "--max-symbols", "1000",
	}
	if hasFlag(binary, "--max-streams-per-address") {
		args = append(args, "--max-streams-per-address", "0")
	}
	cmd := exec.Command(binary, append(args, more...)...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TICKBOARD_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	return cmd
}

// server is a running one.
type server struct {
	cmd  *exec.Cmd
	host string // "127.0.0.1:PORT"
	port int
	dir  string
	log  *os.File
	done chan struct{} // closed when it has ended

	running *running
}

// running are the servers that are to be ended when this program is.
type running struct {
	mu      sync.Mutex
	servers map[*server]bool
}

func (r *running) set(s *server, runs bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if runs {
		r.servers[s] = true
	} else {
		delete(r.servers, s)
	}
}

// abort ends them at once.
func (r *running) abort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.servers {
		_ = s.cmd.Process.Kill()
		_ = os.RemoveAll(s.dir)
	}
}

// startTime bounds the start of a server.
const startTime = 30 * time.Second

var addressLine = regexp.MustCompile(`https?://(127\.0\.0\.1:(\d+))`)

// announce is the line that start reads.
func announce(host string) { fmt.Printf("load: http://%s\n", host) }

// launch starts a server on its core and waits until it serves.
func (l *lab) launch(cmd func(dir string) *exec.Cmd) (_ *server, err error) {
	s := &server{done: make(chan struct{})}
	if s.dir, err = os.MkdirTemp("", "tickboard-load-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(s.dir)
		}
	}()
	s.cmd = cmd(s.dir)
	if s.log, err = os.Create(filepath.Join(s.dir, "log")); err != nil {
		return nil, err
	}
	defer func() { _ = s.log.Close() }() // the process has its own
	s.cmd.Stderr = s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // should this program be killed
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.startPinned(s.cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.cmd.Path, err)
	}
	s.running = l.running
	s.running.set(s, true)
	line := make(chan []string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if match := addressLine.FindStringSubmatch(lines.Text()); match != nil {
				line <- match
			}
		}
		_ = s.cmd.Wait() // stop asks how it went
		s.running.set(s, false)
		close(s.done)
	}()
	select {
	case match := <-line:
		s.host = match[1]
		s.port, err = strconv.Atoi(match[2])
		return s, err
	case <-s.done:
		return nil, fmt.Errorf("%s ended at its start: %s", s.cmd.Path, s.tail())
	case <-time.After(startTime):
		_ = s.cmd.Process.Kill()
		<-s.done
		return nil, fmt.Errorf("%s did not say its address: %s", s.cmd.Path, s.tail())
	}
}

// startPinned starts a process on the server's core.
func (l *lab) startPinned(cmd *exec.Cmd) error {
	if !l.pinned {
		return cmd.Start()
	}
	runtime.LockOSThread() // a process begins with the affinity of the thread that made it
	defer runtime.UnlockOSThread()
	if err := pin(0, l.serverCore); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), pin(0, l.clientCore))
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// alive says whether it still runs.
func (s *server) alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// stop ends it, and returns how that went: a server that has ended before, and
// one that does not end, are errors, and so are panics and races in its log.
func (s *server) stop() error {
	defer func() { _ = os.RemoveAll(s.dir) }()
	before := s.alive()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(startTime):
		_ = s.cmd.Process.Kill()
		<-s.done
		return fmt.Errorf("%s did not end at SIGTERM: %s", filepath.Base(s.cmd.Path), s.tail())
	}
	text, err := os.ReadFile(s.log.Name())
	switch {
	case err != nil:
		return err
	case !before, bytes.Contains(text, []byte("panic")), bytes.Contains(text, []byte("DATA RACE")), bytes.Contains(text, []byte("fatal error")):
		return fmt.Errorf("%s failed: %s", filepath.Base(s.cmd.Path), s.tail())
	}
	return nil
}

// tail is the end of its log.
func (s *server) tail() string {
	text, _ := os.ReadFile(s.log.Name())
	return string(text[max(0, len(text)-2000):])
}
