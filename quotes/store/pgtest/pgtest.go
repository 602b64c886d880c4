// Package pgtest starts a real PostgreSQL server for tests: in a temporary
// folder, on a socket there, of nobody's but the test's. It ends with the process
// that started it, however that ends.
package pgtest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNone says that PostgreSQL is not installed.
var ErrNone = errors.New("there is no PostgreSQL here; install your system's postgresql package, or put initdb and postgres on the PATH")

// startTime bounds a start, on a busy machine too.
const startTime = time.Minute

// Server is one server, which may be stopped and started again.
type Server struct {
	bin, dir string
	attr     *syscall.SysProcAttr
	count    int // of databases; guarded by mu
	mu       sync.Mutex
	alive    io.Closer // the server lives until it is closed
	ended    chan struct{}
	log      bytes.Buffer // to be read after ended
}

// New makes and starts a server. Close ends it.
func New() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	if err = s.giveAway(); err == nil {
		out, failed := s.command("initdb", "--pgdata="+s.data(), "--username=tickboard", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync").CombinedOutput()
		if err = failed; err != nil {
			err = fmt.Errorf("initdb: %w\n%s", err, out)
		}
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

// Need is a server for one test, or for those that a test runs. Without
// PostgreSQL it skips the test, or fails it where CI is true.
func Need(t testing.TB) *Server {
	t.Helper()
	s, err := New()
	Skip(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Skip ends a test whose server could not be made, loudly: as skipped where
// PostgreSQL is not installed, as failed in every other case and where CI is true.
func Skip(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrNone) && os.Getenv("CI") != "true" {
		t.Skip("NOT TESTED ON POSTGRESQL: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// binaries is the folder of initdb and postgres: that on the PATH, or Debian's
// newest.
func binaries() (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is a good one
	slices.SortFunc(debian, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
	for _, folder := range append(folders, debian...) {
		for _, name := range []string{"initdb", "postgres"} {
			if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
				folder = ""
				break
			}
		}
		if folder != "" {
			return folder, nil
		}
	}
	return "", ErrNone
}

// major is the version in Debian's folder; none counts as 0.
func major(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return n
}

// giveAway makes the folder somebody's who is not root, whom PostgreSQL refuses.
func (s *Server) giveAway() error {
	if os.Getuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		return err
	}
	uid, err1 := strconv.Atoi(who.Uid)
	gid, err2 := strconv.Atoi(who.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	s.attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(s.dir, uid, gid)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...) //nolint:gosec // a program of PostgreSQL's
	cmd.Dir, cmd.SysProcAttr, cmd.Env = s.dir, s.attr, append(os.Environ(), "LC_ALL=C")
	return cmd
}

// Start starts the server after Stop, and returns when it answers.
func (s *Server) Start() error {
	cmd := s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60")
	// The shell ends the server when its input ends: with this process at the latest.
	cmd.Args = append([]string{"sh", "-c", `"$0" "$@" & pid=$!; cat > /dev/null; kill -INT $pid; wait $pid`}, cmd.Args...)
	cmd.Path = "/bin/sh"
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StderrPipe()
	if err := cmp.Or(err1, err2, cmd.Start()); err != nil {
		return err
	}
	s.alive, s.ended = in, make(chan struct{})
	s.log.Reset()
	ready := make(chan struct{})
	go func() {
		defer close(s.ended)
		first := sync.OnceFunc(func() { close(ready) })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.log.Write(append(lines.Bytes(), '\n'))
			if strings.Contains(lines.Text(), "ready to accept connections") {
				first()
			}
		}
		_ = cmd.Wait() // the status of a server that was stopped says nothing
	}()
	select {
	case <-ready:
		return nil
	case <-s.ended:
	case <-time.After(startTime):
		s.Stop()
	}
	return fmt.Errorf("PostgreSQL does not start:\n%s", &s.log)
}

// Stop cuts all connections and ends the server; what is stored stays.
func (s *Server) Stop() {
	_ = s.Signal(syscall.SIGCONT) // it may be stopped, or ended
	_ = s.alive.Close()           // it may be closed
	<-s.ended
}

// Close is Stop, and removes what is stored.
func (s *Server) Close() error {
	s.Stop()
	return os.RemoveAll(s.dir)
}

// Signal sends one to the server and all its processes, as SIGSTOP for one that
// falls silent.
func (s *Server) Signal(sig syscall.Signal) error {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	// Its processes lead groups of their own.
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return err
	}
	for _, child := range strings.Fields(string(children)) {
		id, err := strconv.Atoi(child)
		if err == nil {
			err = syscall.Kill(id, sig)
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return syscall.Kill(pid, sig)
}

// Database makes an empty database and returns its address, in which the
// password is one that the server does not ask for.
func (s *Server) Database(ctx context.Context) (address string, err error) {
	s.mu.Lock()
	s.count++
	name := fmt.Sprintf("test%d", s.count)
	s.mu.Unlock()
	return s.address(name), s.Exec(ctx, "postgres", "CREATE DATABASE "+name)
}

func (s *Server) address(name string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword("tickboard", "s3cret"), Path: "/" + name,
		RawQuery: url.Values{"host": {s.dir}}.Encode(),
	}).String()
}

// Exec runs a statement in a database, over a connection of its own.
func (s *Server) Exec(ctx context.Context, name, statement string) error {
	conn, err := pgx.Connect(ctx, s.address(name))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
