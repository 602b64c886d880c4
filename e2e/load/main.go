//go:build linux

// Command load measures tickboard's streams against the least that a server can
// do, and against others, on one machine: the server on one core, all its
// clients on another, over the loopback. It checks every event that it counts.
// Linux only.
//
//	main.go      flags and what is run
//	workload.go  what the clients ask for
//	server.go    the servers: how they start and stop
//	measure.go   one measurement
//	compare.go   the comparison: every server, several runs
//	facts.go     the scenarios that have a course instead of opponents
//	pressure.go  latency at half the core, and clients that never read
//	burst.go     the opening of a market
//	storm.go     all clients gone and back
//	soak.go      long, with symbols moving
//	leaks.go     what streams leave behind
//	memory.go    memory of idle streams
//	secure.go    streams over TLS and HTTP/2
//	table.go     what is printed
//	fleet.go     the clients: one epoll loop
//	stream.go    one client: what it takes and checks
//	chunks.go    HTTP/1.1's chunked coding
//	frame.go     events and quotes
//	latency.go   percentiles
//	faults.go    what must not happen
//	system.go    the operating system's accounts
//	bare.go      the bare writer
//	hub.go       the hub of channels
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tickboard/tickboard/e2e/load/market"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		fail(serve(os.Args[2:]))
		return
	}
	fail(run(os.Args[1:]))
}

func fail(err error) {
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// serve is one of the own servers: serve KIND SYMBOLS RATE.
func serve(args []string) error {
	if len(args) != 3 {
		return errors.New("serve takes a kind, a number of symbols and a rate")
	}
	symbols, err1 := strconv.Atoi(args[1])
	rate, err2 := strconv.ParseFloat(args[2], 64)
	if err := cmp.Or(err1, err2); err != nil {
		return err
	}
	m := market.New(symbols, rate)
	switch args[0] {
	case "bare":
		return serveBare(m, false)
	case "bare50":
		return serveBare(m, true)
	case "hub":
		return serveHub(m)
	}
	return fmt.Errorf("no server %q", args[0])
}

// options are the flags.
type options struct {
	binary, field      string
	scenarios, servers string
	scale              float64
	runs               int
	window             time.Duration
	noise              float64
	retries            int
	soak               time.Duration
	json, quiet        bool
}

func parse(args []string) (o options, err error) {
	fs := flag.NewFlagSet("load", flag.ContinueOnError)
	fs.StringVar(&o.binary, "binary", "bin/tickboard", "the built `program`")
	fs.StringVar(&o.field, "field", "", "the libraries' `program` (go build -C e2e/load/field); empty leaves them out")
	fs.StringVar(&o.scenarios, "scenarios", "hot,board,board20,idle,memory,latency,stalled,burst", "comma list of `names`: "+strings.Join(scenarioNames(), ", "))
	fs.StringVar(&o.servers, "servers", "", "comma list of the `names` of the servers to compare (default: all): "+strings.Join(contenderNames(), ", "))
	fs.Float64Var(&o.scale, "scale", 1, "`factor` of the number of streams")
	fs.IntVar(&o.runs, "runs", 5, "`number` of runs; medians are printed")
	fs.DurationVar(&o.window, "time", 5*time.Second, "length of one `measurement`")
	fs.Float64Var(&o.noise, "noise", noisyShare, "`share` of the server's core that other processes may have during a measurement; with more it is repeated")
	fs.IntVar(&o.retries, "retries", 2, "how often a noisy measurement is repeated; the least noisy counts")
	fs.DurationVar(&o.soak, "soak", 10*time.Minute, "length of the `soak`")
	fs.BoolVar(&o.json, "json", false, "print JSON")
	fs.BoolVar(&o.quiet, "quiet", false, "say nothing of the progress")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", fs.Arg(0))
	}
	if o.scale <= 0 || o.runs < 1 || o.window <= 0 {
		return o, errors.New("-scale, -runs and -time must be above 0")
	}
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return o, err
	}
	if _, err := exec.LookPath(o.binary); err != nil {
		return o, fmt.Errorf("%w; build it first: make build", err)
	}
	if o.field != "" {
		o.field, err = filepath.Abs(o.field)
	}
	return o, err
}

func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	l, err := newLab(o)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		l.running.abort()
		os.Exit(1)
	}()
	return l.run(o, contenders(o.binary, self, o.field))
}

// newLab takes two cores where there are two.
func newLab(o options) (*lab, error) {
	l := &lab{window: o.window, running: &running{servers: make(map[*server]bool)}, progress: func(format string, args ...any) {
		if !o.quiet {
			fmt.Fprintf(os.Stderr, format+"\n", args...)
		}
	}}
	mine, err := cores()
	if err != nil {
		return nil, err
	}
	if len(mine) < 2 {
		l.progress("one core only: server and clients share it, and no figure means much")
		return l, nil
	}
	l.pinned, l.serverCore, l.clientCore = true, mine[1], mine[0]
	return l, eachThread(func(tid int) error { return pin(tid, l.clientCore) })
}

// checkDescriptors says what to do when a process may not have so many.
func checkDescriptors(streams int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(streams + 200); limit.Max < need {
		return fmt.Errorf("a process may have %d open files, and this needs %d: raise it (ulimit -Hn %d, as root; or LimitNOFILE of the service), or take fewer streams: -scale %.2f", limit.Max, need, need, float64(limit.Max-200)/float64(streams))
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
