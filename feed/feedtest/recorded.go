package feedtest

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// Frame is a real message of a vendor, and when it came.
type Frame struct {
	Received time.Time
	Msg      []byte
}

// Recorded reads the messages that a vendor sent from a file of
// shared/feeds/recorded, beside the project. It skips the test where there is
// none.
func Recorded(tb testing.TB, file string) []Frame {
	tb.Helper()
	path, err := recording(file)
	if err != nil {
		tb.Skip("no recorded messages here:", err)
	}
	frames, err := readFrames(path)
	if err != nil {
		tb.Fatal(err)
	}
	return frames
}

// Seeds are the first n of the recorded messages, for a fuzz target; none where
// there is no recording, for then the target has its other seeds.
func Seeds(tb testing.TB, file string, n int) [][]byte {
	tb.Helper()
	path, err := recording(file)
	if err != nil {
		tb.Log("no recorded messages here:", err)
		return nil
	}
	frames, err := readFrames(path)
	if err != nil {
		tb.Fatal(err)
	}
	var seeds [][]byte
	for _, f := range frames[:min(n, len(frames))] {
		seeds = append(seeds, f.Msg)
	}
	return seeds
}

// recording finds the file from the project's root, which has the go.mod.
func recording(file string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "feeds", "recorded", file)
	_, err = os.Stat(path)
	return path, err
}

func readFrames(path string) ([]Frame, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read from
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var frames []Frame
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		frame, ok, err := parseFrame(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if ok {
			frames = append(frames, frame)
		}
	}
	return frames, lines.Err()
}

// parseFrame reads a line: nanoseconds, a space and the message; or, as
// cryptofeed writes it, seconds, a colon, a space and the message. Its lines that
// begin with the address tell what the client did, and are left out, as empty
// ones are.
func parseFrame(line string) (_ Frame, ok bool, _ error) {
	stamp, msg, found := strings.Cut(line, " ")
	if line == "" || strings.HasPrefix(line, "ws") {
		return Frame{}, false, nil
	}
	text, seconds := strings.CutSuffix(stamp, ":")
	whole, fraction, _ := strings.Cut(text, ".")
	if seconds {
		text = whole + (fraction + "000000000")[:9]
	}
	ns, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !found {
		return Frame{}, false, fmt.Errorf("malformed line %.40q", line)
	}
	return Frame{time.Unix(0, ns).UTC(), []byte(msg)}, true, nil
}

// checkRecorded has the vendor send real messages: all are understood.
func checkRecorded(ctx context.Context, c VendorCase, r Recording, frames []Frame) error {
	return c.with(ctx, func(s *session) error {
		s.run(ctx)
		if err := errors.Join(s.watch(r.Symbols...), s.alive(r.Symbols[0])); err != nil {
			return err
		}
		mark := s.mark()
		for _, f := range frames {
			s.send(string(f.Msg))
		}
		if _, err := s.told(mark, s.tell(r.Symbols[0])); err != nil {
			return err
		}
		n := 0
		for _, u := range s.since(mark) {
			switch u.Kind {
			case feed.Trade, feed.Quote, feed.Day:
				n++
			case feed.Reported, feed.Refused:
				return fmt.Errorf("the source said %q", u.Note)
			}
		}
		if n--; n != r.Updates { // the last trade is none of them
			return fmt.Errorf("%d recorded messages made %d updates instead of %d", len(frames), n, r.Updates)
		}
		return nil
	})
}
