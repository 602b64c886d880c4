package e2e

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// postOffice is a mail server that takes every letter (RFC 5321).
type postOffice struct {
	listener net.Listener
	work     sync.WaitGroup

	mu      sync.Mutex
	letters []string
}

func newPostOffice(t testing.TB) *postOffice {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &postOffice{listener: listener}
	o.work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			o.work.Go(func() { o.talk(conn) })
		}
	})
	// It ends after the program, which closes its connections.
	t.Cleanup(func() { _ = listener.Close(); o.work.Wait() })
	return o
}

func (o *postOffice) talk(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 mail.test")
	var letter strings.Builder
	inside := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch line := lines.Text(); {
		case inside && line == ".":
			o.mu.Lock()
			o.letters = append(o.letters, letter.String())
			o.mu.Unlock()
			inside = false
			letter.Reset()
			say("250 taken")
		case inside:
			// Soft line ends of quoted-printable (RFC 2045, section 6.7).
			letter.WriteString(strings.TrimSuffix(line, "="))
			if !strings.HasSuffix(line, "=") {
				letter.WriteString("\n")
			}
		case strings.HasPrefix(line, "DATA"):
			inside = true
			say("354 go on")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 yes")
		}
	}
}

// letter waits for the letter of that number, from 1.
func (o *postOffice) letter(t testing.TB, number int) string {
	t.Helper()
	text := ""
	eventually(t, fmt.Sprintf("letter %d comes", number), func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.letters) < number {
			return false
		}
		text = o.letters[number-1]
		return true
	})
	return text
}
