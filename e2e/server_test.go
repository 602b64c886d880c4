package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait in these tests: far above what anything takes, on
// a busy machine and under the race detector too.
const patience = 20 * time.Second

// What the program says when it serves, and where.
var (
	served  = regexp.MustCompile(`(?m)^tickboard: (https?://\S+)$`)
	started = regexp.MustCompile(`(?m)started.*admin_addr"?[=:]"?([0-9a-z.:\[\]]+).*\n`)
)

// server is one process of the program, and its successors after a restart.
type server struct {
	t        testing.TB
	URL      string // "http://127.0.0.1:PORT", or https, without a slash at the end
	AdminURL string // "" when off
	DataDir  string
	args     []string
	env      []string
	process  *process
}

// start runs the program on a free port of the loopback with a data directory of
// its own, and returns when it serves. Flags in args win over the harness's. The
// process ends with the test.
func start(t testing.TB, args ...string) *server {
	t.Helper()
	return startEnv(t, nil, args...)
}

// startEnv is start with environment variables, as "TICKBOARD_X=y".
func startEnv(t testing.TB, env []string, args ...string) *server {
	t.Helper()
	s := &server{t: t, DataDir: filepath.Join(t.TempDir(), "data"), args: args, env: env}
	s.launch("127.0.0.1:0")
	return s
}

// restart starts the program again after stop or kill, on the address and with
// the data directory that it had; args are added to the ones of the start.
func (s *server) restart(args ...string) {
	s.t.Helper()
	s.args = append(slices.Clip(s.args), args...)
	s.launch(s.host())
}

func (s *server) launch(addr string) {
	s.t.Helper()
	args := append([]string{"--addr", addr, "--admin-addr", "127.0.0.1:0", "--data-dir", s.DataDir}, s.args...)
	p := spawn(s.t, s.env, args...)
	s.process = p
	s.URL = p.stdout.wait(s.t, p, served)[1]
	admin := p.stderr.wait(s.t, p, started)[1]
	if s.AdminURL = "http://" + admin; admin == "off" {
		s.AdminURL = ""
	}
}

// host is the address without the scheme.
func (s *server) host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Host
}

// token is the generated admin token.
func (s *server) token() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.DataDir, "admin-token"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// stop ends the process as an operator does, and returns how long it took. It
// fails the test when the exit status is not 0.
func (s *server) stop() time.Duration {
	s.t.Helper()
	began := time.Now()
	s.process.signal(syscall.SIGTERM)
	if status := s.process.wait(s.t); status != 0 {
		s.t.Errorf("exit status %d after SIGTERM\n%s", status, s.process.stderr)
	}
	return time.Since(began)
}

// kill ends the process without warning, as a power cut does.
func (s *server) kill() {
	s.t.Helper()
	s.process.signal(syscall.SIGKILL)
	s.process.wait(s.t)
}

// process is one run of the program.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *output
	done           chan struct{} // closed when it has ended; status is set then
	status         int           // -1 when a signal ended it
}

// spawn runs the program with these arguments alone, and an environment without
// settings of ours. At the test's end it is stopped, and what it wrote is looked
// through for races and panics.
func spawn(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	return spawnCommand(t, env, binary, args...)
}

// spawnCommand is spawn for a command that becomes the program.
func spawnCommand(t testing.TB, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), stdout: newOutput(), stderr: newOutput(), done: make(chan struct{})}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TICKBOARD_") && !strings.HasPrefix(v, "XDG_STATE_HOME=") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	// The race detector would sleep for a second before each exit.
	p.cmd.Env = append(p.cmd.Env, "GORACE=atexit_sleep_ms=0")
	p.cmd.Env = append(p.cmd.Env, env...)
	stdout, err1 := p.cmd.StdoutPipe()
	stderr, err2 := p.cmd.StderrPipe()
	if err := cmp.Or(err1, err2, p.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cleanup(t) })
	go func() {
		defer close(p.done)
		var pipes sync.WaitGroup
		pipes.Go(func() { p.stdout.copy(stdout) })
		pipes.Go(func() { p.stderr.copy(stderr) })
		pipes.Wait()
		var exit *exec.ExitError
		if err := p.cmd.Wait(); errors.As(err, &exit) {
			p.status = exit.ExitCode()
		} else if err != nil {
			p.status = -1
		}
	}()
	return p
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// signal sends one; a process that has ended does not mind.
func (p *process) signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// wait waits for the end, and returns the exit status.
func (p *process) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.signal(syscall.SIGQUIT) // the stacks say what it does
		select {
		case <-p.done:
		case <-time.After(patience):
			p.signal(syscall.SIGKILL)
		}
		t.Fatalf("the process does not end\n%s", p.stderr)
	}
	return p.status
}

func (p *process) cleanup(t testing.TB) {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.signal(syscall.SIGKILL)
		<-p.done
		t.Errorf("the process did not end at SIGTERM")
	}
	log := p.stderr.String()
	if strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic") || strings.Contains(log, "goroutine 1 [") {
		t.Errorf("the program's log:\n%s", log)
	} else if t.Failed() {
		t.Logf("the program's log:\n%s", tail(log, 40))
	}
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}

// output keeps what a process writes.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed and replaced when text grows
}

func newOutput() *output { return &output{grown: make(chan struct{})} }

func (o *output) copy(r io.Reader) {
	for lines := bufio.NewReader(r); ; {
		line, err := lines.ReadBytes('\n')
		o.mu.Lock()
		o.text.Write(line)
		close(o.grown)
		o.grown = make(chan struct{})
		o.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait returns the first match in what is written, and fails the test when the
// process ends without, or the patience does.
func (o *output) wait(t testing.TB, p *process, what *regexp.Regexp) []string {
	t.Helper()
	timeout := time.After(patience)
	for {
		o.mu.Lock()
		match, grown := what.FindStringSubmatch(o.text.String()), o.grown
		o.mu.Unlock()
		if match != nil {
			return match
		}
		select {
		case <-grown:
		case <-p.done:
			if match := what.FindStringSubmatch(o.String()); match != nil {
				return match
			}
			t.Fatalf("the process ended with status %d and never said %s\n%s", p.status, what, p.stderr)
		case <-timeout:
			t.Fatalf("the process never said %s\n%s", what, p.stderr)
		}
	}
}

// eventually waits until a condition holds, for what nothing announces.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
