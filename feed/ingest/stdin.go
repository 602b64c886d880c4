package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// warnEvery is how often the operator is told of lines that were refused.
const warnEvery = time.Second

// Pipe is the feed that reads lines from a file, which is the standard input.
// It is made by the Scheme.
type Pipe struct {
	name string
	list *listing
	open func() (*os.File, error)
}

func newPipe(name string, open func() (*os.File, error), list *listing) *Pipe {
	return &Pipe{name: name, list: list, open: open}
}

// Name implements feed.Source.
func (p *Pipe) Name() string { return p.name }

// Run implements feed.Source. It is finished at the end of the input.
func (p *Pipe) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	file, err := p.open()
	if err != nil {
		return feed.Permanent(err)
	}
	defer func() { _ = file.Close() }() // it was only read from
	stop := context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	err = p.read(ctx, file, newSession(p.list, emit))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF):
		return nil
	}
	return fmt.Errorf("read the standard input: %w", err)
}

// read takes lines until there are no more, and returns why.
func (p *Pipe) read(ctx context.Context, r io.Reader, run *session) error {
	var l line
	refused := 0
	for input := newLines(r); ctx.Err() == nil; {
		text, err := input.next()
		if err != nil && !errors.Is(err, errTooLong) {
			return err
		}
		now := time.Now().UTC()
		var u feed.Update
		if err == nil {
			u, err = l.decode(text, now)
		}
		if err == nil {
			_, err = run.take(u)
		}
		if err != nil {
			refused++
			run.report(warnEvery, now, "line %d of the standard input was refused: %v; %d refused so far", input.number, err, refused)
		}
	}
	return ctx.Err()
}

// checkInput says what is wrong with a file as a feed.
func checkInput(file *os.File) error {
	info, err := file.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("the standard input cannot be read (%w); write PROGRAM | tickboard --feed stdin://", err)
	case info.Mode()&os.ModeCharDevice != 0:
		return errors.New("the standard input is no pipe; write PROGRAM | tickboard --feed stdin://")
	}
	return nil
}

// openDescriptor opens a file again so that reading it can be ended by a
// deadline, which a blocking descriptor has not. A regular file has none either,
// and needs none.
func openDescriptor(fd int) (*os.File, error) {
	fd, err := syscall.Dup(fd)
	if err != nil {
		return nil, fmt.Errorf("open the standard input: %w", err)
	}
	syscall.CloseOnExec(fd)
	// Only what can be polled becomes a file with deadlines; where this fails it
	// is one without.
	_ = syscall.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), "stdin"), nil
}
