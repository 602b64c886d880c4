package ingest

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed"
)

// pipe returns a Pipe with the end that fills it.
func pipe(t *testing.T) (*Pipe, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.Close(), r.Close() })
	return newPipe("stdin", func() (*os.File, error) { return r, nil }, newListing()), w
}

// runPipe runs p, and returns what it emits and how it ends.
func runPipe(ctx context.Context, p *Pipe) (*bench, <-chan error) {
	b := &bench{grown: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, new(feed.Demand), b.emit) }()
	return b, ended
}

func TestPipeIsReadToItsEnd(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, w := pipe(t)
	b, ended := runPipe(t.Context(), p)
	if _, err := io.WriteString(w, trade("AAA", 1)+"no\n"+trade("BBB", 2)+"nor this\n"+strings.TrimSpace(trade("AAA", 3))); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v, want that it is finished", err)
	}
	if diff := cmp.Diff([]string{"list AAA", "AAA 1.50", "list BBB", "BBB 2.50", "AAA 3.50"}, b.prices()); diff != "" {
		t.Error(diff)
	}
	var notes []string
	for _, u := range b.updates {
		if u.Kind == feed.Reported {
			notes = append(notes, u.Note)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "line 2 of the standard input was refused: it is not JSON") || !strings.HasSuffix(notes[0], "1 refused so far") {
		t.Errorf("reported %q", notes)
	}
}

func TestPipeStopsWhileItWaits(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, w := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	b, ended := runPipe(ctx, p)
	b.t = t
	if _, err := io.WriteString(w, trade("AAA", 1)+`{"type":`); err != nil {
		t.Fatal(err)
	}
	b.until("the line is taken", func() bool { return len(b.prices()) == 2 })
	began := time.Now()
	cancel()
	select {
	case err := <-ended:
		if took := time.Since(began); took > 100*time.Millisecond || !errors.Is(err, context.Canceled) {
			t.Errorf("ended after %v with %v", took, err)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

// TestStandardInputCanBeInterrupted where the descriptor was blocking, as a
// shell's pipe is.
func TestStandardInputCanBeInterrupted(t *testing.T) {
	defer goleak.VerifyNone(t)
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fds[1]) }()
	file, err := openDescriptor(fds[0])
	_ = syscall.Close(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, ended := runPipe(ctx, newPipe("stdin", func() (*os.File, error) { return file, nil }, newListing()))
	cancel()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

func TestPipeThatCannotBeOpenedIsNotTriedAgain(t *testing.T) {
	p := newPipe("stdin", func() (*os.File, error) { return nil, errors.New("closed") }, newListing())
	if err := p.Run(t.Context(), new(feed.Demand), func(feed.Update) {}); !feed.IsPermanent(err) {
		t.Errorf("%v", err)
	}
}

func TestOnlyAPipeOrAFileIsAFeed(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	if err := checkInput(null); err == nil || !strings.Contains(err.Error(), "PROGRAM | tickboard --feed stdin://") {
		t.Errorf("%s: %v", os.DevNull, err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	if err := checkInput(r); err != nil {
		t.Errorf("a pipe: %v", err)
	}
	_ = r.Close()
	if err := checkInput(r); err == nil {
		t.Error("a closed file is a feed")
	}
}
