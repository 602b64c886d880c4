//go:build linux

package main

// chunks undoes HTTP/1.1's chunked coding, across reads.
type chunks struct {
	state int8
	left  int // of the chunk
}

// The states, by what comes next.
const (
	chunkSize int8 = iota
	chunkExtension
	chunkData
	chunkCR
	chunkLF
	chunkBad
)

// decode moves the content to the front of b and returns it; ok is false when b
// is not coded as it should be, or the last chunk has come.
func (c *chunks) decode(b []byte) (content []byte, ok bool) {
	n := 0
	for i := 0; i < len(b); {
		if c.state == chunkData {
			k := copy(b[n:], b[i:min(len(b), i+c.left)])
			n, i, c.left = n+k, i+k, c.left-k
			if c.left == 0 {
				c.state = chunkCR
			}
			continue
		}
		c.step(b[i])
		if i++; c.state == chunkBad {
			return b[:n], false
		}
	}
	return b[:n], true
}

func (c *chunks) step(b byte) {
	switch {
	case c.state == chunkCR && b == '\r':
		c.state = chunkLF
	case c.state == chunkLF && b == '\n':
		c.state = chunkSize
	case c.state == chunkSize && hex(b) >= 0 && c.left < 1<<24:
		c.left = c.left<<4 | hex(b)
	case c.state == chunkSize && b == '\r':
		c.state = chunkExtension
	case c.state == chunkExtension && b == '\n' && c.left > 0:
		c.state = chunkData
	default:
		c.state = chunkBad
	}
}

func hex(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}
